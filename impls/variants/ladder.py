"""The rungs between the naive trainer and the tree_map trainer, one thing changed at a time, and one beyond it.

Each is the tree_map trainer with something of it taken back, so that the way from one rung to the next is one
decision: the whole batch at once instead of sample by sample, the gradient compiled, the update compiled with it,
the old state donated. They are there to be measured (`triptych run --ladder`), not to be learned from.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float32

from triptych.impls.protocol import Batch, Layer, LossValue, Params
from triptych.impls.task import Task
from triptych.impls.treemap import trainer as treemap
from triptych.impls.treemap.trainer import State

Step = Callable[[State, Batch], tuple[State, LossValue]]


@dataclass(frozen=True)
class Rung:
    """The tree_map trainer with another way to take its step."""

    task: Task
    step: Step

    def init(self, params: Params) -> State:
        """As the tree_map trainer does."""
        return treemap.Trainer(self.task).init(params)

    def params(self, state: State) -> Params:
        """As the tree_map trainer does."""
        return state[0]


def batched(task: Task) -> Rung:
    """The whole batch at once, every operation still sent to the device by itself."""
    return Rung(task, partial(treemap.train_step, task))


def compiled_gradient(task: Task) -> Rung:
    """Loss and gradient in one compiled program, the update outside of it: the lesson as published."""
    value_and_grad = jax.jit(jax.value_and_grad(partial(treemap.loss, task=task)))

    def step(state: State, batch: Batch) -> tuple[State, LossValue]:
        value, grads = value_and_grad(state[0], batch=batch)
        return treemap.update(task, state, grads), value

    return Rung(task, step)


def undonated(task: Task) -> Rung:
    """The whole step in one compiled program, its result in new memory."""
    return Rung(task, jax.jit(partial(treemap.train_step, task)))


Vector = Float32[Array, " numbers"]


@dataclass(frozen=True)
class OneVector:
    """All numbers of the tree_map trainer's state in one array, so that a step hands over one instead of many.

    Fast where a step is nearly all dispatch, and a poor way to write a trainer: nothing in it has a name any more.
    """

    task: Task

    def init(self, params: Params) -> Vector:
        """Parameters and moments, one after the other."""
        return ravel_pytree(treemap.Trainer(self.task).init(params))[0]

    @cached_property
    def step(self) -> Callable[[Vector, Batch], tuple[Vector, LossValue]]:
        """One compiled update; the tree is there only while it is traced."""

        def step(vector: Vector, batch: Batch) -> tuple[Vector, LossValue]:
            state, value = treemap.train_step(self.task, self._tree(vector), batch)
            return ravel_pytree(state)[0], value

        return jax.jit(step, donate_argnums=0)

    def params(self, state: Vector) -> Params:
        """The tree again."""
        return self._tree(state)[0]

    @cached_property
    def _tree(self) -> Callable[[Vector], State]:
        """From a vector to the state that it is made of."""
        sizes = self.task.layer_sizes
        empty = [Layer(w=jnp.zeros(shape), b=jnp.zeros(shape[1:])) for shape in itertools.pairwise(sizes)]
        return ravel_pytree(treemap.Trainer(self.task).init(empty))[1]


def one_vector(task: Task) -> OneVector:
    """The whole state as one array."""
    return OneVector(task)
