"""Training to the target loss: the step found is the first one, and every ending is called by its name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import misbehaving
import numpy as np
import pytest

from triptych.benches.record.run import Cell
from triptych.benches.worker import cell, messages, to_target
from triptych.benches.worker.cell import PreparedCell
from triptych.benches.workloads.published import WORKLOADS, save
from triptych.impls.laws import reference


def cell_of(folder: Path, trainer: str = "treemap", workload: str = "xor_adam") -> PreparedCell:
    """A cell as a worker prepares it."""
    path = save(WORKLOADS[workload], folder)
    return cell.prepare(messages.Spec(Cell(workload, trainer, "cpu"), trainer, str(path)))


def ask(seed: int = 0, budget_s: float = 60.0) -> messages.TrainSeed:
    return messages.TrainSeed(seed, 0, budget_s)


def first_step(workload: str, seed: int, most: int) -> int:
    """By float64 NumPy alone: after how many updates the full-batch loss is first at or below the target."""
    work = WORKLOADS[workload]
    data = work.load()
    batches = [(np.asarray(data.x), np.asarray(data.y))] * (most + 10)
    _, losses = reference.train(work.task, work.initial_params(seed), batches)
    return next(step for step, loss in enumerate(losses) if loss <= work.target_loss)


@pytest.mark.parametrize("seed", [0, 6])
def test_the_step_is_the_first_at_the_target(tmp_path: Path, seed: int) -> None:
    """The same as in float64, where every step is looked at; the last loss kept is at the target."""
    found = to_target.train_to_target(cell_of(tmp_path), ask(seed))
    assert found.ending == "reached"
    assert found.steps == first_step("xor_adam", seed, found.steps)
    assert found.curve[-1].step == found.steps
    assert found.curve[-1].loss <= WORKLOADS["xor_adam"].target_loss


def test_a_seed_that_does_not_learn_is_a_miss(tmp_path: Path) -> None:
    """Of seeds 30 and 31 the lesson's network learns from one only; all its steps are made for the other."""
    cell = cell_of(tmp_path)
    missed, reached = (to_target.train_to_target(cell, ask(seed)) for seed in (30, 31))
    assert (missed.ending, missed.steps, missed.diverged_at) == ("missed", 2000, None)
    assert reached.ending == "reached"
    assert missed.curve[-1].loss > 1e-3


def test_the_budget_cuts_and_does_not_miss(tmp_path: Path) -> None:
    """With no time at all one stretch of 20 steps is made."""
    found = to_target.train_to_target(cell_of(tmp_path), ask(budget_s=0.0))
    assert (found.ending, found.steps) == ("cut", 20)
    assert [point.step for point in found.curve] == [0, 20]


def test_a_divergence_is_a_miss_that_says_where(tmp_path: Path) -> None:
    """The sixth loss of this trainer is no number."""
    found = to_target.train_to_target(cell_of(tmp_path, f"{misbehaving.__file__}:Diverger", "xor"), ask())
    assert (found.ending, found.steps, found.diverged_at) == ("missed", 0, 5)


def test_a_start_at_the_target_takes_no_step(tmp_path: Path) -> None:
    """With a target above the first loss."""
    cell = cell_of(tmp_path)
    cell.workload = replace(cell.workload, target_loss=10.0)
    found = to_target.train_to_target(cell, ask())
    assert (found.ending, found.steps, found.seconds) == ("reached", 0, 0.0)


def test_stretches_of_batches_go_on_where_the_last_ended(tmp_path: Path) -> None:
    """On 44 batches in turn the search makes the same steps as one loop."""
    cell = cell_of(tmp_path, workload="digits")
    cell.workload = replace(cell.workload, target_loss=0.35)
    found = to_target.train_to_target(cell, ask(1))
    assert found.steps > len(cell.inputs)
    work = WORKLOADS["digits"]
    data = work.load()
    batches = [(x[:32], y[:32]) for x, y in ((data.x[at:], data.y[at:]) for at in range(0, len(data.x) - 31, 32))]
    inputs = [batches[step % len(batches)] for step in range(found.steps)]
    layers, _ = reference.train(work.task, work.initial_params(1), inputs)
    assert found.curve[-1].loss == pytest.approx(reference.loss(work.task, layers, data.x, data.y), rel=1e-3)


def test_a_trainer_that_does_not_repeat_itself_is_refused(tmp_path: Path) -> None:
    """Once it has learned it learns nothing more, so that the same steps do not reach the target again."""
    cell = cell_of(tmp_path)
    step, left = cell.call, iter(range(to_target.train_to_target(cell, ask()).steps + 20))

    def tired(state: Any, batch: Any) -> Any:
        if next(left, None) is None:
            return jax.tree.map(lambda leaf: leaf.copy(), state), jax.numpy.zeros(())
        return step(state, batch)

    cell.call = tired
    with pytest.raises(ValueError, match=r"steps from seed 0 ended at the loss .* when taken again; .* see law 3"):
        to_target.train_to_target(cell, ask())
