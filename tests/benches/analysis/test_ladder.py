"""The ladder: every rung one change, every factor a paired ratio, all of them together the whole."""

import itertools
import math

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.analysis import ladder
from triptych.benches.analysis.ladder import FLOOR, LADDER
from triptych.benches.record.run import Mode, Outcome, Run

MICROSECONDS = (16_000, 5_000, 90, 14, 13, 0.8, 0.2)


def climbed(*, floor: bool = True) -> Run:
    """A run whose rungs take these times, on a machine that slows down by a tenth in every restart."""
    wanted: list[tuple[str, Mode, float]] = [
        (change.trainer, change.mode, time) for change, time in zip(LADDER, MICROSECONDS, strict=True)
    ]
    if floor:
        wanted.append((FLOOR.trainer, FLOOR.mode, 9.5))
    records = []
    for trainer, mode, time in wanted:
        record = cell_record(trainer, {restart: [1e-6 * time * 1.1**restart] * 3 for restart in range(6)})
        record.cell = msgspec.structs.replace(record.cell, mode=mode)
        records.append(record)
    return run_of(*records)


def test_each_factor_is_the_ratio_to_the_rung_before() -> None:
    """16,000 over 5,000 over 90 over 14 over 13 over 0.8 over 0.2 microseconds, whatever the machine's drift."""
    [climb] = ladder.climbs(climbed())
    factors = [rung.factor.value for rung in climb.rungs if rung.factor]
    expected = [slow / fast for slow, fast in itertools.pairwise(MICROSECONDS)]
    assert factors == pytest.approx(expected)


def test_factors_multiply_to_the_whole() -> None:
    """Without noise exactly: 16,000 over 0.2 is 80,000."""
    [climb] = ladder.climbs(climbed())
    assert climb.whole.value == pytest.approx(80_000)
    assert math.prod(rung.factor.value for rung in climb.rungs if rung.factor) == pytest.approx(80_000)


def test_the_floor_is_a_share_of_a_treemap_step() -> None:
    """9.5 of 13 microseconds; without a floor cell there is no share."""
    [with_floor], [without] = ladder.climbs(climbed()), ladder.climbs(climbed(floor=False))
    assert with_floor.floor_share is not None
    assert with_floor.floor_share.value == pytest.approx(9.5 / 13)
    assert without.floor_share is None


def test_a_ladder_with_a_missing_rung_is_not_climbed() -> None:
    """Two changes at once would go by one name."""
    run = climbed()
    del run.cells[2]
    assert ladder.climbs(run) == []


def test_a_ladder_with_a_rung_that_computes_something_else_is_not_climbed() -> None:
    """A factor between different computations means nothing."""
    run = climbed()
    wrong = cell_record("batched", {0: [1.0]}, losses=(0.7, 0.3))
    run.cells[1].trainings = wrong.trainings
    assert ladder.climbs(run) == []


def test_without_the_loop_in_c_the_other_rungs_stand() -> None:
    """Where it does not run, and in ladders that were measured before it was a rung."""
    refused, older = climbed(), climbed()
    refused.cells[6].blocks, refused.cells[6].outcome = [], Outcome("unsupported", "no C compiler was found")
    del older.cells[6]
    for run, reason in ((refused, "no C compiler was found"), (older, "it was not measured")):
        [climb] = ladder.climbs(run)
        assert climb.whole.value == pytest.approx(20_000)
        assert (len(climb.rungs), climb.left_out) == (6, reason)
