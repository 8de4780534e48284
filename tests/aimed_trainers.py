"""treemap with one mistake each, which cost nothing that a test of numbers would see, but work or memory."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task
from triptych.impls.treemap import trainer as treemap
from triptych.impls.treemap.trainer import State
from triptych.impls.variants.ladder import Rung


def undonated(task: Task) -> Rung:
    """The old state's memory is not used again."""
    return Rung(task, jax.jit(partial(treemap.train_step, task)))


def looped(task: Task) -> Rung:
    """Sample by sample in Python, where a map would do."""

    def loss(params: Params, batch: Batch) -> LossValue:
        x, y = batch
        return treemap.loss_of(task, jnp.stack([treemap.predict(task, params, one) for one in x]), y)

    return _rung(task, loss)


def unfused(task: Task) -> Rung:
    """Nothing of the update may be fused with what comes before it."""
    return _rung(task, lambda params, batch: treemap.loss(params, task, batch), lax.optimization_barrier)


def slipped(task: Task) -> Rung:
    """A mean in float64, which a TPU has not."""

    def loss(params: Params, batch: Batch) -> LossValue:
        with jax.enable_x64(new_val=True):
            outputs = jax.vmap(partial(treemap.predict, task, params))(batch[0])
            return jnp.mean(outputs.astype(jnp.float64)).astype(jnp.float32)

    return _rung(task, loss)


def wrapped(task: Task) -> Rung:
    """A function around the compiled step, which does not say what that donates."""
    step = treemap.Trainer(task).step

    def around(state: State, batch: Batch) -> tuple[State, LossValue]:
        return step(state, batch)

    return Rung(task, around)


def _rung(
    task: Task, loss: Callable[[Params, Batch], LossValue], between: Callable[[Params], Params] = lambda grads: grads
) -> Rung:
    def step(state: State, batch: Batch) -> tuple[State, LossValue]:
        value, grads = jax.value_and_grad(loss)(state[0], batch)
        return treemap.update(task, state, between(grads)), value

    return Rung(task, jax.jit(step, donate_argnums=0))
