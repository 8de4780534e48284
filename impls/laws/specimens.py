"""What the laws are tried on: small tasks, and starting values and batches made anew at every call."""

from itertools import product
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Num

from triptych.impls.networks import Activation, Conv, Mlp, Network, Transformer, drawn
from triptych.impls.protocol import Batch, Params
from triptych.impls.task import OUTPUTS_OF_LOSS, Adam, AdamW, Loss, Optimizer, Sgd, Task, losses_of

Rows = tuple[Num[np.ndarray, "batch ..."], Num[np.ndarray, "batch ..."]]
"""A batch on the host."""

OPTIMIZERS: tuple[Optimizer, ...] = (Sgd(0.1), Adam(0.01))

ADAMW = AdamW(0.02, eps=1e-3, weight_decay=0.3, clip_norm=0.7, warmup_steps=4, decay_steps=18)
"""Its steps are clipped and not clipped, warm up, decay, and go on after their end."""

OF_OTHERS: tuple[Optimizer, ...] = (Sgd(0.1), Adam(0.01, eps=1e-3), ADAMW)
"""The bias of a key shifts all scores alike, so that its gradient is rounding, of which a small eps makes a step."""

SIZES = (5, 4, 2)
BATCH_SIZE = 3
"""Small, and all different, so that no two axes can be taken for each other."""

CONV = Conv((5, 7, 3), (4, 6), (2, 1), 2)
TRANSFORMER = Transformer(vocabulary=11, context=7, width=6, heads=2, layers=2)


def every_task(network: Network, optimizers: tuple[Optimizer, ...]) -> tuple[Task, ...]:
    """Every optimizer, loss and fitting output on a network."""
    return tuple(
        Task(network, output, loss, optimizer)
        for optimizer, loss in product(optimizers, losses_of(network))
        for output in OUTPUTS_OF_LOSS[loss]
    )


def each_optimizer(network: Network) -> tuple[Task, ...]:
    """Every optimizer, with the last loss that fits."""
    return tuple(every_task(network, (optimizer,))[-1] for optimizer in OF_OTHERS)


MLPS = tuple(Mlp(SIZES, activation) for activation in get_args(Activation))
TASKS = tuple(task for network in MLPS for task in every_task(network, OPTIMIZERS))
OTHER_TASKS = (
    Task(MLPS[1], "sigmoid", "bce", ADAMW),
    *every_task(CONV, OF_OTHERS[:1])[:-1],
    *each_optimizer(CONV),
    *each_optimizer(TRANSFORMER),
)
"""Losses and optimizers do not know of each other, so that not every pair is tried on every network."""
EVERY_TASK = (*TASKS, *OTHER_TASKS)
TASK_OF_EACH_LOSS = tuple(
    task for network in (MLPS[1], CONV, TRANSFORMER) for task in every_task(network, OF_OTHERS[:1])
)
TASK_OF_EACH_KIND = (
    *(Task(MLPS[1], "sigmoid", "bce", optimizer) for optimizer in OPTIMIZERS),
    *(each_optimizer(network)[-1] for network in (CONV, TRANSFORMER)),
)
"""Every optimizer, and every network."""

XOR = Task(Mlp((2, 8, 1), "tanh"), "sigmoid", "bce", Adam(0.05))
XOR_ROWS: Rows = (np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([[0], [1], [1], [0]], np.float32))


def describe(task: Task) -> str:
    """The parts of a task in words."""
    optimizer, network = type(task.optimizer).__name__.lower(), type(task.network).__name__.lower()
    of = (
        f"{task.output} after {task.network.activation}"
        if isinstance(task.network, Mlp)
        else f"{task.output}, {network}"
    )
    return f"{optimizer} on {task.loss} of {of}"


def start(task: Task, seed: int = 0) -> Params:
    """Starting values on the device, no two arrays alike, the scales of norms near 1."""
    random, spread = np.random.default_rng(seed), 0.3 if isinstance(task.network, Transformer) else 0.7

    def draw(name: str, shape: tuple[int, ...]) -> jax.Array:
        return on_device(random.normal(name == "scale", spread if len(shape) > 1 else 0.3, shape))

    return drawn(task.network.shapes(), draw)


def batches_on_host(task: Task, count: int, size: int = BATCH_SIZE, seed: int = 1) -> list[Rows]:
    """That many batches on the host: real targets for mse, bits for bce, one class of several for cross-entropy."""
    random = np.random.default_rng(seed)
    return [_rows(task, size, random) for _ in range(count)]


def _rows(task: Task, size: int, random: np.random.Generator) -> Rows:
    network = task.network
    if isinstance(network, Transformer):
        tokens = random.integers(0, network.vocabulary, (size, network.context + 1)).astype(np.int32)
        return tokens[:, :-1], tokens[:, 1:]
    inputs = network.image if isinstance(network, Conv) else network.layer_sizes[:1]
    outputs = network.outputs if isinstance(network, Conv) else network.layer_sizes[-1]
    x = random.normal(size=(size, *inputs))
    y: dict[Loss, np.ndarray] = {
        "mse": random.normal(size=(size, outputs)),
        "bce": random.integers(0, 2, (size, outputs)),
        "softmax_cross_entropy": np.eye(outputs)[random.integers(0, outputs, size)],
    }
    return x.astype(np.float32), y[task.loss].astype(np.float32)


def batch_of(rows: Rows) -> Batch:
    """The same batch on the device."""
    x, y = rows
    return on_device(x), on_device(y)


def on_device(array: np.ndarray) -> jax.Array:
    """A copy on the device, of floats in float32; `jnp.asarray` might share the host's memory."""
    return jnp.array(array, jnp.int32 if array.dtype.kind == "i" else jnp.float32)
