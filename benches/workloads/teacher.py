"""A workload made of nothing but numbers: a student learns what a fixed random network, its teacher, answers.

Real data end where their rows end; a teacher answers as many rows as a sweep over batch sizes asks for, and the
best possible student is known. The recipe, in NumPy and so the same under every release of jax: the teacher is
64-64-8 with tanh, weights normal with variance 1 / in, no biases, seed 0; inputs are standard normal, drawn after
the weights from the same generator; targets are the teacher's outputs, without noise, rounded to float32.

References:
    Gardner and Derrida, "Three unfinished works on the optimal storage capacity of networks", 1989.
    Saad and Solla, "On-line learning in soft committee machines", Physical Review E 52, 1995.
"""

import numpy as np

from triptych.benches.workloads.published import Data, Workload
from triptych.impls.networks import Mlp
from triptych.impls.task import Sgd, Task

SIZES = (64, 64, 8)
ROWS, HELD_OUT_ROWS = 512, 128


def load(rows: int = ROWS) -> Data:
    """That many training rows, x (rows, 64) and y (rows, 8), float32, and the held-out ones, always the same."""
    inputs, hidden, outputs = SIZES
    random = np.random.default_rng(0)
    first = random.standard_normal((inputs, hidden)) / np.sqrt(inputs)
    second = random.standard_normal((hidden, outputs)) / np.sqrt(hidden)
    x = random.standard_normal((HELD_OUT_ROWS + rows, inputs))
    y = np.tanh(x @ first) @ second
    x, y = x.astype(np.float32), y.astype(np.float32)
    return Data(x[HELD_OUT_ROWS:], y[HELD_OUT_ROWS:], x[:HELD_OUT_ROWS], y[:HELD_OUT_ROWS])


TEACHER = Workload(
    name="teacher",
    source="a fixed random network; Saad and Solla, On-line learning in soft committee machines, 1995",
    task=Task(Mlp(SIZES, "tanh"), "identity", "mse", Sgd(0.1)),
    batch_size=32,
    steps=1000,
    target_loss=0.03,
    load=load,
)
