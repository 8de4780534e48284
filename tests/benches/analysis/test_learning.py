"""Seeds, counted: a miss is never dropped, a cut says nothing about learning, and parity holds seed by seed."""

import math

import msgspec
import pytest
from runs import cell_record, run_of
from scipy.stats import quantile_test

from triptych.benches.analysis import learning
from triptych.benches.record.run import CellRecord, Point, SeedTraining
from triptych.benches.schedule import place
from triptych.benches.stats import ranks


def seeded(trainer: str, endings: str, losses: tuple[float, ...] = (0.7, 0.3)) -> CellRecord:
    """A cell trained from a seed per letter: r reached after 100 steps more than the one before, m missed, c cut."""
    words = {"r": "reached", "m": "missed", "c": "cut"}
    record = cell_record(trainer, {0: [1.0]})
    record.seed_trainings = [
        SeedTraining(seed, 0, words[letter], 100 * (seed + 1), 0.1 * (seed + 1), curve(seed, losses))  # pyright: ignore
        for seed, letter in enumerate(endings)
    ]
    return record


def curve(seed: int, losses: tuple[float, ...]) -> list[Point]:
    return [Point(50 * index, 0.01 * index, loss + seed) for index, loss in enumerate(losses)]


@pytest.mark.parametrize(("n", "low", "high"), [(6, 1, 6), (10, 2, 9), (15, 4, 12), (20, 6, 15), (25, 8, 18)])
def test_the_interval_of_a_median_lies_between_the_published_order_statistics(n: int, low: int, high: int) -> None:
    """The ranks that tables of the sign test give at 95 %, on the values 1 to n."""
    estimate = ranks.median([float(value) for value in range(n, 0, -1)])
    assert (estimate.low, estimate.high, estimate.n) == (low, high, n)
    assert estimate.value == (n + 1) / 2


def test_the_interval_of_a_median_is_scipys() -> None:
    """`scipy.stats.quantile_test` inverts the same test."""
    values = [math.sin(7 * index) for index in range(31)]
    theirs = quantile_test(values, p=0.5).confidence_interval(0.95)
    assert ranks.median(values)[1:3] == (theirs.low, theirs.high)


def test_too_few_values_have_no_interval() -> None:
    """Five cannot reach 95 %; none at all is an error."""
    assert ranks.median([1.0, 2.0, 3.0, 4.0, 5.0]) == (3.0, None, None, 5)
    with pytest.raises(ValueError, match="no values"):
        ranks.median([])


def test_a_miss_counts_as_never() -> None:
    """Two of five missed: the median is the third of the reached; dropping the misses would give the second."""
    found = learning.learned(seeded("naive", "rmrmr"))
    assert found is not None
    assert (found.reached, found.missed, found.cut) == (3, 2, 0)
    assert found.steps.value == 500
    assert found.seconds.value == pytest.approx(0.5)


@pytest.mark.parametrize("endings", ["rrmm", "rmm", "cc", "rrmc"])
def test_without_a_majority_there_is_no_median(endings: str) -> None:
    """Half is not more than half."""
    found = learning.learned(seeded("naive", endings))
    assert found is not None
    assert found.steps.value == math.inf


def test_the_share_that_learned_has_the_exact_interval() -> None:
    """9 of 10: Clopper and Pearson give 55.5 % to 99.75 %."""
    found = learning.learned(seeded("naive", "rrrrmrrrrr"))
    assert found is not None
    assert found.rate == pytest.approx((0.9, 0.55498, 0.99747, 10), abs=1e-5)
    assert found.steps.low == 200
    assert found.steps.high == 1000


def test_no_seed_says_nothing() -> None:
    """Absent, not 0 of 0."""
    assert learning.learned(cell_record("naive", {0: [1.0]})) is None


def test_a_cell_is_trained_from_every_seed_once() -> None:
    """What is there is not due; a first training cut by the budget leaves the others out; a later one does not."""
    assert [seed for seed in range(4) if place.is_due(seeded("naive", "rm"), seed)] == [2, 3]
    assert not any(place.is_due(seeded("naive", "c"), seed) for seed in range(4))
    assert place.is_due(seeded("naive", "rc"), 2)
    scan = seeded("naive", "")
    scan.cell = msgspec.structs.replace(scan.cell, mode="scan")
    assert not place.is_due(scan, 0)


def test_parity_holds_seed_by_seed() -> None:
    """Equal curves from every seed both have; one that parts is named; none in common is none."""
    ours, theirs = seeded("naive", "rrr"), seeded("treemap", "rr")
    run = run_of(ours, theirs)
    assert learning.seed_parity(run, ours, theirs) == (True, 100, "same losses from 2 seeds")
    ours.seed_trainings[1] = msgspec.structs.replace(ours.seed_trainings[1], curve=curve(1, (0.7, 0.4)))
    spoiled = learning.seed_parity(run, ours, theirs)
    assert not spoiled.holds
    assert spoiled.reason == "seed 1: losses differ at step 50: 1.4 against 1.3"
    assert learning.seed_parity(run, ours, seeded("treemap", "")).reason == "no seed in common"


def test_steps_to_the_target_are_compared_where_both_got_there() -> None:
    """Of three seeds one was missed, and of the other two one took another step."""
    ours, theirs = seeded("naive", "rmr"), seeded("treemap", "rrr")
    theirs.seed_trainings[2] = msgspec.structs.replace(theirs.seed_trainings[2], steps=301)
    assert learning.same_step(ours, theirs) == (1, 2)
