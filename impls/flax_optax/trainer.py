"""The Flax + Optax trainer: a Linen module for the network, an Optax transformation for the optimizer.

The libraries own the layout of the parameters and the formulas of the update; what is left to write is the loss
and one `train_step`, compiled whole and with its state donated as in pure JAX. The state is the pair that the
lesson passes around, parameters and optimizer state: `TrainState` would add a step counter that nothing reads,
one more array to dispatch in every step.

Source: the lesson "Beyond Pure JAX: Flax & Optax for Elegant ML".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import Array, Float32

from triptych.impls.flax_optax import conv, mlp, transformer
from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, Adam, Sgd, Task

NETWORKS = {Mlp: mlp, Conv: conv, Transformer: transformer}

FlaxParams = Any
"""Flax's own tree, which Optax takes and gives back as any tree."""

State = tuple[FlaxParams, optax.OptState]
"""The parameters, and what the optimizer remembers. Tuples, lists and dicts are cheapest to pass on."""


def predict(task: Task, params: FlaxParams, x: Array) -> Float32[Array, "..."]:
    """The network's outputs for a batch."""
    z = NETWORKS[type(task.network)].Network(task.network).apply({"params": params}, x)
    return nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(params: FlaxParams, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    return loss_of(task, predict(task, params, x), y)


def loss_of(task: Task, p: Float32[Array, "..."], y: Array) -> LossValue:
    """The mean loss of the outputs of a batch."""
    if task.loss == "mse":
        return jnp.mean(optax.losses.squared_error(p, y))
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return jnp.mean(optax.losses.softmax_cross_entropy(p, y))
    return jnp.mean(optax.losses.softmax_cross_entropy_with_integer_labels(p, y))


def optimizer_of(task: Task) -> optax.GradientTransformation:
    """Optax's name for the task's optimizer."""
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        return optax.sgd(optimizer.learning_rate)
    b1, b2, eps = optimizer.b1, optimizer.b2, optimizer.eps
    if isinstance(optimizer, Adam):
        return optax.adam(optimizer.learning_rate, b1=b1, b2=b2, eps=eps)
    rate = optax.warmup_cosine_decay_schedule(
        0.0, optimizer.learning_rate, optimizer.warmup_steps, optimizer.decay_steps
    )
    adamw = optax.adamw(rate, b1=b1, b2=b2, eps=eps, weight_decay=optimizer.weight_decay)
    return optax.chain(optax.clip_by_global_norm(optimizer.clip_norm), adamw)


def train_step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
    """Loss, gradient and update: the whole step, so that one compiled program does it all."""
    params, opt_state = state
    value, grads = jax.value_and_grad(loss)(params, task, batch)
    updates, opt_state = optimizer_of(task).update(grads, opt_state, params)
    return (optax.apply_updates(params, updates), opt_state), value


@dataclass(frozen=True)
class Trainer:
    """The Flax + Optax trainer of one task."""

    task: Task

    def init(self, params: Params) -> State:
        """Copies the parameters, since a step donates them, under the names that Flax gives to its layers."""
        weights = NETWORKS[type(self.task.network)].take_in(self.task.network, params)
        return weights, optimizer_of(self.task).init(weights)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, state[0])
