"""Two workloads that are all call and no arithmetic: what they are cut into is varied, and little is computed.

Perceptrons 4 wide on batches of 4, by Adam and by SGD. With n arrays of parameters the state has n arrays by SGD and
3 n + 1 by Adam, in n / 2 layers both times, so that arrays and modules can be told apart; the arithmetic that comes
with a layer, 128 flops forward, takes a fraction of what its two arrays take to be handed over.
"""

import numpy as np

from triptych.benches.workloads.published import Data, Workload, glorot
from triptych.impls.networks import Mlp
from triptych.impls.task import Adam, Optimizer, Sgd, Task

WIDTH, ROWS = 4, 16


def load() -> Data:
    """16 rows of 4 normal numbers, and the sine of their sum; nothing is held out."""
    x = np.random.default_rng(0).standard_normal((ROWS, WIDTH)).astype(np.float32)
    return Data(x, np.sin(x.sum(1, keepdims=True)), x[:0], x[:0, :1])


def _cut(name: str, optimizer: Optimizer) -> Workload:
    return Workload(
        name=name,
        source="made to be cut into many arrays; 16 rows of normal numbers and the sine of their sum",
        task=Task(Mlp((WIDTH, WIDTH, 1), "tanh"), "identity", "mse", optimizer),
        batch_size=WIDTH,
        steps=1000,
        target_loss=0.2,
        load=load,
        start=glorot,
    )


ARRAYS = {one.name: one for one in (_cut("arrays_adam", Adam(0.001)), _cut("arrays_sgd", Sgd(0.01)))}

CUTS = {"arrays_adam": (2, 8, 32, 64, 128, 256), "arrays_sgd": (8, 128)}
"""Into how many arrays of parameters they are cut for the law of what a style costs."""
