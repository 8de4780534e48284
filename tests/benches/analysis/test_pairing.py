"""Ratios pair block with neighbouring block, restart by restart, and come with their certificate."""

from collections.abc import Callable

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord, Outcome


def restarts(*step_s: float) -> dict[int, list[float]]:
    """One restart per number, all its rounds alike."""
    return dict(enumerate([value] * 3 for value in step_s))


def test_drift_cancels_in_a_paired_ratio() -> None:
    """A machine that gets ten times slower between restarts does not move a ratio of exactly 2."""
    drift = [1, 2, 3, 5, 8, 10]
    slow, fast = cell_record("naive", restarts(*(2 * d for d in drift))), cell_record("treemap", restarts(*drift))
    ratio = pairing.ratio(run_of(slow, fast), slow, fast)
    assert ratio.time == pytest.approx((2, 2, 2, 6))


def test_restart_is_the_unit() -> None:
    """Three rounds in each of six restarts are six samples, not eighteen."""
    record = cell_record("treemap", restarts(1, 1, 1, 1, 1, 1))
    step_s = pairing.step_s(record)
    assert step_s is not None
    assert step_s.n == 6


def test_only_rounds_that_both_have_are_paired() -> None:
    """A round in which one side's block was void counts for neither."""
    ours, theirs = cell_record("naive", {0: [2, 2, 99]}), cell_record("treemap", {0: [1, 1, 1]})
    ours.blocks[2] = msgspec.structs.replace(ours.blocks[2], void="a compile")
    assert pairing.paired_ratios(ours, theirs) == [2]


@pytest.mark.parametrize(("loss", "holds"), [(0.1, True), (0.10009, True), (0.1002, False)])
def test_parity_is_the_workloads_tolerance(loss: float, *, holds: bool) -> None:
    """A tolerance of 1e-3 of the loss plus 1e-6 holds at 0.10009 against 0.1 and breaks at 0.1002."""
    ours, theirs = cell_record("naive", restarts(2), (0.7, loss)), cell_record("treemap", restarts(1), (0.7, 0.1))
    assert pairing.parity(run_of(ours, theirs), ours, theirs).holds is holds


def test_total_is_compiling_and_then_the_steps() -> None:
    """0.06 s and 200 steps of half a second are 100.06 s; a cell that never compiled has no total."""
    record = cell_record("naive", restarts(*[0.5] * 7))
    assert pairing.total_s(record, 200) == pytest.approx((100.06, 100.06, 100.06, 7))
    record.compiles = []
    assert pairing.total_s(record, 200) is None


@pytest.mark.parametrize(("loss", "holds"), [(0.102, True), (0.104, False)])
def test_a_trainer_of_fewer_bits_has_a_tolerance_of_its_own(loss: float, *, holds: bool) -> None:
    """The certificate says which tolerance it was given by, whichever side has it."""
    ours, theirs = cell_record("a", {0: [1e-6]}, (0.7, loss)), cell_record("b", {0: [1e-6]}, (0.7, 0.1))
    ours.parity_rtol = 0.03
    for pair in ((ours, theirs), (theirs, ours)):
        parity = pairing.parity(run_of(*pair), *pair)
        assert parity.holds is holds
        assert ("within 3 %, its own tolerance" in parity.reason) is holds


def test_parity_covers_the_steps_that_both_have_run() -> None:
    """A training cut after its second point is certified up to there."""
    ours, theirs = cell_record("naive", restarts(2), (0.7, 0.4)), cell_record("treemap", restarts(1), (0.7, 0.4, 0.1))
    parity = pairing.parity(run_of(ours, theirs), ours, theirs)
    assert (parity.holds, parity.steps, parity.reason) == (True, 50, "same losses over 50 steps")


def test_a_later_training_that_parts_breaks_parity() -> None:
    """Every training of both sides must agree, not the first alone."""
    ours, theirs = cell_record("naive", restarts(2)), cell_record("treemap", restarts(1))
    ours.trainings.append(cell_record("naive", restarts(2), (0.7, 0.3)).trainings[0])
    parity = pairing.parity(run_of(ours, theirs), ours, theirs)
    assert (parity.holds, parity.steps) == (False, 50)


def test_the_start_alone_is_no_certificate() -> None:
    """Equal starting losses are given by construction and show nothing."""
    ours, theirs = cell_record("naive", restarts(2), (0.7,)), cell_record("treemap", restarts(1), (0.7,))
    assert pairing.parity(run_of(ours, theirs), ours, theirs).reason == "no losses to compare"


def untrained(record: CellRecord) -> CellRecord:
    record.trainings = []
    return record


def diverged(record: CellRecord) -> CellRecord:
    record.outcome = Outcome("diverged", "the loss was no longer finite at step 3")
    return record


@pytest.mark.parametrize(("spoil", "reason"), [(untrained, "no losses to compare"), (diverged, "naive: diverged")])
def test_no_ratio_without_certificate(spoil: Callable[[CellRecord], CellRecord], reason: str) -> None:
    """Where parity cannot be shown the reason stands in the ratio's place."""
    ours, theirs = spoil(cell_record("naive", restarts(2))), cell_record("treemap", restarts(1))
    ratio = pairing.ratio(run_of(ours, theirs), ours, theirs)
    assert (ratio.time, ratio.reason) == (None, reason)


def test_reference_differs_in_nothing_but_the_trainer() -> None:
    """The reference of a cell has its workload, device, mode and arm."""
    ours, theirs = cell_record("naive", restarts(2)), cell_record("treemap", restarts(1))
    other = cell_record("treemap", restarts(1))
    other.cell = msgspec.structs.replace(other.cell, device="cuda")
    run = run_of(ours, other, theirs)
    assert pairing.reference_of(run, ours, "treemap") is theirs
    assert pairing.reference_of(run, ours, "absent") is None


def compiling(trainer: str, step_s: float, compile_s: float, restarts: int = 7) -> CellRecord:
    """A cell that compiles so long and then steps so fast, the same in every restart."""
    record = cell_record(trainer, {restart: [step_s] * 3 for restart in range(restarts)})
    record.compiles = [
        msgspec.structs.replace(one, trace_s=0.0, lower_s=0.0, backend_s=compile_s) for one in record.compiles
    ]
    return record


@pytest.mark.parametrize(
    ("step_s", "compile_s", "kind", "steps"),
    [
        (0.5, 101.0, "after", 200),  # 100 s more to compile, half a second saved per step
        (1.5, 0.5, "until", 1),
        (0.5, 1.0, "always", None),
        (0.5, 0.5, "always", None),
        (1.0, 1.0, "always", None),
        (1.5, 1.5, "never", None),
        (1.5, 1.0, "never", None),
    ],
)
def test_break_even_is_extra_compile_over_time_saved(
    step_s: float, compile_s: float, kind: str, steps: float | None
) -> None:
    """Against a reference that compiles for one second and steps in one."""
    even = pairing.break_even(compiling("naive", step_s, compile_s), compiling("treemap", 1.0, 1.0))
    assert even.kind == kind
    assert (even.steps and even.steps.value) == (steps and pytest.approx(steps))


def test_break_even_without_agreement_or_data() -> None:
    """Restarts that point different ways decide nothing; no compile in common says nothing."""
    mixed = compiling("naive", 0.5, 2.0)
    mixed.compiles[0] = msgspec.structs.replace(mixed.compiles[0], backend_s=0.5)
    reference = compiling("treemap", 1.0, 1.0)
    assert pairing.break_even(mixed, reference).kind == "undecided"
    mixed.compiles = []
    assert pairing.break_even(mixed, reference).kind == "unknown"


def test_no_compile_time_is_a_figure_too() -> None:
    """A trainer that compiles nothing took 0 seconds, with an interval, not an error."""
    estimate = pairing.compile_s(compiling("naive", 1.0, 0.0))
    assert estimate == (0, 0, 0, 7)
