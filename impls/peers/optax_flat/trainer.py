"""Optax on one vector: Flax's network, with all of its parameters raveled into one array.

A compiled step costs time for every array that it is given, and Adam has three for each of the network's. Here the
state is one vector of parameters and two of moments, whatever the network; inside `jit` the vector is cut up again,
which XLA does for next to nothing. It wants all parameters in one dtype and on one device.

Source: the JAX documentation on `ravel_pytree` (https://docs.jax.dev/en/latest/jax.flatten_util.html), and the Optax
documentation on `optax.flatten`, which does the same for the optimizer alone
(https://optax.readthedocs.io/en/latest/api/transformations.html#optax.flatten).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import numpy as np
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float32

from triptych.impls.flax_optax.trainer import NETWORKS, predict
from triptych.impls.networks import map_leaves
from triptych.impls.peers.recipe import loss_of, optimizer_of
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task

Vector = Float32[Array, " numbers"]

State = tuple[Vector, optax.OptState]
"""All parameters, and what the optimizer remembers, of all of them at once too."""


@dataclass(frozen=True)
class Trainer:
    """The optax_flat trainer of one task."""

    task: Task

    @cached_property
    def unravel(self) -> Callable[[Vector], Any]:
        """What cuts the vector into Flax's tree."""
        network = self.task.network
        zeros = map_leaves(lambda shape: np.zeros(shape, np.float32), network.shapes())
        return ravel_pytree(NETWORKS[type(network)].take_in(network, zeros))[1]

    def loss(self, vector: Vector, batch: Batch) -> LossValue:
        """The mean loss of a batch."""
        x, y = batch
        return loss_of(self.task, predict(self.task, self.unravel(vector), x), y)

    def init(self, params: Params) -> State:
        """Copies the parameters into one vector."""
        vector, _ = ravel_pytree(NETWORKS[type(self.task.network)].take_in(self.task.network, params))
        return vector, optimizer_of(self.task).init(vector)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""

        def train_step(state: State, batch: Batch) -> tuple[State, LossValue]:
            vector, opt_state = state
            value, grads = jax.value_and_grad(self.loss)(vector, batch)
            updates, opt_state = optimizer_of(self.task).update(grads, opt_state, vector)
            moved: Any = optax.apply_updates(vector, updates)
            return (moved, opt_state), value

        return jax.jit(train_step, donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, self.unravel(state[0]))
