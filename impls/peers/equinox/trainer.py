"""Three Equinox trainers: a model is a pytree, so that jax transforms it; the ways differ in how it enters `jit`.

`FilterJit` passes the model itself to `eqx.filter_jit`, which at every call sorts its leaves into arrays and the rest,
and waits for the result. `Partition` sorts once: `jax.jit` gets the arrays, still in the shape of the model, and the
rest joins them inside. `Leaves` unfolds the model once too: a list of arrays goes round, and no layer of the model
is walked through between two steps.

Source: "All of Equinox" (https://docs.kidger.site/equinox/all-of-equinox/), which has the first two as equally valid,
and "Low-overhead training loops" (https://docs.kidger.site/equinox/tricks/#low-overhead-training-loops).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv, Mlp, Transformer, map_leaves
from triptych.impls.peers.equinox import conv, mlp, transformer
from triptych.impls.peers.recipe import loss_of, optimizer_of
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task

NETWORKS: dict[type, Any] = {Mlp: mlp, Conv: conv, Transformer: transformer}

Model = Any
"""An `eqx.Module` with the arrays at its leaves."""

State = tuple[Model, optax.OptState]
"""The model, and what the optimizer remembers."""

Step = Callable[[Any, Batch], tuple[Any, LossValue]]


def predict(task: Task, model: Model, x: Array) -> Float32[Array, "..."]:
    """The network's outputs for a batch."""
    z = jax.vmap(model)(x)
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(model: Model, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    return loss_of(task, predict(task, model, x), y)


def train_step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
    """Loss, gradient and update: the whole step, so that one compiled program does it all."""
    model, opt_state = state
    value, grads = eqx.filter_value_and_grad(loss)(model, task, batch)
    updates, opt_state = optimizer_of(task).update(grads, opt_state, eqx.filter(model, eqx.is_array))
    return (eqx.apply_updates(model, updates), opt_state), value


def start(task: Task, params: Params) -> State:
    """Copies the parameters, since a step donates them, into a model."""
    model = NETWORKS[type(task.network)].take_in(task.network, jax.tree.map(jnp.array, params))
    return model, optimizer_of(task).init(eqx.filter(model, eqx.is_array))


def empty(task: Task) -> State:
    """A state with shapes in place of its arrays."""
    params = map_leaves(lambda shape: jax.ShapeDtypeStruct(shape, jnp.float32), task.network.shapes())
    return eqx.filter_eval_shape(partial(start, task), params)


def params_of(task: Task, model: Model) -> Params:
    """The parameters in the canonical layout."""
    return NETWORKS[type(task.network)].give_back(model)


@dataclass(frozen=True)
class FilterJit:
    """The filtered transformations: `eqx.filter_jit` finds the arrays of whatever it is given."""

    task: Task

    def init(self, params: Params) -> State:
        """The model and the optimizer's state."""
        return start(self.task, params)

    @cached_property
    def step(self) -> Step:
        """One compiled update; all but the first argument, the batch, is donated.

        "warn" rather than "all": both donate the same, but "all" sets a filter of warnings at every call.
        """

        @eqx.filter_jit(donate="warn-except-first")
        def make_step(batch: Batch, state: State) -> tuple[State, LossValue]:
            return train_step(self.task, state, batch)

        return lambda state, batch: make_step(batch, state)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return params_of(self.task, state[0])


@dataclass(frozen=True)
class Partition:
    """The same by hand: `eqx.partition` once, `jax.jit` on the arrays, `eqx.combine` inside."""

    task: Task

    def init(self, params: Params) -> State:
        """The arrays of the model, and the optimizer's state."""
        model, opt_state = start(self.task, params)
        arrays, _ = eqx.partition(model, eqx.is_array)
        return arrays, opt_state

    @cached_property
    def step(self) -> Step:
        """One compiled update; the state given in is donated."""
        _, static = eqx.partition(empty(self.task)[0], lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))

        def make_step(state: State, batch: Batch) -> tuple[State, LossValue]:
            arrays, opt_state = state
            (model, opt_state), value = train_step(self.task, (eqx.combine(arrays, static), opt_state), batch)
            return (eqx.filter(model, eqx.is_array), opt_state), value

        return jax.jit(make_step, donate_argnums=0)

    def params(self, state: State) -> Params:
        """The parameters in the canonical layout."""
        return params_of(self.task, state[0])


@dataclass(frozen=True)
class Leaves:
    """The low-overhead loop: a list of arrays goes in and out, and the model is there only while jax traces."""

    task: Task

    @cached_property
    def tree(self) -> Any:
        """What a list of leaves is unfolded from and to."""
        return jax.tree.structure(empty(self.task))

    def init(self, params: Params) -> list[Array]:
        """All arrays of the model and of the optimizer's state in one list."""
        return jax.tree.leaves(start(self.task, params))

    @cached_property
    def step(self) -> Step:
        """One compiled update; the list given in is donated."""

        def make_step(leaves: list[Array], batch: Batch) -> tuple[list[Array], LossValue]:
            state, value = train_step(self.task, jax.tree.unflatten(self.tree, leaves), batch)
            return jax.tree.leaves(state), value

        return jax.jit(make_step, donate_argnums=0)

    def params(self, state: list[Array]) -> Params:
        """The parameters in the canonical layout."""
        return params_of(self.task, jax.tree.unflatten(self.tree, state)[0])
