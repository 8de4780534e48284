"""Counts of two sides: what is called a regression, what an improvement, what only another program."""

import msgspec
import pytest

from triptych.benches.gate.sides import compare_counts
from triptych.benches.record.counts import Counts
from triptych.benches.record.run import Cell

CPU, GPU = Cell("xor", "treemap", "cpu"), Cell("xor", "treemap", "cuda")

BEFORE = Counts(
    jaxpr_equations=45, executables_per_call=1, compilations=1, stablehlo_operations=90, hlo_instructions=120,
    hlo_fusions=7, xla_flops=500, argument_bytes=100, output_bytes=60, alias_bytes=52, temp_bytes=20,
)  # fmt: skip


def judged(cell: Cell = CPU, **changes: int | None) -> dict[str, tuple[str, str]]:
    """Verdict and sentence by metric, of a candidate that differs so."""
    findings = compare_counts(cell, BEFORE, msgspec.structs.replace(BEFORE, **changes))
    return {finding.metric: (finding.verdict, finding.sentence) for finding in findings}


def test_equal_counts_are_ok() -> None:
    """100 + 60 - 52 + 20 bytes are 128."""
    found = judged()
    assert found["counts"] == ("ok", "same work, same program")
    assert found["memory"][0] == "ok"
    assert found["memory"][1].startswith("128 bytes ")


@pytest.mark.parametrize("name", ["executables_per_call", "compilations", "xla_flops"])
def test_more_work_is_regressed_and_less_is_improved(name: str) -> None:
    """Programs launched, programs compiled, flops."""
    value = getattr(BEFORE, name)
    assert judged(**{name: value + 1})["counts"][0] == "regressed"
    assert judged(**{name: value - 1})["counts"][0] == "improved"


def test_more_of_one_is_not_made_up_by_less_of_another() -> None:
    """Twice the launches for fewer flops is for a person to decide."""
    assert judged(executables_per_call=2, xla_flops=400)["counts"][0] == "regressed"


def test_another_program_of_the_same_work_is_a_note() -> None:
    """Equations, operations, instructions and fusions by themselves decide nothing."""
    verdict, sentence = judged(jaxpr_equations=46, hlo_fusions=9)["counts"]
    assert verdict == "ok"
    assert sentence == "same work, other program: equations 45 → 46; fusions 7 → 9"


def test_a_lost_donation_is_a_regression_of_memory() -> None:
    """The 52 bytes are held twice, even where a tiny program then needs fewer temporaries (as on xor)."""
    for found in (judged(alias_bytes=0), judged(alias_bytes=0, temp_bytes=0)):
        assert (found["memory"][0], found["counts"][0]) == ("regressed", "ok")
        assert found["memory"][1].startswith("donated bytes 52 → 0: ")
    assert judged(temp_bytes=0)["memory"][0] == "improved"


def test_a_step_that_is_no_longer_compiled_is_regressed() -> None:
    """It has no flops and no memory by XLA any more, but many launches."""
    lost = dict.fromkeys(("xla_flops", "argument_bytes", "output_bytes", "alias_bytes", "temp_bytes"))
    found = judged(executables_per_call=180, **lost)
    assert list(found) == ["counts"]
    assert found["counts"][0] == "regressed"


def test_what_autotuning_moves_decides_nothing_off_the_cpu() -> None:
    """Flops, temporaries and fusions of a GPU are as they come; launches are not."""
    found = judged(GPU, xla_flops=900, temp_bytes=90, hlo_fusions=9)
    assert found["counts"] == ("ok", "same work, same program")
    assert found["memory"][0] == "ok"
    assert judged(GPU, executables_per_call=2)["counts"][0] == "regressed"


def test_a_side_without_counts_is_incomparable() -> None:
    """Never silently fine."""
    [finding] = compare_counts(CPU, None, BEFORE)
    assert (finding.verdict, "the baseline was not counted" in finding.sentence) == ("incomparable", True)
    [finding] = compare_counts(CPU, BEFORE, Counts())
    assert finding.verdict == "incomparable"
