"""A cell made ready in a worker: its trainer built, its batches on the device, its mode turned into one call."""

import io
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from triptych.benches.record.files import replace_file
from triptych.benches.record.modes import MODES, Mode
from triptych.benches.record.targets import Target, target_named
from triptych.benches.worker import aim, c_loop
from triptych.benches.worker.messages import Spec
from triptych.benches.workloads.published import Data, Params, Workload, batches, read
from triptych.benches.workloads.sizes import workload_named
from triptych.impls.networks import leaves, map_leaves
from triptych.impls.registry import load

LOSSES_PER_RUN = 64
"""The most losses that are stacked inside a loop: 256 bytes.

On the CPU XLA runs the kernels of a loop one after the other only while none of their arrays has more than 512 bytes;
else it schedules them over threads, at a cost that exceeds a small step: with all 2,000 losses in one list a step of
`xor` took more than twice as long.

References:
    XLA, backends/cpu/runtime/thunk_executor.h, `execute_sequential_buffer_threshold`.
"""

UNROLL = 1  # steps that a scan writes out in each turn of its loop


@dataclass
class PreparedCell:
    """A cell made ready: `call` makes `steps_per_call` updates from a state and one of `inputs`."""

    workload: Workload
    data: Data
    trainer: Any
    call: Callable[[Any, Any], tuple[Any, Any]]
    inputs: list[Any]
    steps_per_call: int
    mode: Mode
    data_path: str
    of_jax: bool = True  # whether its state holds an array of jax; else it can be run, and nothing of jax's asked of it
    target: Target | None = None  # what it is compiled for, if that is not there

    def arguments(self) -> tuple[Any, Any]:
        """A state and a batch; or, of a target that is not there, their shapes on it.

        Raises:
            NotImplementedError: If the batch does not divide over its chips.
        """
        arguments = self.start(), self.inputs[0]
        return aim.shapes_on(self.target, *arguments) if self.target else arguments

    def start(self, seed: int = 0) -> Any:
        """A fresh state from the starting values of a seed, ready on the device."""
        params = jax.tree.map(jnp.asarray, starting_values(self.workload.name, self.data_path, seed))
        return self.finish((self.trainer.init(params), None))[0]

    def finish(self, called: tuple[Any, Any]) -> tuple[Any, Any]:
        """Waits for a state and what came with it; for what jax does not compute, as its trainer says."""
        jax.block_until_ready(called if self.of_jax else called[1])
        if wait := getattr(self.trainer, "wait", None):
            wait(called[0])
        return called

    def running(self) -> AbstractContextManager[Any]:
        """The mode's own way to run: as it is, or with jit switched off."""
        return jax.disable_jit() if self.mode == "eager" else nullcontext()


@lru_cache
def starting_values(workload: str, data_path: str, seed: int) -> Params:
    """Drawn once per run and kept beside the data: some recipes draw by jax, which has to compile programs for it."""
    path, recipe = Path(f"{data_path}.seed{seed}.npz"), workload_named(workload)
    if not path.exists():
        written = io.BytesIO()
        np.savez(written, *leaves(recipe.initial_params(seed)))
        replace_file(path, written.getvalue())
    with np.load(path) as arrays:
        drawn = iter(arrays.values())
        return map_leaves(lambda _: next(drawn), recipe.task.network.shapes())


def prepare(spec: Spec) -> PreparedCell:
    """Builds a fresh trainer, so that nothing it has compiled before is there, and puts the batches on the device.

    Raises:
        NotImplementedError: If the trainer does not run this task.
    """
    workload = workload_named(spec.cell.workload, spec.workload)
    data, mode = read(Path(spec.data_path)), spec.cell.mode
    in_c = mode == "limit"
    trainer: Any = c_loop.Loop(workload, data, spec.cell.device) if in_c else load(spec.reference)(workload.task)
    rows = batches(workload, data) if MODES[mode].timed else [filled(workload, data)]
    inputs: list[Any] = [jax.block_until_ready((jnp.asarray(x), jnp.asarray(y))) for x, y in rows]
    if take := getattr(trainer, "take_batch", None):
        inputs = list(map(take, inputs))
    params = jax.tree.map(jnp.asarray, starting_values(workload.name, spec.data_path, 0))
    of_jax = in_c or any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(trainer.init(params)))
    if not of_jax and mode != "step":
        raise NotImplementedError("not applicable: the state holds no array of jax, and this mode is jax's")
    match mode:
        case "limit":
            calling = trainer.call, inputs[:1], workload.steps
        case "floor":
            # what a step costs that computes nothing: the same arrays in, donated as by a compiled step, and out again
            call = jax.jit(lambda state, _: (state, jnp.zeros(())), donate_argnums=0, keep_unused=True)
            calling = call, inputs, 1
        case "step" | "eager" | "compile":
            calling = trainer.step, inputs, 1
        case "scan":
            stacked = tuple(map(jnp.stack, zip(*inputs, strict=True)))
            call = jax.jit(scan_of(trainer.step, len(inputs), workload.steps), donate_argnums=0)
            calling = call, [stacked], workload.steps
    cell = PreparedCell(workload, data, trainer, *calling, mode, spec.data_path, of_jax)
    if mode != "compile":
        return cell
    program = aim.one_program(trainer.step, cell.start(), inputs[0])
    return replace(cell, target=target_named(spec.target), call=program)


def filled(workload: Workload, data: Data) -> list[np.ndarray]:
    """One batch for its shapes alone: where the rows do not fill it, they come again."""
    return [np.resize(rows, (workload.batch_size, *rows.shape[1:])) for rows in (data.x, data.y)]


def scan_of(step: Callable[..., Any], n_batches: int, steps: int) -> Callable[..., Any]:
    """A whole training as one program: `steps` steps over batches stacked along the first axis.

    The steps are scanned in runs of equal length, so that no loop stacks many losses; see `LOSSES_PER_RUN`.
    """

    def train(state: Any, stacked: Any) -> tuple[Any, Any]:
        def body(state: Any, t: Any) -> tuple[Any, Any]:
            return step(state, jax.tree.map(lambda rows: rows[t % n_batches], stacked))

        def run(state: Any, ts: Any) -> tuple[Any, Any]:
            return jax.lax.scan(body, state, ts, unroll=UNROLL)

        state, losses = jax.lax.scan(run, state, jnp.arange(steps).reshape(-1, run_length(steps)))
        return state, losses.ravel()

    return train


def run_length(steps: int) -> int:
    """The largest divisor of a number of steps up to `LOSSES_PER_RUN`."""
    return next(length for length in range(min(LOSSES_PER_RUN, steps), 0, -1) if steps % length == 0)


def why_it_leaves_the_device(cell: PreparedCell) -> str | None:
    """Runs one step on abstract arrays: a step that asks for a value on the host cannot go on without one.

    A transfer guard sees the same on an accelerator, but on the CPU device and host share their memory and no
    transfer ever happens that it could see.
    """
    if not MODES[cell.mode].traced or not cell.of_jax:
        return None
    try:
        jax.eval_shape(cell.call, cell.start(), cell.inputs[0])
    except jax.errors.JAXTypeError as error:
        return f"a step moves data to the host ({type(error).__name__}), so every block has a transfer inside"
    return None
