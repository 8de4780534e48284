"""The physical limit: the lesson's XOR training as a plain C loop, compiled on this machine for this machine.

A cell in the mode "limit" is this loop in place of a trainer. It is prepared, trained, certified and timed as any
other, in the rounds of the run, so that its ratio to a trainer is a paired ratio like any other.
"""

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from triptych.benches.record.files import scratch
from triptych.benches.workloads.published import Data, Workload, batches
from triptych.impls.networks import Mlp
from triptych.impls.task import Sgd, Task

SOURCE = Path(__file__).with_name("c_loop.c")
COMPILERS = ("gcc", "cc", "clang")
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC")
Vector = Float32[np.ndarray, " numbers"]


def compiler() -> str | None:
    """The path of a C compiler, or None where there is none."""
    return next((path for name in COMPILERS if (path := shutil.which(name))), None)


def why_not(task: Task, device: str = "cpu") -> str | None:
    """Why the loop in C cannot train a task on a device of this machine, or None if it can."""
    if device != "cpu":
        return "the loop in C runs on the CPU only"
    network = task.network
    layers = (len(network.layer_sizes), network.layer_sizes[-1]) if isinstance(network, Mlp) else ()
    others = (task.output, task.loss, getattr(network, "activation", None), type(task.optimizer))
    if layers != (3, 1) or others != ("sigmoid", "bce", "sigmoid", Sgd):
        return "the loop in C knows one hidden layer, one output, sigmoid, bce and SGD only; take the workload xor"
    if compiler() is None:
        return f"no C compiler was found (looked for {', '.join(COMPILERS)})"
    return None


class Loop:
    """The C loop of a workload, in the shape of a trainer whose state is one NumPy vector.

    Raises:
        NotImplementedError: If `why_not` has a reason, or the compiler fails.
    """

    def __init__(self, workload: Workload, data: Data, device: str = "cpu") -> None:
        if reason := why_not(workload.task, device):
            raise NotImplementedError(reason)
        self._workload = workload
        rows = batches(workload, data)
        self._x, self._y = (np.ascontiguousarray(np.stack(parts), np.float32) for parts in zip(*rows, strict=True))
        self._train = build(workload.task, workload.batch_size, len(rows))

    def init(self, params: Any) -> Vector:
        """The arrays one after the other, w then b, layer by layer."""
        return np.concatenate([np.ravel(np.asarray(layer[name], np.float32)) for layer in params for name in "wb"])

    def call(self, state: Vector, _batch: Any) -> tuple[Vector, Vector]:
        """The whole training, `state` updated in place; and every step's loss."""
        optimizer, steps = self._workload.task.optimizer, self._workload.steps
        losses = np.empty(steps, np.float32)
        addresses = (array.ctypes.data for array in (state, self._x, self._y))
        self._train(*addresses, optimizer.learning_rate, steps, losses.ctypes.data)
        return state, losses

    def params(self, state: Vector) -> list[dict[str, np.ndarray]]:
        """The canonical layout."""
        inputs, hidden, _ = self._workload.task.layer_sizes
        w1, b1, w2, b2 = np.split(state, np.cumsum([inputs * hidden, hidden, hidden]))
        return [{"w": w1.reshape(inputs, hidden), "b": b1}, {"w": w2.reshape(hidden, 1), "b": b2}]


def build(task: Task, batch_size: int, n_batches: int) -> Callable[..., None]:
    """Compiles the C file for these sizes and loads its `train`.

    It is linked without -ffast-math: with it gcc would add code that turns small numbers to 0 in the whole process.

    Raises:
        NotImplementedError: If the compiler fails; its first words are in the message.
    """
    inputs, hidden, _ = task.layer_sizes
    defines = [f"-DIN={inputs}", f"-DHIDDEN={hidden}", f"-DBATCH={batch_size}", f"-DBATCHES={n_batches}"]
    program = compiler()
    assert program is not None, "why_not has seen to it"
    with scratch("c-loop") as folder:
        compiled, library = folder / "limit.o", folder / "limit.so"
        _do([program, *FLAGS, *defines, "-c", str(SOURCE), "-o", str(compiled)])
        _do([program, "-shared", str(compiled), "-o", str(library), "-lm"])
        train = ctypes.CDLL(str(library)).train
    pointer = ctypes.c_void_p
    train.argtypes, train.restype = [pointer, pointer, pointer, ctypes.c_float, ctypes.c_int, pointer], None
    return train


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or "nothing").splitlines()[0]
        raise NotImplementedError(f"the loop in C could not be compiled by {command[0]}: {said}")
