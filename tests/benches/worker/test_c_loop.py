"""The C loop computes what the trainers compute, is timed as they are, and says so where it cannot."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import oracle
import pytest

from triptych.benches.record.run import Cell
from triptych.benches.worker import c_loop, messages
from triptych.benches.worker.answers import Measurer
from triptych.benches.worker.cell import scan_of
from triptych.benches.workloads.published import WORKLOADS, batches, save
from triptych.impls.laws import reference
from triptych.impls.networks import Mlp
from triptych.impls.task import Adam, Task
from triptych.impls.treemap.trainer import Trainer

XOR = WORKLOADS["xor"]
DATA = XOR.load()

needs_a_compiler = pytest.mark.skipif(c_loop.compiler() is None, reason="no C compiler on this machine")


def losses_in_c() -> np.ndarray:
    """The loss of every one of the 2,000 steps."""
    loop = c_loop.Loop(XOR, DATA)
    return loop.call(loop.init(XOR.initial_params()), None)[1]


@needs_a_compiler
def test_losses_are_the_float64_references() -> None:
    """Every one of 2,000, within the workload's tolerance; and the two that the lesson prints."""
    _, expected = reference.train(XOR.task, XOR.initial_params(), batches(XOR, DATA) * XOR.steps)
    losses = losses_in_c()
    assert np.allclose(losses, expected, rtol=XOR.parity_rtol, atol=XOR.parity_atol)
    assert losses[0] == pytest.approx(0.77815, abs=5e-6)
    assert losses[-1] == pytest.approx(0.01933, abs=5e-6)


@needs_a_compiler
def test_parameters_are_the_oracles() -> None:
    """After a training of 100 steps, in the canonical layout, from an oracle that shares no code."""
    loop = c_loop.Loop(replace(XOR, steps=100), DATA)
    state, _ = loop.call(loop.init(XOR.initial_params()), None)
    network = oracle.Network("sigmoid", "sigmoid", "bce", ("sgd", 0.5))
    expected, _ = oracle.train(network, XOR.initial_params(), batches(XOR, DATA) * 100)
    for ours, theirs in zip(loop.params(state), expected, strict=True):
        for name in "wb":
            assert np.allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-6)


@needs_a_compiler
def test_losses_are_treemaps() -> None:
    """The scan that it is held against gives the same 2,000 losses."""
    trainer = Trainer(XOR.task)
    state = trainer.init([{k: jnp.asarray(v) for k, v in layer.items()} for layer in XOR.initial_params()])  # pyright: ignore[reportArgumentType]
    stacked = (jnp.asarray(DATA.x)[None], jnp.asarray(DATA.y)[None])
    _, losses = jax.jit(scan_of(trainer.step, 1, XOR.steps))(state, stacked)
    assert np.allclose(losses_in_c(), losses, rtol=XOR.parity_rtol, atol=XOR.parity_atol)


@needs_a_compiler
def test_batches_are_visited_in_turn() -> None:
    """Two batches of two rows: the second step sees the second, the third the first again."""
    pairs = replace(XOR, batch_size=2, steps=50)
    loop = c_loop.Loop(pairs, DATA)
    _, losses = loop.call(loop.init(XOR.initial_params()), None)
    _, expected = reference.train(XOR.task, XOR.initial_params(), batches(pairs, DATA) * 25)
    assert np.allclose(losses, expected, rtol=1e-4)


@needs_a_compiler
def test_it_leaves_small_numbers_alone() -> None:
    """Linked with -ffast-math, gcc's start-up code would turn denormal numbers to 0 for jax and NumPy too."""
    c_loop.build(XOR.task, 4, 1)
    smallest = np.float32(1e-45)
    assert np.array([smallest])[0] * np.float32(1.0) == smallest > 0


@needs_a_compiler
def test_it_is_a_cell_like_any_other(tmp_path: Path) -> None:
    """Compiled, prepared, timed in blocks of whole trainings, and trained to the loss that certifies it."""
    cell = Cell("xor", "c_loop", "cpu", "limit")
    spec = messages.Spec(cell, "c_loop", str(save(XOR, tmp_path)))
    worker = Measurer()
    assert isinstance(worker.handle(messages.Hold(spec)), messages.Held)
    assert isinstance(worker.handle(messages.Compile(restart=0)), messages.Compiled)
    prepared = worker.handle(messages.Prepare(prove=True, block_s=0.012))
    assert isinstance(prepared, messages.Prepared)
    assert (prepared.steps, prepared.steps_per_call, prepared.unroll) == (2000, 2000, None)
    timed = worker.handle(messages.TimeBlock(steps=6000, restart=0, round=0, position=0))
    assert isinstance(timed, messages.BlockTimed)
    assert (timed.block.steps, timed.block.void) == (6000, None)
    trained = worker.handle(messages.Train(restart=0, budget_s=5.0))
    assert isinstance(trained, messages.Trained)
    assert trained.training.final_loss == pytest.approx(0.0193, abs=5e-5)


def test_without_a_compiler_there_is_a_sentence_and_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other rungs stay."""
    monkeypatch.setattr(c_loop, "COMPILERS", ("no-such-compiler",))
    reason = c_loop.why_not(XOR.task)
    assert reason == "no C compiler was found (looked for no-such-compiler)"
    with pytest.raises(NotImplementedError, match="no C compiler was found"):
        c_loop.Loop(XOR, DATA)


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is measured then."""
    monkeypatch.setattr(c_loop, "COMPILERS", ("false",))
    with pytest.raises(NotImplementedError, match=r"could not be compiled by .*false: nothing"):
        c_loop.Loop(XOR, DATA)


@pytest.mark.parametrize(
    "task",
    [
        replace(XOR.task, optimizer=Adam(0.05)),
        replace(XOR.task, network=replace(XOR.task.network, activation="tanh")),
        replace(XOR.task, network=Mlp((2, 3, 3, 1), "sigmoid")),
        WORKLOADS["digits"].task,
        WORKLOADS["digits_conv"].task,
    ],
)
def test_other_tasks_are_refused(task: Task) -> None:
    """It is a limit for one network, and does not pass for another's."""
    assert c_loop.why_not(task) is not None
    with pytest.raises(NotImplementedError, match="take the workload xor"):
        c_loop.Loop(replace(XOR, task=task), DATA)
