"""What the laws are tried on: small tasks, and starting values and batches made anew at every call."""

from itertools import product
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from triptych.impls.protocol import Batch, Layer, Params
from triptych.impls.task import OUTPUTS_OF_LOSS, Activation, Adam, Optimizer, Sgd, Task

Rows = tuple[Float32[np.ndarray, "batch inputs"], Float32[np.ndarray, "batch outputs"]]
"""A batch on the host."""

OPTIMIZERS: tuple[Optimizer, ...] = (Sgd(0.1), Adam(0.01))


def every_task(sizes: tuple[int, ...]) -> tuple[Task, ...]:
    """Every optimizer, loss, fitting output and activation on these layers."""
    return tuple(
        Task(sizes, activation, output, loss, optimizer)
        for optimizer, loss, activation in product(OPTIMIZERS, OUTPUTS_OF_LOSS, get_args(Activation))
        for output in OUTPUTS_OF_LOSS[loss]
    )


SIZES = (5, 4, 2)
BATCH_SIZE = 3
"""Small, and all different, so that no two axes can be taken for each other."""

TASKS = every_task(SIZES)
TASK_OF_EACH_OPTIMIZER = tuple(Task(SIZES, "tanh", "sigmoid", "bce", optimizer) for optimizer in OPTIMIZERS)
TASK_OF_EACH_LOSS = tuple(task for task in TASKS if (task.optimizer, task.activation) == (OPTIMIZERS[0], "tanh"))

XOR = Task((2, 8, 1), "tanh", "sigmoid", "bce", Adam(0.05))
XOR_ROWS: Rows = (np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([[0], [1], [1], [0]], np.float32))


def describe(task: Task) -> str:
    """The parts of a task in words."""
    optimizer = type(task.optimizer).__name__.lower()
    return f"{optimizer} on {task.loss} of {task.output} after {task.activation}"


def start(task: Task, seed: int = 0) -> Params:
    """Starting values on the device."""
    random = np.random.default_rng(seed)
    return [
        Layer(w=on_device(random.normal(0, 0.7, (inputs, outputs))), b=on_device(random.normal(0, 0.3, outputs)))
        for inputs, outputs in zip(task.layer_sizes, task.layer_sizes[1:], strict=False)
    ]


def batches_on_host(task: Task, count: int, size: int = BATCH_SIZE, seed: int = 1) -> list[Rows]:
    """That many batches on the host: real targets for mse, bits for bce, one class of several for cross-entropy."""
    random = np.random.default_rng(seed)
    inputs, outputs = task.layer_sizes[0], task.layer_sizes[-1]
    batches: list[Rows] = []
    for _ in range(count):
        x = random.normal(size=(size, inputs))
        y = {
            "mse": random.normal(size=(size, outputs)),
            "bce": random.integers(0, 2, (size, outputs)),
            "softmax_cross_entropy": np.eye(outputs)[random.integers(0, outputs, size)],
        }[task.loss]
        batches.append((x.astype(np.float32), y.astype(np.float32)))
    return batches


def batch_of(rows: Rows) -> Batch:
    """The same batch on the device."""
    x, y = rows
    return on_device(x), on_device(y)


def on_device(array: np.ndarray) -> jax.Array:
    """A float32 copy on the device; `jnp.asarray` might share the host's memory."""
    return jnp.array(array, jnp.float32)
