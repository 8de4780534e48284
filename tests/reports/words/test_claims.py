"""The lessons' claims: each holds, or does not, by the figures of a report, and is left out where there are none."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from runs import XOR, cell_record, run_of

from triptych.benches.record.run import Cell, CellRecord, Point, Training
from triptych.reports.view.report import Report, report
from triptych.reports.words import claims
from triptych.reports.words.claims import HOLDS, NOT, PART, Judged


def on(workload: str, trainer: str, step_s: float, curve: dict[int, float] | None = None) -> CellRecord:
    """Six restarts of a trainer on a workload, each a little slower; with that loss curve."""
    record = cell_record(trainer, {restart: [step_s * (1 + restart / 1000)] * 2 for restart in range(6)})
    if curve:
        points = [Point(step, 0.1 * step, loss) for step, loss in curve.items()]
        record.trainings = [Training(0, points[-1].step, 1.0, points, points[-1].loss, None, 1.0, None)]
    return replace(record, cell=Cell(workload, trainer, "cpu"))


def seen(*records: CellRecord) -> Report:
    run = run_of(*records)
    run.workloads = [replace(XOR, name=name, steps=2000) for name in {one.cell.workload for one in records}]
    return report([run])


@dataclass(frozen=True)
class Case:
    """A claim's judge, cells, and what it says of them."""

    judge: str
    cells: tuple[CellRecord, ...]
    verdict: str
    words: str


CASES = [
    Case("against_numpy", (on("xor", "naive", 9.0), on("xor", "numpy_by_hand", 3.0), on("xor", "treemap", 1.0)),
         NOT, "naive 3.00 [3.00–3.00] on xor; everything in one jit 0.333"),
    Case("against_numpy", (on("xor", "naive", 1.0), on("xor", "numpy_by_hand", 3.0)), HOLDS, "0.333"),
    Case("printed_curve", (on("xnor_online", "naive", 1.0, {0: 0.5, 1800: 0.2219, 1960: 0.2083}),),
         NOT, "prints 0.181 after epoch 450, a fresh run 0.222 and 0.153 after epoch 490, a fresh run 0.208."),
    Case("printed_curve", (on("xnor_online", "naive", 1.0, {0: 0.25, 1800: 0.1819, 1960: 0.1532}),), HOLDS, "0.182"),
    Case("jitted_gradient", (on("xor", "compiled_gradient", 6.0), on("xor", "treemap", 1.0)), NOT, "in one jit: 6.00"),
    Case("losses_of_b", (on("xor", "treemap", 1.0, {0: 0.77815, 2000: 0.01933}),),
         HOLDS, "The loss falls from 0.7782 (0.7782 is printed) to 0.0193 (0.019 is printed)."),
    Case("losses_of_b", (on("xor", "treemap", 1.0, {0: 0.6931, 2000: 0.01933}),), NOT, "from 0.6931"),
    Case("loss_of_c", (on("xor_adam", "flax_optax", 1.0, {0: 0.25, 2000: 5e-5}),), HOLDS, "ends at 5.00e-5"),
    Case("loss_of_c", (on("xor_adam", "flax_optax", 1.0, {0: 0.25, 2000: 0.25}),), NOT, "ends at 0.250"),
    Case("same_operations", (on("xor", "flax_optax", 1.1), on("xor", "treemap", 1.0), on("text", "flax_optax", 1.0),
                             on("text", "treemap", 1.0)),
         PART, "over pure JAX's: 1.10 [1.10–1.10] on xor, 1.00 [1.00–1.00] on text."),
    Case("larger", (on("text", "flax_optax", 1.0), on("text", "treemap", 1.0)), HOLDS, "1 of 1 trainings"),
    Case("larger", (on("text", "flax_optax", 1.0, {0: 0.7, 50: 0.6}), on("text", "treemap", 1.0)), NOT, "0 of 1"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.judge}: {case.verdict}")
def test_a_claim_is_judged_by_what_was_measured(case: Case) -> None:
    """The verdict, and the figures behind it in words."""
    found: Judged | None = getattr(claims, case.judge)(seen(*case.cells))
    assert found is not None
    assert found.verdict == case.verdict
    assert case.words in found.measured


def test_what_was_not_measured_is_not_judged() -> None:
    """Only what the files of the styles say is left."""
    told = claims.judged(seen(on("moons", "treemap", 1.0)))
    assert [claim.judge for claim, _ in told] == [claims.rewritten, claims.short]
    assert all(one.verdict in (HOLDS, NOT, PART) and one.measured for _, one in told)


def test_every_claim_names_its_lesson() -> None:
    """In our words, under the lesson's title."""
    assert {claim.lesson for claim in claims.CLAIMS} == {claims.A, claims.B, claims.C}
    assert all(claim.says.endswith(".") for claim in claims.CLAIMS)
