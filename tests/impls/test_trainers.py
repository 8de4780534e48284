"""The three trainers compute the oracle's numbers, each in its own way."""

from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import oracle
import pytest
from cases import TRAINERS, network_of, task_id, trainer_of
from jax.dtypes import TypePromotionError
from jaxtyping import TypeCheckError

from triptych.impls import registry
from triptych.impls.laws import reference
from triptych.impls.laws.specimens import (
    BATCH_SIZE,
    OF_OTHERS,
    OTHER_TASKS,
    TASKS,
    Rows,
    batch_of,
    batches_on_host,
    describe,
    start,
)
from triptych.impls.naive import trainer
from triptych.impls.networks import Conv, Mlp, Transformer, leaves
from triptych.impls.protocol import Trainer
from triptych.impls.task import Adam, AdamW, Sgd, Task, losses_of

STEPS = 20

ODD_SIZES = (((1, 1, 1), 1), ((7, 5, 3, 2), 13), ((3, 2), 1))
"""One unit a layer, many layers, none hidden; one sample a batch, a prime number of them."""

ODD_TASKS = [
    (task, size)
    for sizes, size in ODD_SIZES
    for task in (
        Task(Mlp(sizes, "relu"), "identity", "mse", Sgd(0.1)),
        Task(Mlp(sizes, "tanh"), "sigmoid", "bce", Adam(0.01)),
    )
]


def odd_id(value: Task | int) -> str:
    """A task or a batch size as part of a test's name."""
    return task_id(value) if isinstance(value, Task) else str(value)


def agrees_with_the_oracle(trainer: Trainer[Any], task: Task, batches: list[Rows]) -> None:
    """Asserts that the loss of every step and the last parameters are the oracle's."""
    expected, expected_losses = oracle.train(network_of(task), [dict(layer) for layer in start(task)], batches)
    state, losses = trainer.init(start(task)), list[float]()
    for rows in batches:
        state, loss = trainer.step(state, batch_of(rows))
        losses.append(float(loss))
    assert losses == pytest.approx(expected_losses, rel=1e-4, abs=1e-6)
    for layer, of_oracle in zip(trainer.params(state), expected, strict=True):
        assert np.asarray(layer["w"]) == pytest.approx(of_oracle["w"], rel=1e-4, abs=1e-5)
        assert np.asarray(layer["b"]) == pytest.approx(of_oracle["b"], rel=1e-4, abs=1e-5)


def test_every_task_is_every_combination():
    """Two optimizers, three activations, and four pairs of a loss and an output that fits it."""
    assert len(TASKS) == len(set(TASKS)) == 2 * 3 * 4
    assert {(task.loss, task.output) for task in TASKS} == {
        ("mse", "identity"),
        ("mse", "sigmoid"),
        ("bce", "sigmoid"),
        ("softmax_cross_entropy", "identity"),
    }


@pytest.mark.parametrize("task", TASKS, ids=task_id)
@pytest.mark.parametrize("name", TRAINERS)
def test_trainer_agrees_with_the_oracle(name: str, task: Task):
    """20 steps of every optimizer, loss, output and activation; the naive trainer truly eager, by one sample a step."""
    size = 1 if name == "naive" else BATCH_SIZE
    agrees_with_the_oracle(trainer_of(name, task), task, batches_on_host(task, STEPS, size))


@pytest.mark.parametrize(("task", "size"), ODD_TASKS, ids=odd_id)
@pytest.mark.parametrize("name", TRAINERS)
def test_trainer_agrees_on_odd_sizes(name: str, task: Task, size: int):
    """Five steps, whatever the number of units, layers and samples."""
    agrees_with_the_oracle(trainer_of(name, task), task, batches_on_host(task, 5, size))


ODD_OTHERS = [
    (Task(network, "identity", losses_of(network)[-1], optimizer), size)
    for network, size in (
        (Conv((5, 7, 3), (4,), (3,), 1), 1),
        (Conv((1, 2, 1), (2, 3, 4), (2, 1, 2), 3), 5),
        (Transformer(vocabulary=3, context=7, width=5, heads=1, layers=1), 1),
        (Transformer(vocabulary=9, context=1, width=6, heads=3, layers=2), 4),
    )
    for optimizer in OF_OTHERS
]
"""One sample a batch, one layer, head, token or output; images that are not square, strides past their end."""


@pytest.mark.parametrize(
    ("name", "task", "size"),
    [(name, *one) for name in TRAINERS for one in ODD_OTHERS if name != "naive" or isinstance(one[0].optimizer, AdamW)],
    ids=lambda one: describe(one) if isinstance(one, Task) else None,
)
def test_trainer_agrees_on_odd_sizes_of_other_networks(name: str, task: Task, size: int):
    """Six steps by the float64 reference, whose gradient is proven elsewhere; few tasks for the slow one."""
    trainer, batches = trainer_of(name, task), batches_on_host(task, 6, size)
    expected, expected_losses = reference.train(task, start(task), batches)
    state, losses = trainer.init(start(task)), list[float]()
    for rows in batches:
        state, loss = trainer.step(state, batch_of(rows))
        losses.append(float(loss))
    assert losses == pytest.approx(expected_losses, rel=1e-4, abs=1e-6)
    for got, wanted in zip(leaves(trainer.params(state)), leaves(expected), strict=True):
        assert np.asarray(got) == pytest.approx(wanted, rel=2e-4, abs=2e-5)


@pytest.mark.parametrize("name", ["treemap", "flax_optax"])
@pytest.mark.parametrize("task", OTHER_TASKS[-1:], ids=describe)
def test_no_token_sees_a_later_one(name: str, task: Task):
    """Another last token changes the last loss alone: the gradient of the sum tells which logits moved."""
    params, (x, y) = start(task), batches_on_host(task, 1, 1)[0]
    other = x.copy()
    other[0, -1] = (other[0, -1] + 1) % 11
    outputs = [reference.predict(task, params, rows) for rows in (x, other)]
    assert np.array_equal(outputs[0][0, :-1], outputs[1][0, :-1])
    assert not np.allclose(outputs[0][0, -1], outputs[1][0, -1])
    losses = [
        float(trainer_of(name, task).step(trainer_of(name, task).init(start(task)), batch_of((rows, y)))[1])
        for rows in (x, other)
    ]
    expected = [reference.loss(task, params, rows, y) for rows in (x, other)]
    assert losses == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("task", [TASKS[1], TASKS[-1]], ids=task_id)
def test_naive_trainer_agrees_under_jit_too(task: Task):
    """Its step is one traceable function, so that the harness can put it in a scan."""
    trainer = registry.load("naive")(task)
    step, (x, y) = jax.jit(trainer.step), batch_of(batches_on_host(task, 1)[0])
    eager, eager_loss = trainer.step(trainer.init(start(task)), (x, y))
    jitted, loss = step(trainer.init(start(task)), (x, y))
    assert float(loss) == pytest.approx(float(eager_loss), rel=1e-6)
    for name, array in eager.items():
        assert np.asarray(jitted[name]) == pytest.approx(np.asarray(array), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("weight", "target"), [(-30.0, 1.0), (30.0, 0.0)])
@pytest.mark.parametrize("name", TRAINERS)
def test_certain_and_wrong_costs_the_clipped_loss_and_moves_nothing(name: str, weight: float, target: float):
    """The bce loss clips at 1e-8: -log(1e-8) = 18.420681, with no gradient beyond."""
    trainer = trainer_of(name, Task(Mlp((1, 1), "relu"), "sigmoid", "bce", Sgd(0.5)))
    state = trainer.init([{"w": jnp.full((1, 1), weight), "b": jnp.zeros(1)}])
    state, loss = trainer.step(state, (jnp.ones((1, 1)), jnp.full((1, 1), target)))
    assert float(loss) == pytest.approx(18.420681, rel=1e-6)
    assert trainer.params(state)[0]["w"].item() == weight


@pytest.mark.parametrize("task", TASKS, ids=task_id)
@pytest.mark.parametrize("name", TRAINERS)
def test_trainer_promotes_no_dtype_and_no_rank(name: str, task: Task):
    """Every type and rank is as written; the step is traced and not run, since that is when jax decides on them.

    Optax is excused from dtypes in Adam: its own code takes a float to the power of an int32 step count. Should it
    stop to do so, this test says that the excuse is no longer needed.
    """
    trainer = trainer_of(name, task)
    state, batch = trainer.init(start(task)), batch_of(batches_on_host(task, 1)[0])
    with jax.numpy_rank_promotion("raise"):
        jax.eval_shape(trainer.step, state, batch)
    excused = name == "flax_optax" and isinstance(task.optimizer, Adam)
    with jax.numpy_dtype_promotion("strict"), pytest.raises(TypePromotionError) if excused else nullcontext():
        jax.eval_shape(trainer.step, state, batch)


def compiled_by_a_first_step(name: str, task: Task) -> list[str]:
    """The names of the programs that a new trainer's first step compiles."""
    trainer, batch = registry.load(name)(task), batch_of(batches_on_host(task, 1, size=7)[0])
    state = trainer.init(start(task))
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **details: str | int) -> None:
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(str(details["fun_name"]))

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        trainer.step(state, batch)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return compiled


def test_naive_trainer_stays_naive():
    """Its first step compiles many small programs, operation by operation, and none is a step or a loss."""
    compiled = compiled_by_a_first_step("naive", Task(Mlp((3, 11, 2), "tanh"), "sigmoid", "bce", Adam(0.01)))
    assert len(compiled) > 20
    assert {"jit(matmul)", "jit(multiply)"} <= set(compiled)
    assert not [name for name in compiled if "step" in name or "loss" in name or "predict" in name or "update" in name]


@pytest.mark.parametrize("name", ["treemap", "flax_optax"])
def test_compiled_trainer_compiles_one_program(name: str):
    """The whole step, by its name: what the naive trainer is shown not to do."""
    task = Task(Mlp((3, 11, 2), "tanh"), "sigmoid", "bce", Adam(0.01))
    assert compiled_by_a_first_step(name, task) == ["jit(train_step)"]


@pytest.mark.parametrize("name", ["treemap", "flax_optax"])
def test_compiled_trainer_gives_its_old_state_up(name: str):
    """The step donates every array of the state, so that its memory serves the new one."""
    task = TASKS[-1]
    trainer = trainer_of(name, task)
    state = trainer.init(start(task))
    trainer.step(state, batch_of(batches_on_host(task, 1)[0]))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_signatures_are_checked_while_tests_run():
    """A sample of the wrong rank is refused by the annotation of `predict`, not by an error deep in jax."""
    task = TASKS[0]
    weights = registry.load("naive")(task).init(start(task))
    with pytest.raises(TypeCheckError, match="predict"):
        trainer.predict(task, weights, jnp.ones((5, 3)))
