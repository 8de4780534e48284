"""The workloads: a task with its data, batch order, starting values, length and source.

Everything that decides the numbers of a training is fixed here, so that every trainer is given the same network,
the same data and the same order. Importing this module costs neither jax nor scikit-learn; both are fetched by
the function that needs them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from triptych.benches.record.run import WorkloadRecord
from triptych.impls import starting_values
from triptych.impls.networks import Conv, Mlp, Network, drawn, map_leaves
from triptych.impls.task import Adam, AdamW, Sgd, Task

Rows = Float32[np.ndarray, "rows ..."] | Int32[np.ndarray, "rows tokens"]
Params = Any  # starting values: the canonical tree of the task's network, its arrays float32 and NumPy's


def glorot(network: Network, seed: int) -> Params:
    """Uniform within sqrt(6 / (in + out)), by NumPy, so that no release of jax changes them; biases 0, scales 1.

    Of a convolution in and out count its nine places.

    References:
        Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    random = np.random.default_rng(seed)

    def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if len(shape) == 1:
            return np.full(shape, float(name == "scale"), np.float32)
        limit = np.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
        return random.uniform(-limit, limit, shape).astype(np.float32)

    return drawn(network.shapes(), draw)


class Data(NamedTuple):
    """Training rows in the order in which they are visited, and the rows that are never trained on (maybe none)."""

    x: Rows
    y: Rows
    held_out_x: Rows
    held_out_y: Rows


@dataclass(frozen=True)
class Workload:
    """What is trained, on what, from where, for how long.

    Attributes:
        source: Where the recipe or the data was published.
        batch_size: Rows of a batch. Batches are consecutive rows of the data, each visited in turn, round and round;
            rows that do not fill a last batch are left out, so that all shapes are equal.
        steps: Updates of one training.
        target_loss: Training loss that counts as learned.
        parity_rtol: Two trainers computed the same if their loss curves agree within this share of the loss,
        parity_atol: plus this much.
        load: Gives the data.
        start: Gives a network's starting values of a seed; seed 0 is the published one.
        reference: Where one of somebody else is found; empty for ours.
        scored_rows: Training rows that the harness's own loss is taken over, evenly spaced; 0 for all.
        bits_per: What a token is, such as "character"; held-out losses are then told in bits per token.
        write: Gives what a trained network writes.
    """

    name: str
    source: str
    task: Task
    batch_size: int
    steps: int
    target_loss: float
    load: Callable[[], Data]
    start: Callable[[Any, int], Params] = glorot
    parity_rtol: float = 1e-3
    parity_atol: float = 1e-6
    reference: str = ""
    scored_rows: int = 0
    bits_per: str = ""
    write: Callable[[Task, Params], str] | None = None

    def initial_params(self, seed: int = 0) -> Params:
        """The starting values of a seed.

        Raises:
            ValueError: If they have not the shapes of the task's network.
        """
        params, shapes = self.start(self.task.network, seed), self.task.network.shapes()
        if (got := map_leaves(np.shape, params)) != shapes:
            raise ValueError(f"the starting values of {self.name} have the shapes {got}; expected {shapes}")
        return params


def batches(workload: Workload, data: Data) -> list[tuple[Rows, Rows]]:
    """The batches of one pass over the data, in order; step t uses batch t modulo their number."""
    size = workload.batch_size
    starts = range(0, len(data.x) - size + 1, size)
    return [(data.x[start : start + size], data.y[start : start + size]) for start in starts]


def save(workload: Workload, folder: Path) -> Path:
    """Writes the data for the workers to read, so that they need not load the library that ships it."""
    path = folder / f"{workload.name}.npz"
    np.savez(path, **workload.load()._asdict())
    return path


def read(path: Path) -> Data:
    """Reads what `save` wrote."""
    with np.load(path) as arrays:
        return Data(**{name: arrays[name] for name in Data._fields})


def describe(workload: Workload) -> WorkloadRecord:
    """A workload in the record's words."""
    task = workload.task
    network, optimizer = f"{task.network.words()}, {task.output} output", task.optimizer.words()
    same = {name: getattr(workload, name) for name in WorkloadRecord.__struct_fields__ if hasattr(workload, name)}
    return WorkloadRecord(network=network, loss=task.loss, optimizer=optimizer, **same)


def _gate(*targets: int) -> Data:
    """The four inputs of a two-bit gate with these targets, nothing held out."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array(targets, np.float32)[:, None]
    return Data(x, y, x[:0], y[:0])


@lru_cache
def _shipped(name: str, *, shape: tuple[int, ...] = (-1,)) -> Data:
    """What scikit-learn ships: shuffled with a fixed seed, a fifth held out, standardised by the training rows."""
    from sklearn import datasets

    bunch: Any = datasets.load_diabetes(scaled=False) if name == "diabetes" else getattr(datasets, f"load_{name}")()
    x, y = bunch.data, np.eye(10)[bunch.target] if name == "digits" else bunch.target[:, None]
    order = np.random.default_rng(0).permutation(len(x))
    held_out, train = np.split(order, [len(x) // 5])
    x, y = _standardise(x, train), _standardise(y, train) if name == "diabetes" else y
    x, y = x.astype(np.float32).reshape(len(x), *shape), y.astype(np.float32)
    return Data(x[train], y[train], x[held_out], y[held_out])


def _standardise(values: np.ndarray, train: np.ndarray) -> np.ndarray:
    spread = values[train].std(axis=0)
    return (values - values[train].mean(axis=0)) / np.where(spread > 0, spread, 1)


DIGITS_CONV = Conv((8, 8, 1), channels=(16, 32), strides=(1, 2), outputs=10)
DIGITS_ADAMW = AdamW(0.005, weight_decay=0.01, clip_norm=1.0, warmup_steps=100, decay_steps=1760)

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Workload(
            name="xor",
            source='"JAX in Action: Neural Networks from Scratch", loss and gradients, training loop',
            task=Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", Sgd(0.5)),
            batch_size=4,
            steps=2000,
            target_loss=0.05,
            load=partial(_gate, 0, 1, 1, 0),
            start=starting_values.lesson_b,
        ),
        Workload(
            name="xor_adam",
            source='"Beyond Pure JAX: Flax & Optax for Elegant ML"',
            task=Task(Mlp((2, 4, 1), "sigmoid"), "sigmoid", "mse", Adam(0.05)),
            batch_size=4,
            steps=2000,
            target_loss=1e-3,
            load=partial(_gate, 0, 1, 1, 0),
            start=starting_values.lesson_c,
        ),
        Workload(
            name="xnor_online",
            source='"How to Train a Neural Network from Scratch in JAX with Example"',
            task=Task(Mlp((2, 16, 1), "relu"), "identity", "mse", Sgd(0.01)),
            batch_size=1,
            steps=2000,
            target_loss=0.21,
            load=partial(_gate, 1, 0, 0, 1),
            start=starting_values.lesson_a,
        ),
        Workload(
            name="digits",
            source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998; shipped by scikit-learn",
            task=Task(Mlp((64, 32, 10), "relu"), "identity", "softmax_cross_entropy", Adam(0.003)),
            batch_size=32,
            steps=880,
            target_loss=0.1,
            load=partial(_shipped, "digits"),
        ),
        Workload(
            name="digits_conv",
            source="Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI 1998; shipped by scikit-learn",
            task=Task(DIGITS_CONV, "identity", "softmax_cross_entropy", DIGITS_ADAMW),
            batch_size=32,
            steps=1760,
            target_loss=0.1,
            load=partial(_shipped, "digits", shape=(8, 8, 1)),
            parity_rtol=0.035,  # thrice treemap against itself, its start moved by one unit in the last place
            scored_rows=256,
        ),
        Workload(
            name="breast_cancer",
            source="Wolberg et al., Breast Cancer Wisconsin (Diagnostic), UCI 1993; shipped by scikit-learn",
            task=Task(Mlp((30, 16, 1), "tanh"), "sigmoid", "bce", Sgd(0.1)),
            batch_size=8,
            steps=570,
            target_loss=0.1,
            load=partial(_shipped, "breast_cancer"),
        ),
        Workload(
            name="diabetes",
            source="Efron et al., Least Angle Regression, Annals of Statistics 2004; shipped by scikit-learn",
            task=Task(Mlp((10, 16, 1), "tanh"), "identity", "mse", Sgd(0.05)),
            batch_size=6,
            steps=590,
            target_loss=0.5,
            load=partial(_shipped, "diabetes"),
        ),
    )
}
