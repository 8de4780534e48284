"""Single steps: a stall is found, its cause is named where it can be known, and the collector is left as it was."""

import gc
from collections.abc import Iterator
from pathlib import Path

import misbehaving
import pytest

from triptych.benches.analysis.tail import latency, regular_distance
from triptych.benches.record.run import LONG, MOST_LONG, Cell, CellRecord, Tail
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


def tails(folder: Path, name: str, phases: PhaseClock, seconds: float) -> list[Tail]:
    one = prepared(folder, f"{misbehaving.__file__}:{name}")
    return [record_tail(one, restart, seconds, phases) for restart in range(2)]


def test_a_collection_in_every_hundredth_step_is_found_and_named(tmp_path: Path, phases: PhaseClock) -> None:
    """Of generation 2, and its distance; whatever else was long on this machine."""
    found = tails(tmp_path, "Collector", phases, 2.0)
    record = CellRecord(Cell("xor", "collector", "cpu"), "cpu", tails=found)
    summed = latency(record)
    assert summed is not None
    assert summed.longest.cause == FULL
    assert summed.longest.step % 100 == found[0].longest[0].step % 100
    assert summed.causes[FULL] >= 6
    assert summed.every == 100


def test_a_sleep_in_every_thousandth_step_is_regular_without_a_cause(tmp_path: Path, phases: PhaseClock) -> None:
    """What is not known is not named."""
    found = tails(tmp_path, "Dozer", phases, 1.0)
    assert regular_distance(found) == 1000
    asleep = [one for one in found[0].longest if one.step % 1000 == 1000 - 1 - WARM_STEPS]
    assert len(asleep) >= 3
    assert all(one.seconds >= misbehaving.SLOW_STEP_S for one in asleep)
    assert {one.cause for one in asleep} == {""}


def test_a_retrace_is_a_compile(tmp_path: Path, phases: PhaseClock) -> None:
    """In the fiftieth step, counted from 0 and without those that warm up."""
    one = prepared(tmp_path, f"{misbehaving.__file__}:LateRetracer")
    [compiled] = [long for long in record_tail(one, 0, 0.3, phases).longest if long.cause == "a compile"]
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
        record_tail(prepared(tmp_path, f"{misbehaving.__file__}:Raiser"), 0, 0.1, phases)
    assert gc.callbacks == before
