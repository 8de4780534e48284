"""What the tests of the trainers share: the trainers' names, and tasks in the words of pytest and of the oracle."""

from functools import cache
from typing import Any

import oracle

from triptych.impls import registry
from triptych.impls.protocol import Trainer
from triptych.impls.task import Adam, Task

TRAINERS = ("naive", "treemap", "flax_optax")


def task_id(task: Task) -> str:
    """A task as part of a test's name."""
    optimizer = type(task.optimizer).__name__.lower()
    sizes = "-".join(map(str, task.layer_sizes))
    return f"{sizes}-{task.activation}-{task.output}-{task.loss}-{optimizer}"


def network_of(task: Task) -> oracle.Network:
    """A task as the oracle reads it."""
    o = task.optimizer
    optimizer = ("adam", o.learning_rate, o.b1, o.b2, o.eps) if isinstance(o, Adam) else ("sgd", o.learning_rate)
    return oracle.Network(task.activation, task.output, task.loss, optimizer)


@cache
def trainer_of(name: str, task: Task) -> Trainer[Any]:
    """The trainer of a task, one for all tests of a process, so that each task is compiled once."""
    return registry.load(name)(task)
