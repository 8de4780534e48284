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

from triptych.impls.protocol import Batch, Layer, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, Sgd, Task

ACTIVATIONS = {"relu": nn.relu, "tanh": nn.tanh, "sigmoid": nn.sigmoid}

FlaxParams = Any
"""Flax's own tree, which Optax takes and gives back as any tree: {"Dense_0": {"kernel", "bias"}, ...}."""

State = tuple[FlaxParams, optax.OptState]
"""The parameters, and what the optimizer remembers. Tuples, lists and dicts are cheapest to pass on."""


class Mlp(nn.Module):
    """The network of a task, its layers declared where they are used."""

    task: Task

    @nn.compact
    def __call__(self, x: Float32[Array, "batch inputs"]) -> Float32[Array, "batch outputs"]:
        """The outputs for a batch."""
        *hidden, last = self.task.layer_sizes[1:]
        for width in hidden:
            x = ACTIVATIONS[self.task.activation](nn.Dense(width)(x))
        z = nn.Dense(last)(x)
        return nn.sigmoid(z) if self.task.output == "sigmoid" else z


def loss(params: FlaxParams, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    p = Mlp(task).apply({"params": params}, x)
    assert isinstance(p, jax.Array), "without mutable collections apply returns the output alone"
    if task.loss == "mse":
        return jnp.mean(optax.losses.squared_error(p, y))
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    return jnp.mean(optax.losses.softmax_cross_entropy(p, y))


def optimizer_of(task: Task) -> optax.GradientTransformation:
    """Optax's name for the task's optimizer."""
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        return optax.sgd(optimizer.learning_rate)
    return optax.adam(optimizer.learning_rate, b1=optimizer.b1, b2=optimizer.b2, eps=optimizer.eps)


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
        layers = {
            f"Dense_{i}": {"kernel": jnp.array(layer["w"]), "bias": jnp.array(layer["b"])}
            for i, layer in enumerate(params)
        }
        return layers, optimizer_of(self.task).init(layers)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """Flax's layers in order, under the canonical names."""
        layers = state[0]
        return [
            Layer(w=layers[f"Dense_{i}"]["kernel"], b=layers[f"Dense_{i}"]["bias"])
            for i in range(len(self.task.layer_sizes) - 1)
        ]
