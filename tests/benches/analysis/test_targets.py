"""A target is met, missed or undecided by its whole interval; and a ratio without a certificate says nothing."""

from dataclasses import replace

import msgspec
import pytest
from runs import XOR, cell_record, run_of

from triptych.benches.analysis import targets
from triptych.benches.analysis.targets import TARGETS, Finding
from triptych.benches.record.run import CellRecord, Mode, Run, WorkloadRecord
from triptych.benches.worker import c_loop
from triptych.benches.workloads.sizes import workload_named

US = 1e-6

TIMES: dict[tuple[str, str, Mode], float] = {
    ("xor", "treemap", "step"): 12.0,
    ("xor", "treemap", "floor"): 10.0,
    ("xor", "flax_optax", "step"): 13.0,
    ("xor", "flax_optax", "floor"): 10.8,
    ("xor", "one_vector", "step"): 8.0,
    ("xor", "treemap", "scan"): 0.6,
    ("xor", "flax_optax", "scan"): 0.63,
    ("xor", "c_loop", "limit"): 0.1,
    ("xor_adam", "treemap", "step"): 20.0,
    ("xor_adam", "flax_optax", "step"): 21.0,
    ("xor_adam", "treemap", "scan"): 1.0,
    ("xor_adam", "flax_optax", "scan"): 1.0,
    **{
        (f"digits-width{width}", trainer, "step"): 200.0
        for width in targets.WIDTHS
        for trainer in ("treemap", "flax_optax")
    },
}


def planted(*without: tuple[str, str, Mode], noise: float = 0.0) -> Run:
    """A run of eight restarts with these times; every other restart the reference is slower by `noise`."""
    records: list[CellRecord] = []
    for (workload, trainer, mode), time in TIMES.items():
        if (workload, trainer, mode) in without:
            continue
        shaken = noise if trainer == "treemap" and mode == "step" else 0.0
        times = {restart: [US * time * (1 + shaken * (restart % 2))] * 3 for restart in range(8)}
        record = cell_record(trainer, times)
        record.cell = msgspec.structs.replace(record.cell, workload=workload, mode=mode)
        records.append(record)
    run = run_of(*records)
    run.workloads = [described(name) for name in dict.fromkeys(workload for workload, _, _ in TIMES)]
    return run


def described(name: str) -> WorkloadRecord:
    """The XOR record under another name."""
    return msgspec.structs.replace(XOR, name=name)


def verdicts(run: Run) -> list[str]:
    """In the order of the targets."""
    return [finding.verdict for finding in targets.findings(run)]


def test_verdicts_of_a_planted_run() -> None:
    """12 to 10 is within 1.25, 13 to 12 and 21 to 20 within 1.10; 0.63 to 0.6 and 0.6 to 0.1 are too much."""
    found = targets.findings(planted())
    assert [round(finding.ratio.value, 4) for finding in found if finding.ratio] == [
        1.2, 1.0833, 1.05, 1.05, 1.0, 1.0, 1.0, 1.0, 6.0,
    ]  # fmt: skip
    assert verdicts(planted()) == ["met", "met", "met", "not met", "met", "met", "met", "met", "not met"]


def test_an_interval_across_the_target_decides_nothing() -> None:
    """With the step between 12 and 13.2 over a floor of 10, 1.25 lies inside the interval."""
    finding = targets.findings(planted(noise=0.1))[0]
    assert finding.ratio is not None
    assert finding.ratio.low is not None
    assert finding.ratio.high is not None
    assert finding.ratio.low < 1.25 < finding.ratio.high
    assert finding.verdict == "undecided"


def test_without_an_interval_nothing_is_decided() -> None:
    """However far off the ratio is."""
    estimate = targets.findings(planted())[0].ratio
    assert estimate is not None
    assert Finding(TARGETS[0], "cpu", estimate._replace(low=None, high=None, value=9.0)).verdict == "undecided"


def test_a_ratio_of_different_computations_is_no_finding() -> None:
    """The reason stands where the ratio would."""
    run = planted()
    cheat = next(record for record in run.cells if record.cell.trainer == "c_loop")
    cheat.trainings = cell_record("c_loop", {0: [1.0]}, losses=(0.7, 0.3)).trainings
    finding = targets.findings(run)[-1]
    assert (finding.verdict, finding.ratio) == ("not measured", None)
    assert "losses differ at step 50" in finding.reason


def test_without_the_c_loop_its_target_is_not_measured() -> None:
    """A sentence says why, and the others have their figures."""
    found = targets.findings(planted(("xor", "c_loop", "limit")))
    assert [finding.verdict for finding in found][-1] == "not measured"
    assert "needs a C compiler" in found[-1].reason
    assert sum(finding.ratio is not None for finding in found) == len(TARGETS) - 1


def test_a_run_of_other_cells_has_no_findings() -> None:
    """A missing trainer is no missed target."""
    assert targets.findings(planted(("xor", "flax_optax", "scan"))) == []


def test_the_runner_measures_every_side() -> None:
    """On the CPU; each cell once."""
    wanted = {(target.workload, side) for target in TARGETS for side in (target.ours, target.against)}
    cells = targets.cells("cpu")
    measured = {(cell.workload, targets.Side(cell.trainer, cell.mode)) for cell in cells}
    assert wanted - measured == (set() if c_loop.compiler() else {("xor", targets.C_LOOP)})
    assert len({cell.id for cell in cells}) == len(cells)
    assert {cell.trainer for cell in cells} <= set(targets.TRAINERS)


def test_a_failed_side_gives_its_reason() -> None:
    """No figure is made of what it did before."""
    run = planted()
    record = next(record for record in run.cells if record.cell.id == "xor-treemap-cpu-floor")
    record.blocks = []
    finding = targets.findings(run)[0]
    assert finding.ratio is None
    assert finding.reason == "xor-treemap-cpu-floor: no blocks"


@pytest.mark.parametrize("width", targets.WIDTHS)
def test_widths_are_digits_with_another_hidden_layer(width: int) -> None:
    """Everything else but the length of a training is the workload's."""
    wide, digits = workload_named(f"digits-width{width}"), workload_named("digits")
    assert wide.task.layer_sizes == (64, width, 10)
    assert replace(wide, name="digits", task=digits.task, steps=digits.steps) == digits
    assert replace(wide.task, layer_sizes=digits.task.layer_sizes) == digits.task
