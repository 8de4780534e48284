"""Tails over restarts: what is regular is found whatever else is long, and what is random is never called regular."""

import random

import pytest
from runs import cell_record

from triptych.benches.analysis.tail import latency, regular_distance
from triptych.benches.record.run import MOST_LONG, CellRecord, LongStep, Tail

MEDIAN_S = 1e-5


def tail(restart: int, steps: int, long: list[int], cause: str = "", p99_s: float | None = 2e-5) -> Tail:
    """A restart in which these steps took a hundred medians or more, of which the first ones are kept."""
    kept = [LongStep(step, MEDIAN_S * (1000 - place), cause) for place, step in enumerate(long[:MOST_LONG])]
    return Tail(restart, steps, MEDIAN_S, p99_s, kept)


def planted(rng: random.Random, distance: int, steps: int, odd: int, restarts: int) -> list[Tail]:
    """Every step at a distance is long, from anywhere on, and some others at random; the odd ones are the longest."""
    made: list[Tail] = []
    for restart in range(restarts):
        regular = list(range(rng.randrange(distance), steps, distance))
        rng.shuffle(regular)
        made.append(tail(restart, steps, rng.sample(range(steps), odd) + regular))
    return made


def record(*tails: Tail) -> CellRecord:
    one = cell_record("treemap", {0: [1.0]})
    one.tails = list(tails)
    return one


def test_three_steps_at_one_distance_are_regular() -> None:
    """The thousandth, the two-thousandth and the three-thousandth step."""
    assert regular_distance([tail(0, 3000, [999, 1999, 2999])]) == 1000


def test_a_single_odd_step_does_not_spoil_it() -> None:
    """Wherever it lies."""
    tails = [tail(restart, 4000, [1234 + restart, 999, 1999, 2999, 3999]) for restart in range(3)]
    assert regular_distance(tails) == 1000


@pytest.mark.parametrize(
    ("distance", "steps", "odd", "restarts"),
    [(1000, 4200, 2, 3), (1000, 4200, 6, 3), (100, 2000, 3, 2), (44, 5000, 3, 7), (37, 900, 2, 10), (1000, 9000, 1, 1)],
)
def test_a_planted_distance_is_found(distance: int, steps: int, odd: int, restarts: int) -> None:
    """Neither a multiple nor a divisor of it, in each of 50 simulated cells, whether all long steps are kept or ten."""
    rng = random.Random(distance)
    assert {regular_distance(planted(rng, distance, steps, odd, restarts)) for _ in range(50)} == {distance}


@pytest.mark.parametrize("restarts", [1, 2, 3, 10])
@pytest.mark.parametrize("long", [3, 5, 10])
def test_random_steps_are_not_regular(restarts: int, long: int) -> None:
    """In fewer than 1 of 100 simulated cells, whatever their length."""
    rng = random.Random(100 * restarts + long)
    called = 0
    for _ in range(400):
        steps = rng.choice([100, 1000, 3000, 20_000])
        tails = [tail(restart, steps, rng.sample(range(steps), long)) for restart in range(restarts)]
        called += regular_distance(tails) is not None
    assert called < 4


def test_neighbours_are_not_regular() -> None:
    """What holds the machine up for a while makes several steps in a row long."""
    assert regular_distance([tail(restart, 5000, list(range(700, 710))) for restart in range(7)]) is None


def test_one_restart_of_three_is_not_most() -> None:
    """And two are."""
    quiet, regular = tail(0, 3000, [17]), tail(1, 3000, [999, 1999, 2999])
    assert regular_distance([quiet, quiet, regular]) is None
    assert regular_distance([quiet, regular, regular]) == 1000


def test_a_distance_at_which_most_steps_are_short_is_none() -> None:
    """All long steps were kept, so the other thousandth steps are known to be as short as any."""
    assert regular_distance([tail(restart, 20_000, [999, 4999, 18_999]) for restart in range(5)]) is None


def test_restarts_come_together() -> None:
    """Medians of medians and of percentiles with their intervals, the longest of all, the causes counted."""
    tails = [
        Tail(restart, 1000, 1e-5 * (1 + restart), 3e-5 * (1 + restart), [LongStep(5, 1e-3 * (1 + restart), cause)])
        for restart, cause in enumerate(["", "a compile", "", "", "", "", "a retrace"])
    ]
    found = latency(record(*tails))
    assert found is not None
    assert found.steps == 7000
    assert found.median_s == pytest.approx((4e-5, 1e-5, 7e-5, 7))
    assert found.p99_s == pytest.approx((1.2e-4, 3e-5, 2.1e-4, 7))
    assert found.longest == LongStep(5, 7e-3, "a retrace")
    assert found.causes == {"": 5, "a compile": 1, "a retrace": 1}
    assert found.every is None


def test_nothing_is_made_of_no_tail() -> None:
    """Nor a percentile of short ones; a longest step that is not long has no part in the causes."""
    assert latency(record()) is None
    found = latency(record(Tail(0, 3, 1e-2, None, [LongStep(1, 1.5e-2)])))
    assert found is not None
    assert (found.p99_s, found.causes, found.every) == (None, {}, None)
