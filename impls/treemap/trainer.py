"""The tree_map trainer: parameters as a pytree, and the whole step compiled as one program.

`jax.tree.map` updates every array at once, whatever the depth, and `jax.jit` around loss, gradient and update
turns hundreds of dispatches into one. The old state is donated, so its memory is used again for the new one.
The optimizer is written out by hand: this is the baseline that a library's cost is measured against.

Source: the lessons of "JAX in Action: Neural Networks from Scratch" on loss and gradients and on the training loop.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, Sgd, Task

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


Moments = tuple[Params, Params, Float32[Array, ""]]
"""Adam's running first and second moments of the gradients, and its step count."""

State = tuple[Params, Moments | None]
"""The parameters, and what the optimizer remembers. Tuples, lists and dicts are cheapest to pass on."""


def predict(task: Task, params: Params, x: Float32[Array, " inputs"]) -> Float32[Array, " outputs"]:
    """The network's output for one sample; `jax.vmap` makes it one for a batch."""
    *hidden, last = params
    for layer in hidden:
        x = ACTIVATIONS[task.activation](x @ layer["w"] + layer["b"])
    z = x @ last["w"] + last["b"]
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(params: Params, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    p = jax.vmap(partial(predict, task, params))(x)
    if task.loss == "mse":
        return jnp.mean((p - y) ** 2)
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(p), axis=-1))


def update(task: Task, state: State, grads: Params) -> State:
    """One step of the optimizer, every array at once."""
    params, moments = state
    optimizer = task.optimizer
    rate = optimizer.learning_rate
    if isinstance(optimizer, Sgd):
        return jax.tree.map(lambda p, g: p - rate * g, params, grads), None
    assert moments is not None, "an Adam state has moments"
    mean, var, t = moments
    t = t + 1
    b1, b2, eps = optimizer.b1, optimizer.b2, optimizer.eps
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)
    var = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g**2, var, grads)

    def move(p: Array, m: Array, v: Array) -> Array:
        return p - rate * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps)

    return jax.tree.map(move, params, mean, var), (mean, var, t)


def train_step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
    """Loss, gradient and update: the whole step, so that one compiled program does it all."""
    value, grads = jax.value_and_grad(loss)(state[0], task, batch)
    return update(task, state, grads), value


@dataclass(frozen=True)
class Trainer:
    """The tree_map trainer of one task."""

    task: Task

    def init(self, params: Params) -> State:
        """Copies the parameters, since a step donates them, and adds Adam's accumulators where they are needed."""
        params = jax.tree.map(jnp.array, params)
        if isinstance(self.task.optimizer, Sgd):
            return params, None
        return params, (jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params), jnp.zeros(()))

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters as they are: this trainer's layout is the canonical one."""
        return state[0]
