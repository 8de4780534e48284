"""Single steps: a stall is found, its cause is named where it can be known, and the collector is left as it was."""

import gc
from collections.abc import Iterator
from pathlib import Path

import misbehaving
import pytest

from triptych.benches.analysis.tail import regular_distance
from triptych.benches.record.run import LONG, MOST_LONG, Cell
from triptych.benches.worker import cell, messages
from triptych.benches.worker.clock import PhaseClock
from triptych.benches.worker.tail import WARM_STEPS, record_tail
from triptych.benches.workloads.published import WORKLOADS, save

FULL = "a garbage collection (generation 2)"


@pytest.fixture(scope="module")
def phases() -> PhaseClock:
    """One listener for all, since jax keeps each for good."""
    return PhaseClock()


@pytest.fixture
def frozen() -> Iterator[None]:
    """What other tests have built is frozen, as a worker does."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def prepared(folder: Path, trainer: str) -> cell.PreparedCell:
    path = save(WORKLOADS["xor"], folder)
    return cell.prepare(messages.Spec(Cell("xor", trainer, "cpu"), trainer, str(path)))


def spoiled(folder: Path, name: str) -> cell.PreparedCell:
    return prepared(folder, f"{misbehaving.__file__}:{name}")


def test_a_collection_in_every_hundredth_step_is_found_and_named(tmp_path: Path, phases: PhaseClock) -> None:
    """Of generation 2, and its distance; whatever else was long on this machine."""
    tail = record_tail(spoiled(tmp_path, "Collector"), 0, 5.0, phases)
    collected = [one for one in tail.longest if one.step % 100 == 100 - 1 - WARM_STEPS]
    assert len(collected) >= 5
    assert FULL in {one.cause for one in collected}
    assert regular_distance([tail]) == 100


def test_a_sleep_in_every_thousandth_step_is_regular_without_a_cause(tmp_path: Path, phases: PhaseClock) -> None:
    """What is not known is not named."""
    tail = record_tail(spoiled(tmp_path, "Dozer"), 0, 3.0, phases)
    asleep = [one for one in tail.longest if one.step % 1000 == 1000 - 1 - WARM_STEPS]
    assert len(asleep) >= 4
    assert all(one.seconds >= misbehaving.DOZE_S for one in asleep)
    assert "" in {one.cause for one in asleep}
    assert regular_distance([tail]) == 1000


def test_a_retrace_is_a_compile(tmp_path: Path, phases: PhaseClock) -> None:
    """In the fiftieth step, counted from 0 and without those that warm up."""
    tail = record_tail(spoiled(tmp_path, "LateRetracer"), 0, 0.3, phases)
    [compiled] = [one for one in tail.longest if one.cause == "a compile"]
    assert compiled.step == 50 - 1 - WARM_STEPS


@pytest.mark.usefixtures("frozen")
def test_a_tail_is_in_order_and_leaves_the_collector_alone(tmp_path: Path, phases: PhaseClock) -> None:
    """Median, 99th percentile, longest; what was frozen is frozen again, and nobody listens any more."""
    before = (gc.get_freeze_count() > 0, gc.isenabled(), list(gc.callbacks))
    tail = record_tail(prepared(tmp_path, "treemap"), 3, 0.3, phases)
    assert (gc.get_freeze_count() > 0, gc.isenabled(), list(gc.callbacks)) == before
    assert tail.restart == 3
    assert tail.p99_s is not None
    assert 0 < tail.median_s <= tail.p99_s <= tail.longest[0].seconds
    times = [one.seconds for one in tail.longest]
    assert times == sorted(times, reverse=True)
    assert len(times) <= MOST_LONG
    assert all(seconds > LONG * tail.median_s for seconds in times[1:])


def test_one_step_is_made_however_little_time_there_is(tmp_path: Path, phases: PhaseClock) -> None:
    """It is the median and the longest, and no percentile."""
    tail = record_tail(prepared(tmp_path, "treemap"), 0, 0.0, phases)
    assert (tail.steps, tail.p99_s) == (1, None)
    assert [(one.step, one.seconds, one.cause) for one in tail.longest] == [(0, tail.median_s, "")]


def test_a_step_that_raises_leaves_the_collector_alone(tmp_path: Path, phases: PhaseClock) -> None:
    """Its exception goes on."""
    before = list(gc.callbacks)
    with pytest.raises(ValueError, match="no such luck"):
        record_tail(spoiled(tmp_path, "Raiser"), 0, 0.1, phases)
    assert gc.callbacks == before
