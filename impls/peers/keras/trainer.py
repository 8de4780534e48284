"""The Keras trainer: a model and an optimizer hold variables, and can be called as functions of them.

On the JAX backend `stateless_call` and `stateless_apply` take the values of all variables and give the new ones, so
that the whole step is a pure function, compiled by `jax.jit`. The guide's example does not donate the state; Keras's
own `fit` does, and so does this. The model has the layers' shapes, and the state has the numbers.

Source: "Writing a training loop from scratch in JAX",
https://keras.io/guides/writing_a_custom_training_loop_in_jax/
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.peers.keras import conv, mlp, transformer
from triptych.impls.peers.keras.backend import keras
from triptych.impls.peers.keras.optimizer import optimizer_of
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, Task

NETWORKS: dict[type, Any] = {Mlp: mlp, Conv: conv, Transformer: transformer}

State = tuple[list[Array], list[Array], list[Array]]
"""The values of the variables that are trained, of the model's others, and of the optimizer's."""


def loss_of(task: Task, p: Float32[Array, "..."], y: Array) -> LossValue:
    """The mean loss of the outputs of a batch."""
    if task.loss == "mse":
        return jnp.mean(keras.losses.mean_squared_error(y, p))
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return jnp.mean(keras.losses.categorical_crossentropy(y, p, from_logits=True))
    return jnp.mean(keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True))


def train_step(task: Task, model: Any, optimizer: Any, state: State, batch: Batch) -> tuple[State, LossValue]:
    """Loss, gradient and update: the whole step, so that one compiled program does it all."""
    weights, others, memory = state
    x, y = batch

    def loss(weights: list[Array]) -> tuple[LossValue, list[Array]]:
        z, new = model.stateless_call(weights, others, x, training=True)
        return loss_of(task, jax.nn.sigmoid(z) if task.output == "sigmoid" else z, y), new

    (value, others), grads = jax.value_and_grad(loss, has_aux=True)(weights)
    weights, memory = optimizer.stateless_apply(memory, grads, weights)
    return (weights, others, memory), value


@dataclass(frozen=True)
class Stateless:
    """The Keras trainer of one task."""

    task: Task

    @cached_property
    def model(self) -> Any:
        """The layers."""
        return NETWORKS[type(self.task.network)].model_of(self.task.network)

    @cached_property
    def optimizer(self) -> Any:
        """The optimizer, which makes its variables beside those of the model."""
        optimizer = optimizer_of(self.task)
        optimizer.build(self.model.trainable_variables)
        return optimizer

    def init(self, params: Params) -> State:
        """Copies the parameters and the starting values of the other variables, since a step donates them."""
        weights = NETWORKS[type(self.task.network)].take_in(self.task.network, params)
        others, memory = self.model.non_trainable_variables, self.optimizer.variables
        return weights, [jnp.array(v.value) for v in others], [jnp.array(v.value) for v in memory]

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""

        def step(state: State, batch: Batch) -> tuple[State, LossValue]:
            return train_step(self.task, self.model, self.optimizer, state, batch)

        return jax.jit(step, donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, state[0])
