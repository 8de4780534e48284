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

from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, AdamW, Sgd, Task
from triptych.impls.treemap import conv, mlp, transformer

NETWORKS = {Mlp: mlp, Conv: conv, Transformer: transformer}

Moments = tuple[Params, Params, Float32[Array, ""]]
"""Adam's running first and second moments of the gradients, and its step count."""

State = tuple[Params, Moments | None]
"""The parameters, and what the optimizer remembers. Tuples, lists and dicts are cheapest to pass on."""


def predict(task: Task, params: Params, x: Array) -> Float32[Array, "..."]:
    """The network's output for one sample; `jax.vmap` makes it one for a batch."""
    z = NETWORKS[type(task.network)].predict(task.network, params, x)
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(params: Params, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    return loss_of(task, jax.vmap(partial(predict, task, params))(x), y)


def loss_of(task: Task, p: Float32[Array, "..."], y: Array) -> LossValue:
    """The mean loss of the outputs of a batch."""
    if task.loss == "mse":
        return jnp.mean((p - y) ** 2)
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(p), axis=-1))
    right = jnp.take_along_axis(p, y[..., None], axis=-1)[..., 0]
    return jnp.mean(jax.nn.logsumexp(p, axis=-1) - right)


def update(task: Task, state: State, grads: Params) -> State:
    """One step of the optimizer, every array at once."""
    params, moments = state
    optimizer = task.optimizer
    rate, decay = optimizer.learning_rate, 0.0
    if isinstance(optimizer, Sgd):
        return jax.tree.map(lambda p, g: p - rate * g, params, grads), None
    assert moments is not None, "an Adam state has moments"
    mean, var, t = moments
    if isinstance(optimizer, AdamW):
        rate, decay, grads = rate_at(optimizer, t), optimizer.weight_decay, clip(grads, optimizer.clip_norm)
    t = t + 1
    b1, b2, eps = optimizer.b1, optimizer.b2, optimizer.eps
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)
    var = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g**2, var, grads)

    def move(p: Array, m: Array, v: Array) -> Array:
        direction = (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps)
        return p - rate * (direction + decay * p if decay else direction)

    return jax.tree.map(move, params, mean, var), (mean, var, t)


def rate_at(optimizer: AdamW, t: Float32[Array, ""]) -> Float32[Array, ""]:
    """The learning rate of step t, counted from 0: up in a line, then down as a cosine."""
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    falling = 0.5 * (1 + jnp.cos(jnp.pi * jnp.minimum((t - warm) / (end - warm), 1)))
    return optimizer.learning_rate * jnp.where(t < warm, t / warm, falling)


def clip(grads: Params, most: float) -> Params:
    """The gradients, shortened together where their norm is more than that."""
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(grads)))
    return jax.tree.map(lambda g: jnp.where(norm < most, g, g / norm * most), grads)


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
