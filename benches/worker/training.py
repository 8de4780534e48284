"""A whole training, from the starting values to the end or the budget, with the harness's own losses."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from triptych.benches.record.modes import MODES
from triptych.benches.record.run import Point, Training
from triptych.benches.worker.cell import PreparedCell
from triptych.benches.worker.clock import run_calls
from triptych.benches.worker.messages import Train
from triptych.benches.workloads.published import batches
from triptych.impls.laws import reference

LOSS_RTOL = 1e-2  # a returned loss further than this from the batch's is another quantity, not rounding
ONE_PIECE_S = 2.0  # trainings that take longer lose nothing by the stops
CURVE_POINTS = 100  # about as many points of a loss curve are kept, the first ten steps among them


def train(cell: PreparedCell, request: Train) -> Training:
    """Trains from the starting values; the clock stands still while the harness takes a loss.

    Where that is short, the same steps are taken once more in one piece, for the stops make them longer.
    """
    if not request.curve:
        return in_one_piece(cell, request.restart)
    state, done, train_s = cell.start(), 0, 0.0
    curve = [Point(0, 0.0, training_loss(cell, state))]
    inputs, total = itertools.cycle(cell.inputs), cell.workload.steps
    check_first_loss(cell)
    with cell.running():
        for until in curve_steps(total, cell.steps_per_call)[1:]:
            state, losses, seconds = timed_calls(cell, state, inputs, (until - done) // cell.steps_per_call)
            loss = training_loss(cell, state)
            bad, done, train_s = first_not_finite([*losses, loss], done), until, train_s + seconds
            if bad is not None:
                return Training(request.restart, done, train_s, curve, None, None, None, bad)
            curve.append(Point(done, train_s, loss))
            if train_s > request.budget_s:
                break
    if done == total and train_s < ONE_PIECE_S:
        pieces_s, train_s = train_s, run_calls(cell, total // cell.steps_per_call)[0]
        curve = [Point(one.step, one.seconds * train_s / pieces_s, one.loss) for one in curve]
    write, task = cell.workload.write, cell.workload.task
    written = write(task, host_params(cell, state)) if write and done == total else ""
    return Training(request.restart, done, train_s, curve, curve[-1].loss, *held_out_scores(cell, state), None, written)


def in_one_piece(cell: PreparedCell, restart: int) -> Training:
    """A whole training without a stop, and the losses at both ends."""
    steps = cell.workload.steps
    train_s, _, state = run_calls(cell, steps // cell.steps_per_call)
    first, last = (training_loss(cell, one) for one in (cell.start(), state))
    curve = [Point(0, 0.0, first), Point(steps, train_s, last)]
    if not np.isfinite(last):
        return Training(restart, steps, train_s, curve[:1], None, None, None, steps)
    return Training(restart, steps, train_s, curve, last, *held_out_scores(cell, state), None)


def check_first_loss(cell: PreparedCell) -> None:
    """The loss that a step returns is the batch's, or the trainer saves itself work that the others do.

    Raises:
        ValueError: If it is not.
    """
    if not MODES[cell.mode].single:
        return
    state, rows = cell.start(), batches(cell.workload, cell.data)[0]
    expected = reference.loss(cell.workload.task, host_params(cell, state), *rows)
    with cell.running():
        _, returned = cell.call(state, cell.inputs[0])
    if not np.isclose(float(returned), expected, rtol=LOSS_RTOL):
        raise ValueError(f"step returned the loss {float(returned):g}, the batch's is {expected:g}; see law 4")


def curve_steps(steps: int, stride: int) -> list[int]:
    """The numbers of updates after which the loss is taken: 0 to 10, then evenly, and the last."""
    even = range(0, steps, max(1, steps // CURVE_POINTS))
    return sorted({step for step in (*range(11), *even, steps) if step <= steps and step % stride == 0})


def timed_calls(cell: PreparedCell, state: Any, inputs: Iterator[Any], calls: int) -> tuple[Any, list[Any], float]:
    """Some calls of a training, with their losses and seconds."""
    losses: list[Any] = []
    began = time.perf_counter()
    for batch in itertools.islice(inputs, calls):
        state, loss = cell.call(state, batch)
        losses.append(loss)
    cell.finish((state, losses))
    return state, losses, time.perf_counter() - began


def first_not_finite(losses: list[Any], done: int) -> int | None:
    """The first step, counted from `done`, whose loss is not finite."""
    on_host = jax.device_get([loss if isinstance(loss, jax.Array | np.ndarray) else float(loss) for loss in losses])
    values = np.concatenate(list(map(np.ravel, on_host)))
    bad = np.flatnonzero(~np.isfinite(values))
    return done + int(bad[0]) if len(bad) else None


def host_params(cell: PreparedCell, state: Any) -> list[Any]:
    """The canonical parameters, copied to the host in float64."""
    return jax.tree.map(lambda value: np.asarray(value, np.float64), cell.trainer.params(state))


def training_loss(cell: PreparedCell, state: Any) -> float:
    """The loss over the training rows, from the parameters, by the harness's own arithmetic."""
    every = max(1, len(cell.data.x) // (cell.workload.scored_rows or len(cell.data.x)))
    return reference.loss(cell.workload.task, host_params(cell, state), cell.data.x[::every], cell.data.y[::every])


def held_out_scores(cell: PreparedCell, state: Any) -> tuple[float | None, float | None]:
    """Loss and accuracy on the held-out rows; without any, the accuracy on the training rows alone."""
    task, data, params = cell.workload.task, cell.data, host_params(cell, state)
    held_out = len(data.held_out_x) > 0
    x, y = (data.held_out_x, data.held_out_y) if held_out else (data.x, data.y)
    accuracy = reference.accuracy(task, reference.predict(task, params, x), y)
    return reference.loss(task, params, x, y) if held_out else None, accuracy
