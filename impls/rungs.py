"""The rungs between the naive trainer and the tree_map trainer: one thing changed at a time.

Each is the tree_map trainer with something of it taken back, so that the way from one rung to the next is one
decision: the whole batch at once instead of sample by sample, the gradient compiled, the update compiled with it,
the old state donated. They are there to be measured (`triptych run --ladder`), not to be learned from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import jax

from impls import treemap
from impls.protocol import Batch, LossValue, Params
from impls.task import Task
from impls.treemap import State

Step = Callable[[State, Batch], tuple[State, LossValue]]


@dataclass(frozen=True)
class Rung:
    """The tree_map trainer with another way to make its step."""

    task: Task
    make_step: Callable[[Task], Step]

    def init(self, params: Params) -> State:
        """As the tree_map trainer does."""
        return treemap.Trainer(self.task).init(params)

    @cached_property
    def step(self) -> Step:
        """One update, in this rung's way."""
        return self.make_step(self.task)

    def params(self, state: State) -> Params:
        """As the tree_map trainer does."""
        return state.params


def batched(task: Task) -> Rung:
    """The whole batch at once, every operation still sent to the device by itself."""
    return Rung(task, lambda task: partial(treemap.train_step, task))


def compiled_gradient(task: Task) -> Rung:
    """Loss and gradient in one compiled program, the update outside of it: the lesson as published."""

    def make_step(task: Task) -> Step:
        value_and_grad = jax.jit(jax.value_and_grad(partial(treemap.loss, task=task)))

        def step(state: State, batch: Batch) -> tuple[State, LossValue]:
            value, grads = value_and_grad(state.params, batch=batch)
            return treemap.update(task, state, grads), value

        return step

    return Rung(task, make_step)


def undonated(task: Task) -> Rung:
    """The whole step in one compiled program, its result in new memory."""
    return Rung(task, lambda task: jax.jit(partial(treemap.train_step, task)))
