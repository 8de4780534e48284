"""The Flax NNX trainers: modules that hold their own parameters and are changed in place, called in five ways.

A module and its `nnx.Optimizer` are Python objects, and before every step something has to take the arrays out of
them and put the new ones back. `Jit` lets `nnx.jit` walk through the objects each time; `Cached` walks once, `Tree`
flattens them once, `Split` takes the arrays out before training and rebuilds the objects only while it is traced,
and `Pure` takes them out without the `nnx.Variable` that NNX wraps around each. The program is the same in all.

Source: https://flax.readthedocs.io/en/latest/guides/performance.html, donated as in
https://flax.readthedocs.io/en/latest/migrating/pytorch_to_jax_flax.html; `Tree` is the docstring of `nnx.jit_partial`.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import jax
import optax
from flax import nnx
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.peers.nnx import conv, mlp, transformer
from triptych.impls.peers.nnx.bound import Bind, Bound, Objects
from triptych.impls.peers.recipe import loss_of, optimizer_of
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import Task

NETWORKS = {Mlp: mlp, Conv: conv, Transformer: transformer}

Arrays = nnx.State[Any, Any]
"""What a module and its optimizer hold, each array in its `nnx.Variable`."""

PureState = tuple[Any, optax.OptState]
"""The parameters as dicts of arrays, and what Optax remembers."""


def predict(task: Task, model: Any, x: Array) -> Float32[Array, "..."]:
    """The network's output for a batch."""
    z = model(x)
    return nnx.sigmoid(z) if task.output == "sigmoid" else z


def loss(model: Any, task: Task, batch: Batch) -> LossValue:
    """The mean loss of a batch."""
    x, y = batch
    return loss_of(task, predict(task, model, x), y)


def train_step(task: Task, model: Any, optimizer: nnx.Optimizer[Any], batch: Batch) -> LossValue:
    """Loss, gradient and update, which changes the module and the optimizer in place."""
    value, grads = nnx.value_and_grad(loss)(model, task, batch)
    optimizer.update(model, grads)
    return value


@cache
def skeleton(task: Task) -> Objects:
    """The objects with shapes in place of arrays; what else is in them is the same in every state of a task."""

    def made() -> Objects:
        model = NETWORKS[type(task.network)].Network(task.network, nnx.Rngs(0))
        return model, nnx.Optimizer(model, optimizer_of(task), wrt=nnx.Param)

    return nnx.eval_shape(made)


def take_in(task: Task, params: Params) -> Objects:
    """A module with copies of the parameters, since a step donates them, and a new optimizer."""
    module, optimizer = skeleton(task)
    model = nnx.merge(nnx.graphdef(module), NETWORKS[type(task.network)].take_in(task.network, params))
    return model, nnx.Optimizer(model, optimizer.tx, wrt=nnx.Param)


def give_back(task: Task, objects: Objects | Arrays) -> Params:
    """The module's parameters in the canonical layout."""
    return NETWORKS[type(task.network)].give_back(task.network, nnx.to_pure_dict(nnx.state(objects[0])))


@dataclass(frozen=True)
class Jit:
    """`nnx.jit` as the guides write it: its state is the objects, and it walks through them in every step."""

    task: Task

    def init(self, params: Params) -> Objects:
        """New objects with copies of the parameters."""
        return take_in(self.task, params)

    @cached_property
    def step(self) -> Callable[[Objects, Batch], tuple[Objects, LossValue]]:
        """One compiled update; the arrays of the objects are donated, and the objects get the new ones."""
        update = nnx.jit(partial(train_step, self.task), donate_argnums=(0, 1))

        def step(state: Objects, batch: Batch) -> tuple[Objects, LossValue]:
            return state, update(*state, batch)

        return step

    def params(self, state: Objects) -> Params:
        """The module's parameters in the canonical layout."""
        return give_back(self.task, state)


def step_bound(state: Bound, batch: Batch) -> tuple[Bound, LossValue]:
    """One update of what a step is bound to."""
    return state, state(batch)


@dataclass(frozen=True)
class Cached:
    """`nnx.cached_partial` over `nnx.jit`: it has walked through the objects once, and must find them as they were."""

    task: Task

    def init(self, params: Params) -> Bound:
        """New objects with copies of the parameters, a step bound to them."""
        return Bound(self.bind, take_in(self.task, params)).bound()

    @cached_property
    def bind(self) -> Bind:
        """Binds the one compiled update to objects."""
        return partial(nnx.cached_partial, nnx.jit(partial(train_step, self.task), donate_argnums=(0, 1)))

    @property
    def step(self) -> Callable[[Bound, Batch], tuple[Bound, LossValue]]:
        """One compiled update; the arrays of the objects are donated, and the objects get the new ones."""
        return step_bound

    def params(self, state: Bound) -> Params:
        """The module's parameters in the canonical layout."""
        return give_back(self.task, state.objects)


@dataclass(frozen=True)
class Tree:
    """`nnx.jit_partial` without the graph: it has flattened the objects once, and takes them for plain trees."""

    task: Task

    def __post_init__(self) -> None:
        if not hasattr(nnx, "jit_partial"):
            raise NotImplementedError("this release of Flax has no nnx.jit_partial; take a newer one")

    def init(self, params: Params) -> Bound:
        """New objects with copies of the parameters, a step bound to them."""
        return Bound(self.bind, take_in(self.task, params)).bound()

    @cached_property
    def bind(self) -> Bind:
        """Binds the one compiled update to objects; `nnx.jit_partial` alone would compile another for each."""
        update = nnx.jit_partial(partial(train_step, self.task), *skeleton(self.task), graph=False, donate_argnums=0)

        def bind(*objects: Any) -> Callable[[Batch], LossValue]:
            bound = copy.copy(update)
            bound.partial_args = jax.tree.leaves(objects, is_leaf=lambda leaf: isinstance(leaf, nnx.Variable))
            return bound

        return bind

    @property
    def step(self) -> Callable[[Bound, Batch], tuple[Bound, LossValue]]:
        """One compiled update; the arrays of the objects are donated, and the objects get the new ones."""
        return step_bound

    def params(self, state: Bound) -> Params:
        """The module's parameters in the canonical layout."""
        return give_back(self.task, state.objects)


@dataclass(frozen=True)
class Split:
    """`nnx.split` before the training, and `nnx.merge` inside one `jax.jit`: the state is an `nnx.State`."""

    task: Task

    def init(self, params: Params) -> Arrays:
        """What the objects hold, with copies of the parameters."""
        return nnx.state(take_in(self.task, params))

    @cached_property
    def step(self) -> Callable[[Arrays, Batch], tuple[Arrays, LossValue]]:
        """One compiled update; the state given in is donated."""
        graphdef = nnx.graphdef(skeleton(self.task))

        def step(state: Arrays, batch: Batch) -> tuple[Arrays, LossValue]:
            model, optimizer = nnx.merge(graphdef, state)
            value = train_step(self.task, model, optimizer, batch)
            return nnx.state((model, optimizer)), value

        return jax.jit(step, donate_argnums=0)

    def params(self, state: Arrays) -> Params:
        """The module's parameters in the canonical layout."""
        return give_back(self.task, state)


@dataclass(frozen=True)
class Pure:
    """As `Split`, but the state is plain dicts of arrays, trained by Optax itself: nothing of NNX is left in a step."""

    task: Task

    def init(self, params: Params) -> PureState:
        """Copies of the parameters under the names of the module's attributes, and what Optax adds to them."""
        weights = NETWORKS[type(self.task.network)].take_in(self.task.network, params)
        return weights, optimizer_of(self.task).init(weights)

    @cached_property
    def step(self) -> Callable[[PureState, Batch], tuple[PureState, LossValue]]:
        """One compiled update; the state given in is donated."""
        graphdef = nnx.graphdef(skeleton(self.task)[0])

        def loss_at(weights: Any, batch: Batch) -> LossValue:
            return loss(nnx.merge(graphdef, weights), self.task, batch)

        def step(state: PureState, batch: Batch) -> tuple[PureState, LossValue]:
            weights, opt_state = state
            value, grads = jax.value_and_grad(loss_at)(weights, batch)
            updates, opt_state = optimizer_of(self.task).update(grads, opt_state, weights)
            return (optax.apply_updates(weights, updates), opt_state), value

        return jax.jit(step, donate_argnums=0)

    def params(self, state: PureState) -> Params:
        """The parameters in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, state[0])
