"""The tree_map trainer made slower on purpose, by a known amount and in a known way, to see whether the gate notices.

The attribute says the way and the amount: `benches.injections:device_800` computes 800 sines more in every compiled
step, `host_1500` waits 1,500 ns in Python before it calls the step, and `compile_200` compiles 200 operations more,
which hardly take time to run.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp

from impls import treemap
from impls.protocol import Batch, LossValue, Params
from impls.task import Task
from impls.treemap import State

Step = Callable[[State, Batch], tuple[State, LossValue]]


@dataclass(frozen=True)
class Slowed:
    """The tree_map trainer with another way to make its step."""

    make_step: Callable[[Task], Step]
    task: Task | None = None

    def __call__(self, task: Task) -> "Slowed":
        """As a factory: the trainer of a task."""
        return replace(self, task=task)

    def init(self, params: Params) -> State:
        """As the tree_map trainer does."""
        assert self.task is not None, "only a trainer of a task trains"
        return treemap.Trainer(self.task).init(params)

    @cached_property
    def step(self) -> Step:
        """One update, slowed."""
        assert self.task is not None, "only a trainer of a task trains"
        return self.make_step(self.task)

    def params(self, state: State) -> Params:
        """As the tree_map trainer does."""
        assert self.task is not None, "only a trainer of a task trains"
        return treemap.Trainer(self.task).params(state)


def device(amount: int) -> Slowed:
    """So many sines more in every compiled step, one of the other; the last is never as large as would change the loss.

    They are single numbers: a sum over an array of as many made the whole step faster, its buffer having changed how
    XLA's CPU backend runs the other kernels.
    """

    def step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
        state, value = treemap.train_step(task, state, batch)
        last = value
        for _ in range(amount):
            last = jnp.sin(last)
        return state, jnp.where(last > 1.5, last, value)

    return Slowed(lambda task: jax.jit(partial(step, task), donate_argnums=0))


def compile_(amount: int) -> Slowed:
    """So many operations more to trace, lower and compile; a number near the loss, which it never equals, leaves it."""

    def step(task: Task, state: State, batch: Batch) -> tuple[State, LossValue]:
        state, value = treemap.train_step(task, state, batch)
        far = value
        for _ in range(amount):
            far = jnp.abs(far - 1.5)
        return state, jnp.where(far < 0, far, value)

    return Slowed(lambda task: jax.jit(partial(step, task), donate_argnums=0))


def host(amount: int) -> Slowed:
    """So many nanoseconds of waiting in Python before every step."""

    def make_step(task: Task) -> Step:
        compiled = treemap.Trainer(task).step

        def step(state: State, batch: Batch) -> tuple[State, LossValue]:
            until = time.perf_counter_ns() + amount
            while time.perf_counter_ns() < until:
                pass
            return compiled(state, batch)

        return step

    return Slowed(make_step)


KINDS: dict[str, Callable[[int], Slowed]] = {"device": device, "host": host, "compile": compile_}


def __getattr__(name: str) -> Any:
    """For instance `device_800`."""
    kind, _, amount = name.rpartition("_")
    if kind not in KINDS or not amount.isdecimal():
        raise AttributeError(f"no injection is called {name!r}; expected device_N, host_N or compile_N")
    return KINDS[kind](int(amount))
