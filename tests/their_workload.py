"""A workload as somebody else would write it: parity of two bits, in one file."""

import numpy as np

from triptych.benches.workloads.published import Data, Workload, glorot
from triptych.impls.networks import Mlp
from triptych.impls.task import Sgd, Task

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
Y = np.array([[0], [1], [1], [0]], np.float32)

WORKLOAD = Workload(
    name="parity",
    source="by hand",
    task=Task(Mlp((2, 4, 1), "tanh"), "sigmoid", "bce", Sgd(0.5)),
    batch_size=4,
    steps=100,
    target_loss=0.6,
    load=lambda: Data(X, Y, X[:0], Y[:0]),
    start=glorot,
)

NO_WORKLOAD = 3
MISNAMED = Workload("pa-rity", "", WORKLOAD.task, 4, 10, 0.1, WORKLOAD.load, glorot)
USURPER = Workload("xor", "", WORKLOAD.task, 4, 10, 0.1, WORKLOAD.load, glorot)
