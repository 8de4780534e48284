"""The Haiku trainer: a function that makes modules as it goes, turned into pure functions by `hk.transform`.

Haiku keeps the parameters in a dict of dicts of arrays, so that the rest is written as in pure JAX: Optax for the
update, and one `train_step`, compiled whole and with its state donated. Nothing is random here, so the transformed
function is taken without its random key.

Source: https://dm-haiku.readthedocs.io/en/latest/notebooks/basics.html, and `examples/mnist.py` in its repository for
the step with Optax.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import haiku as hk
import jax
import optax
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.peers.haiku import conv, mlp, transformer
from triptych.impls.peers.recipe import loss_of, optimizer_of
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task

NETWORKS = {Mlp: mlp, Conv: conv, Transformer: transformer}

HaikuParams = Any
"""{"layer_0": {"w", "b"}, ...}, as `hk.transform` makes them and takes them, and Optax as any tree."""

State = tuple[HaikuParams, optax.OptState]
"""The parameters, and what the optimizer remembers. Tuples, lists and dicts are cheapest to pass on."""


def predict(task: Task, params: HaikuParams, x: Array) -> Float32[Array, "..."]:
    """The network's output for a batch."""
    forward = hk.without_apply_rng(hk.transform(partial(NETWORKS[type(task.network)].predict, task.network)))
    z = forward.apply(params, x)
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(params: HaikuParams, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    return loss_of(task, predict(task, params, x), y)


def train_step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
    """Loss, gradient and update: the whole step, so that one compiled program does it all."""
    params, opt_state = state
    value, grads = jax.value_and_grad(loss)(params, task, batch)
    updates, opt_state = optimizer_of(task).update(grads, opt_state, params)
    return (optax.apply_updates(params, updates), opt_state), value


@dataclass(frozen=True)
class Trainer:
    """The Haiku trainer of one task."""

    task: Task

    def init(self, params: Params) -> State:
        """Copies the parameters, since a step donates them, under the names that Haiku gives to its layers."""
        weights = NETWORKS[type(self.task.network)].take_in(self.task.network, params)
        return weights, optimizer_of(self.task).init(weights)

    @cached_property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One compiled update; the state given in is donated."""
        return jax.jit(partial(train_step, self.task), donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, state[0])
