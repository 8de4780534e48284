"""The tail: single steps, each waited for, the garbage collector as users have it, and what lay behind the long ones.

Elsewhere a cell is timed in blocks: right for ratios, but a step that stalls is lost in a block of hundreds. Here
every step has its own time, and a long one its cause where that can be known.
"""

import gc
import itertools
import time
from array import array
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

import jax
import numpy as np

from triptych.benches.record.run import LONG, MOST_LONG, LongStep, Tail
from triptych.benches.worker.cell import PreparedCell
from triptych.benches.worker.clock import BACKEND, PhaseClock

MOST_STEPS = 100_000
WARM_STEPS = 1  # made before any is recorded: the first step from fresh starting values may be cold
LEAST_FOR_P99 = 500  # with fewer steps the 99th percentile rests on the longest five or less


class Collection(NamedTuple):
    """A garbage collection: when it ended, how long it took, and of which generation it was."""

    ended: float
    seconds: float
    generation: int


def record_tail(cell: PreparedCell, restart: int, seconds: float, phases: PhaseClock) -> Tail:
    """Steps from fresh starting values for so many seconds, one at least, of a cell whose calls make one each."""
    with _collections() as collections:
        ends = _step_ends(cell, seconds)
    took = np.diff(ends)
    median_s = float(np.median(took))
    first, *others = np.argsort(-took, kind="stable")[:MOST_LONG].tolist()
    kept = [first, *(step for step in others if took[step] > LONG * median_s)]
    causes = [_cause(ends[step], ends[step + 1], median_s, collections, phases) for step in kept]
    longest = [LongStep(step, float(took[step]), cause) for step, cause in zip(kept, causes, strict=True)]
    p99_s = float(np.percentile(took, 99)) if len(took) >= LEAST_FOR_P99 else None
    return Tail(restart, len(took), median_s, p99_s, longest)


def _step_ends(cell: PreparedCell, seconds: float) -> "array[float]":
    """When the first step began and when each ended; the loop is part of every step, so it does as little as can be."""
    call, clock, inputs = cell.call, time.perf_counter, itertools.cycle(cell.inputs)
    wait = cell.finish if hasattr(cell.trainer, "wait") else jax.block_until_ready
    state, ends, step = cell.start(), array("d", bytes(8 * (MOST_STEPS + 1))), 0
    with cell.running():
        for batch in itertools.islice(inputs, WARM_STEPS):
            state, _ = wait(call(state, batch))
        ends[0] = clock()
        until = ends[0] + seconds
        for step, batch in zip(range(1, MOST_STEPS + 1), inputs, strict=False):
            state, _ = wait(call(state, batch))
            ends[step] = now = clock()
            if now >= until:
                break
    return ends[: step + 1]


@contextmanager
def _collections() -> Generator[list[Collection]]:
    """Gives the collections made meanwhile, what other callbacks do in them included."""
    began, found = [0.0], list[Collection]()

    def start(phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            began[0] = time.perf_counter()

    def stop(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            now = time.perf_counter()
            found.append(Collection(now, now - began[0], info["generation"]))

    gc.callbacks.insert(0, start)
    gc.callbacks.append(stop)
    try:
        yield found
    finally:
        gc.callbacks.remove(start)
        gc.callbacks.remove(stop)


def _cause(began: float, ended: float, median_s: float, collections: list[Collection], phases: PhaseClock) -> str:
    """Collections that make at least half of what a long step takes beyond the median, or a compile inside; else ""."""
    if ended - began <= LONG * median_s:
        return ""
    inside = [one for one in collections if began < one.ended <= ended]
    if inside and 2 * sum(one.seconds for one in inside) >= ended - began - median_s:
        return f"a garbage collection (generation {max(one.generation for one in inside)})"
    events = {event for at, event in phases.moments if began < at <= ended}
    return "a compile" if BACKEND in events else "a retrace" if events else ""
