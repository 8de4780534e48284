"""The tree_map trainer made slower on purpose, by a known amount and in a known way, to see whether the gate notices.

Each function makes a factory of such trainers: `device(200)` computes 200 sines more in every compiled step,
`host(1500)` waits 1,500 ns in Python before it calls the step, and `compile(700)` compiles 700 operations more, which
hardly take time to run. The gate's self-test writes a file that names the amounts it needs.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array

from triptych.impls.protocol import Batch, LossValue
from triptych.impls.task import Task
from triptych.impls.treemap import trainer as treemap
from triptych.impls.treemap.trainer import State
from triptych.impls.variants.ladder import Rung

Factory = Callable[[Task], Rung]


def device(amount: int) -> Factory:
    """That many sines more in every compiled step, one of the other; none ever grows to where the loss would change."""
    return _lengthened(amount, jnp.sin, lambda last: last > 1.5)


def compile(amount: int) -> Factory:  # noqa: A001 - it is called as slowed.compile
    """That many operations more to trace, lower and compile, none of them ever below zero."""
    return _lengthened(amount, lambda far: jnp.abs(far - 1.5), lambda far: far < 0)


def _lengthened(amount: int, operation: Callable[[Array], Array], never: Callable[[Array], Array]) -> Factory:
    """A chain of operations that begins with the loss, and takes its place where that never happens."""

    def make(task: Task) -> Rung:
        def step(state: State, batch: Batch) -> tuple[State, LossValue]:
            state, value = treemap.train_step(task, state, batch)
            last = value
            for _ in range(amount):
                last = operation(last)
            return state, jnp.where(never(last), last, value)

        return Rung(task, jax.jit(step, donate_argnums=0))

    return make


def host(amount: int) -> Factory:
    """That many nanoseconds of waiting in Python before every step."""

    def make(task: Task) -> Rung:
        compiled = treemap.Trainer(task).step

        def step(state: State, batch: Batch) -> tuple[State, LossValue]:
            until = time.perf_counter_ns() + amount
            while time.perf_counter_ns() < until:
                pass
            return compiled(state, batch)

        return Rung(task, step)

    return make
