"""Eight trainers, each of which breaks exactly one law: proof that every check can fail, and fails alone.

All are the tree_map trainer with one mistake that people make. They are also trainers that import nothing of the
protocol: any value with `init`, `step` and `params` is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import trainer_of

from triptych.impls.task import Task
from triptych.impls.treemap import trainer

RANDOM = np.random.default_rng(0)
LOSS = jax.jit(trainer.loss, static_argnums=1)


@dataclass(frozen=True)
class Made:
    """A trainer as three plain functions."""

    init: Callable[[Any], Any]
    step: Callable[[Any, Any], tuple[Any, Any]]
    params: Callable[[Any], Any]


def sound(task: Task) -> Made:
    """The tree_map trainer of perceptrons, compiled once per task for all that are built on it."""
    assert task.layer_sizes, "another network has none, and refuses"
    trainer = trainer_of("treemap", task)
    return Made(trainer.init, trainer.step, trainer.params)


def next_number(array: jax.Array) -> jax.Array:
    """Every number one unit in the last place further up."""
    return jnp.array(np.nextafter(np.asarray(array), np.float32(np.inf)))


def nudges_its_start(task: Task) -> Made:
    """Breaks law 1: the starting values come back one unit in the last place higher."""
    trainer = sound(task)
    return replace(trainer, init=lambda params: trainer.init(jax.tree.map(next_number, params)))


def keeps_a_log(task: Task) -> Made:
    """Breaks law 2: every step adds its loss to the state."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        inner, log = state
        inner, loss = trainer.step(inner, batch)
        return (inner, [*log, np.asarray(loss)]), loss

    return Made(lambda params: (trainer.init(params), []), step, lambda state: trainer.params(state[0]))


def rolls_dice(task: Task) -> Made:
    """Breaks law 3: a random generator of the whole process decides how the last bit is rounded."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        state, loss = trainer.step(state, batch)
        return (jax.tree.map(next_number, state) if RANDOM.random() < 0.5 else state), loss

    return replace(trainer, step=step)


def tells_the_loss_after(task: Task) -> Made:
    """Breaks law 4: the loss is that of the updated parameters."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        state, _ = trainer.step(state, batch)
        return state, LOSS(trainer.params(state), task, batch)

    return replace(trainer, step=step)


def forgets_bias_correction(task: Task) -> Made:
    """Breaks law 5: to Adam every step is a late one, so that it divides by 1 - b1**t = 1."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        params, moments = state
        late = moments and (*moments[:2], jnp.full_like(moments[2], 1e9))
        return trainer.step((params, late), batch)

    return replace(trainer, step=step)


def stops_early(task: Task) -> Made:
    """Breaks law 6: after 20 updates the parameters stay where they are."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        inner, count = state
        if count < 20:
            inner, loss = trainer.step(inner, batch)
        else:
            _, loss = trainer.step(jax.tree.map(jnp.array, inner), batch)
        return (inner, count + np.int32(1)), loss

    return Made(lambda params: (trainer.init(params), np.int32(0)), step, lambda state: trainer.params(state[0]))


def traces_anew(task: Task) -> Made:
    """Breaks law 7: every step asks jax for the shapes of a function that it has never seen."""
    trainer = sound(task)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        jax.eval_shape(lambda array: array.T, batch[0])
        return trainer.step(state, batch)

    return replace(trainer, step=step)


def donates_what_it_was_given(task: Task) -> Made:
    """Breaks law 8: init keeps the caller's arrays, and the first step donates them."""
    trainer = sound(task)
    return replace(trainer, init=lambda params: (params, trainer.init(params)[1]))


BROKEN: tuple[Callable[[Task], Made], ...] = (
    nudges_its_start,
    keeps_a_log,
    rolls_dice,
    tells_the_loss_after,
    forgets_bias_correction,
    stops_early,
    traces_anew,
    donates_what_it_was_given,
)
"""In the order of the laws that they break."""
