"""Where a step goes: its dispatch floor, and when the call had returned."""

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.analysis import pairing
from triptych.benches.record.run import Mode, Run


def measured(step_us: float, floor_us: float) -> Run:
    """A trainer's step and floor over six restarts, on a machine that slows down by a tenth in each."""
    records = []
    wanted: list[tuple[Mode, float]] = [("step", step_us), ("floor", floor_us)]
    for mode, time in wanted:
        record = cell_record("flax_optax", {restart: [1e-6 * time * 1.1**restart] * 3 for restart in range(6)})
        record.cell = msgspec.structs.replace(record.cell, mode=mode)
        records.append(record)
    return run_of(*records)


def test_the_floor_is_a_share_taken_pair_by_pair() -> None:
    """10 of 12.5 microseconds are 80 % in every restart, whatever the drift; calls returned after nine tenths."""
    run = measured(12.5, 10)
    share = pairing.floor_share(run, run.cells[0])
    assert share is not None
    assert share[:3] == pytest.approx((0.8, 0.8, 0.8))
    assert pairing.returned_share(run.cells[0]) == pytest.approx(0.9)


def test_a_floor_above_the_step_is_shown_as_that() -> None:
    """Noise can put it there; nothing is cut off at 1."""
    run = measured(9, 10)
    share = pairing.floor_share(run, run.cells[0])
    assert share is not None
    assert share.value > 1


def test_a_step_without_its_floor_has_no_share() -> None:
    """Another trainer's floor is no substitute: its arrays are others."""
    run = measured(12.5, 10)
    run.cells[1].cell = msgspec.structs.replace(run.cells[1].cell, trainer="treemap")
    assert pairing.floor_share(run, run.cells[0]) is None
