"""Total time: compile and then step after step, and who is ahead after how many."""

from collections.abc import Sequence

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.analysis import totals
from triptych.benches.analysis.totals import Crossing
from triptych.benches.record.run import CellRecord


def cell(trainer: str, step_s: float, compile_s: float | Sequence[float], restarts: int = 7) -> CellRecord:
    """A cell that compiles so long, in every restart or restart by restart, and then steps so fast."""
    record = cell_record(trainer, {restart: [step_s] * 3 for restart in range(restarts)})
    each = compile_s if isinstance(compile_s, Sequence) else [compile_s] * restarts
    record.compiles = [
        msgspec.structs.replace(one, trace_s=0.0, lower_s=0.0, backend_s=seconds)
        for one, seconds in zip(record.compiles, each, strict=True)
    ]
    return record


def crossing(one: CellRecord, other: CellRecord) -> Crossing:
    return totals.crossing(run_of(one, other), one, other)


def test_total_is_compiling_and_then_the_steps() -> None:
    """101 s and 200 steps of half a second are 201 s; a cell that never compiled has no total."""
    record = cell("naive", 0.5, 101.0)
    assert totals.total_s(record, 200) == pytest.approx((201, 201, 201, 7))
    record.compiles = []
    assert totals.total_s(record, 200) is None


def test_two_totals_are_level_at_the_crossing() -> None:
    """100 s longer to compile and half a second saved per step are level at step 200, told from either side."""
    quick, slow = cell("naive", 0.5, 101.0), cell("treemap", 1.0, 1.0)
    for one, other in ((quick, slow), (slow, quick)):
        found = crossing(one, other)
        assert (found.ahead, found.behind, found.kind) == ("naive", "treemap", "after")
        assert found.steps == pytest.approx((200, 200, 200, 7))
    ours, theirs = totals.total_s(quick, 200), totals.total_s(slow, 200)
    assert ours == pytest.approx(theirs)


def test_one_that_compiles_and_steps_faster_is_ahead_from_the_first_step() -> None:
    """Told from either side; so is one that is equal in one of both."""
    for one, other in (
        (cell("naive", 2.0, 2.0), cell("treemap", 1.0, 1.0)),
        (cell("treemap", 1.0, 1.0), cell("naive", 2.0, 2.0)),
        (cell("treemap", 1.0, 1.0), cell("naive", 2.0, 1.0)),
        (cell("treemap", 1.0, 1.0), cell("naive", 1.0, 2.0)),
    ):
        assert crossing(one, other) == ("treemap", "naive", "first", None, "")


def test_where_only_compiling_is_in_doubt_it_is_ahead_by_the_upper_bound() -> None:
    """Saves 1 s per step; compiles up to 4 s longer in four restarts of seven, shorter in three: by step 4."""
    doubtful = cell("naive", 1.0, [9.0, 9.5, 9.9, 11.0, 12.0, 13.0, 14.0])
    found = crossing(doubtful, cell("treemap", 2.0, 10.0))
    assert (found.ahead, found.kind) == ("naive", "by")
    assert found.steps == pytest.approx((1, 0, 4, 7))


def test_undecided_where_restarts_disagree_or_are_too_few() -> None:
    """About the step, nothing is said however many; about compiling, nothing without an interval."""
    mixed = cell("naive", 1.0, 1.0)
    mixed.blocks = [
        msgspec.structs.replace(block, seconds=30.0) if block.restart == 0 else block for block in mixed.blocks
    ]
    assert crossing(mixed, cell("treemap", 2.0, 5.0))[2:] == ("undecided", None, "restarts disagree who steps faster")
    few = crossing(cell("naive", 1.0, [9.0, 11.0], 2), cell("treemap", 2.0, 10.0, 2))
    assert few[2:] == ("undecided", None, "restarts disagree who compiles faster")


def test_no_crossing_without_parity() -> None:
    """Of two that computed something else the reason is said instead."""
    wrong = cell("naive", 0.5, 101.0)
    wrong.trainings = cell_record("naive", {0: [1.0]}, losses=(0.7, 0.3)).trainings
    found = crossing(wrong, cell("treemap", 1.0, 1.0))
    assert found.kind == "unknown"
    assert found.reason.startswith("losses differ at step 50")


def test_every_pair_is_told() -> None:
    """Three trainers have three."""
    cells = [cell("naive", 3.0, 3.0), cell("treemap", 1.0, 1.0), cell("flax_optax", 2.0, 2.0)]
    found = totals.crossings(run_of(*cells), cells)
    assert [(one.ahead, one.behind) for one in found] == [
        ("treemap", "naive"), ("flax_optax", "naive"), ("treemap", "flax_optax"),
    ]  # fmt: skip
