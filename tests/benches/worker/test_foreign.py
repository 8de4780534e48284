"""A trainer that jax does not run: its own batches, its own waiting, and nothing of jax's asked of it."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from triptych.benches.arms.arm import platform_arm
from triptych.benches.arms.process import Workers
from triptych.benches.record.modes import Mode
from triptych.benches.record.run import Cell
from triptych.benches.worker import cell, messages, to_target
from triptych.benches.worker.clock import run_calls
from triptych.benches.worker.count import count
from triptych.benches.worker.training import train
from triptych.benches.workloads.published import WORKLOADS, save
from triptych.impls import registry


class Watched:
    """NumPy by hand, which tells what is asked of it."""

    def __init__(self, task: Any) -> None:
        self.own: Any = registry.load("numpy_by_hand")(task)
        self.init, self.params, self.said = self.own.init, self.own.params, list[str]()

    def take_batch(self, batch: Any) -> Any:
        self.said.append("take")
        return self.own.take_batch(batch)

    def step(self, state: Any, batch: Any) -> Any:
        assert all(isinstance(rows, np.ndarray) for rows in batch), "a batch that it has taken"
        self.said.append("step")
        return self.own.step(state, batch)

    def wait(self, state: Any) -> None:
        self.said.append("wait")


class TracesAStart(Watched):
    """Treemap, but that every start traces a function which nobody has seen."""

    def __init__(self, task: Any) -> None:
        own: Any = registry.load("treemap")(task)
        self.step, self.params, self.own = own.step, own.params, own

    def init(self, params: Any) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        jax.eval_shape(lambda array: array.T, jnp.zeros((2, 3)))
        return self.own.init(params)

    take_batch = staticmethod(lambda batch: batch)  # pyright: ignore[reportAssignmentType]
    wait = staticmethod(lambda _: None)  # pyright: ignore[reportAssignmentType]


def spec_of(folder: Path, trainer: str, workload: str = "xor", mode: Mode = "step") -> messages.Spec:
    path = save(WORKLOADS[workload], folder)
    return messages.Spec(Cell(workload, "mine", "cpu", mode), trainer, str(path))


WATCHED = f"{__file__}:Watched"


def test_its_batches_are_taken_once_and_it_is_waited_for_on_both_sides_of_the_clock(tmp_path: Path) -> None:
    """Off the clock one batch is taken; the last word before the clock stops is that all has been computed."""
    prepared = cell.prepare(spec_of(tmp_path, WATCHED))
    assert (prepared.of_jax, prepared.trainer.said) == (False, ["take"])
    run_calls(prepared, 60)
    assert prepared.trainer.said == ["take", "wait", *["step"] * 60, "wait"]


@pytest.mark.parametrize("mode", ["scan", "eager", "floor", "compile"])
def test_the_modes_of_jax_are_not_applicable(tmp_path: Path, mode: Mode) -> None:
    """In one sentence for all of them, and no failure."""
    with pytest.raises(NotImplementedError, match="not applicable: the state holds no array of jax, and this mode is"):
        cell.prepare(spec_of(tmp_path, WATCHED, mode=mode))


def test_what_is_jaxs_is_not_counted(tmp_path: Path) -> None:
    """Its arrays are, and its lines; programs and operations are null, never 0."""
    counts, program = count(cell.prepare(spec_of(tmp_path, WATCHED)), 5, None)
    assert (counts.compilations, counts.jaxpr_equations, counts.xla_flops, program) == (None, None, None, None)
    assert counts.leaves_in == 4 + 2
    assert (counts.trainer_lines or 0) > 0


@pytest.mark.parametrize("workload", ["xor", "xor_adam"])
def test_it_trains_and_reaches_the_target_at_the_same_step(tmp_path: Path, workload: str) -> None:
    """As pure JAX does: a state that is changed in place is made again, where another would be copied."""
    ours, theirs = (cell.prepare(spec_of(tmp_path, name, workload)) for name in (WATCHED, "treemap"))
    found, expected = (to_target.train_to_target(one, messages.TrainSeed(0, 0, 60.0)) for one in (ours, theirs))
    assert (found.ending, found.steps) == ("reached", expected.steps)
    losses = [train(one, messages.Train(0, 60.0)).final_loss for one in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_compiling_is_what_the_first_call_takes_longer_than_the_second(tmp_path: Path) -> None:
    """No program of jax's; and not more than the first call as a whole."""
    with Workers() as workers, workers.start(platform_arm("cpu")) as worker:
        worker.ask(messages.Hold(spec_of(tmp_path, WATCHED)), 60)
        answer = worker.ask(messages.Compile(0), 60)
    assert isinstance(answer, messages.Compiled), answer
    [compiled] = answer.compiles
    assert (compiled.programs, compiled.trace_s, compiled.lower_s) == (0, 0.0, 0.0)
    assert 0 <= compiled.compile_s <= compiled.first_call_s


def test_what_a_start_traces_does_not_make_a_block_void(tmp_path: Path) -> None:
    """The clock is not running yet; a trace inside the block is another matter."""
    with Workers() as workers, workers.start(platform_arm("cpu")) as worker:
        worker.ask(messages.Hold(spec_of(tmp_path, f"{__file__}:TracesAStart")), 60)
        for request in (messages.Compile(0), messages.Prepare(prove=True, block_s=0.01)):
            worker.ask(request, 60)
        answer = worker.ask(messages.TimeBlock(100, 0, 0, 0), 60)
    assert isinstance(answer, messages.BlockTimed), answer
    assert answer.block.void is None
