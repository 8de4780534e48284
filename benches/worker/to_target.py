"""Training from the starting values of one seed until the workload's target loss.

First a search, with the harness's loss after every hundredth of the training: in the first stretch that ends at or
below the target every step is then looked at, from a copy of the state before it. So the step found is the first
one, unless the loss had dipped below the target and risen again inside an earlier stretch. Then the time: as many
steps once more from the starting values, in one uninterrupted loop, at whose end the target must be met again.
"""

import itertools
import math
from typing import Any

import jax

from triptych.benches.record.run import Point, SeedTraining
from triptych.benches.worker.cell import PreparedCell
from triptych.benches.worker.messages import TrainSeed
from triptych.benches.worker.training import CURVE_POINTS, first_not_finite, timed_calls, training_loss

KEEP_FIRST, KEEP_EVERY = 5, 10  # which losses of a search the record keeps: the first few, then every tenth
DIGITS = 7  # significant ones of a kept loss: those of float32; many seeds must not make the record large


def train_to_target(cell: PreparedCell, request: TrainSeed) -> SeedTraining:
    """Searches the step, then times the way to it.

    Raises:
        ValueError: If the same steps from the same starting values do not reach the target again; law 3 is broken.
    """
    with cell.running():
        found = search(cell, request)
        if found.ending != "reached" or found.steps == 0:
            return found
        return timed(cell, found)


def search(cell: PreparedCell, request: TrainSeed) -> SeedTraining:
    """How the training ends, and at which step; its seconds are those of the search."""
    target, steps = cell.workload.target_loss, cell.workload.steps
    state, done, seconds = cell.start(request.seed), 0, 0.0
    curve = [Point(0, 0.0, training_loss(cell, state))]

    def ended(ending: Any, last: Point, diverged_at: int | None = None) -> SeedTraining:
        some = [*curve[:KEEP_FIRST], *curve[KEEP_EVERY::KEEP_EVERY]]
        kept = [*(_short(point) for point in some if point.step < last.step), last]
        return SeedTraining(request.seed, request.restart, ending, last.step, last.seconds, kept, diverged_at)

    if curve[0].loss <= target:
        return ended("reached", curve[0])
    for until in [*range(0, steps, max(1, steps // CURVE_POINTS)), steps][1:]:
        before = _copy(state) if cell.of_jax else None
        state, losses, taken_s = timed_calls(cell, state, _inputs(cell, done), until - done)
        loss = training_loss(cell, state)
        if (bad := first_not_finite([*losses, loss], done)) is not None:
            return ended("missed", curve[-1], bad)
        if loss <= target:
            if before is None:  # what is no tree of jax's arrays is made again, not copied
                before = timed_calls(cell, cell.start(request.seed), _inputs(cell, 0), done)[0]
            return ended("reached", _first_at_target(cell, before, done, until))
        done, seconds = until, seconds + taken_s
        curve.append(Point(done, seconds, loss))
        if seconds > request.budget_s and done < steps:
            return ended("cut", curve[-1])
    return ended("missed", curve[-1])


def timed(cell: PreparedCell, found: SeedTraining) -> SeedTraining:
    """The same steps again in one loop, with their time."""
    state, _, seconds = timed_calls(cell, cell.start(found.seed), _inputs(cell, 0), found.steps)
    again, first = training_loss(cell, state), found.curve[-1].loss
    if again > cell.workload.target_loss:
        losses = f"the loss {first:g}, and at {again:g} when taken again"
        raise ValueError(f"{found.steps} steps from seed {found.seed} ended at {losses}; expected the same; see law 3")
    curve = [*found.curve[:-1], Point(found.steps, seconds, again)]
    return SeedTraining(found.seed, found.restart, "reached", found.steps, seconds, curve)


def _first_at_target(cell: PreparedCell, state: Any, done: int, until: int) -> Point:
    """Step by step from a state; at the latest the end of the stretch, where the target has been met."""
    inputs, loss = _inputs(cell, done), math.inf
    while done < until and loss > cell.workload.target_loss:
        state, _, _ = timed_calls(cell, state, inputs, 1)
        done, loss = done + 1, training_loss(cell, state)
    return Point(done, 0.0, loss)


def _inputs(cell: PreparedCell, done: int) -> Any:
    """The batches from a step on."""
    return itertools.islice(itertools.cycle(cell.inputs), done % len(cell.inputs), None)


def _short(point: Point) -> Point:
    """The same in fewer digits: microseconds, and a loss to its seventh digit."""
    return Point(point.step, round(point.seconds, 6), float(f"{point.loss:.{DIGITS}g}"))


def _copy(state: Any) -> Any:
    """The same values in memory of their own: a step may spend the state that it is given."""
    return jax.tree.map(lambda leaf: leaf.copy() if isinstance(leaf, jax.Array) else leaf, state)
