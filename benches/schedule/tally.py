"""Counts cells without timing them, each in a worker of its own."""

import platform
from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.arms.arm import Arm, compiling_arm, platform_arm
from triptych.benches.arms.process import Worker, WorkerLost, Workers, fingerprint_of
from triptych.benches.record.counts import Counts
from triptych.benches.record.files import scratch
from triptych.benches.record.machine import toolchain
from triptych.benches.record.run import Cell
from triptych.benches.record.targets import Target, TargetError, compiler, target_named
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS, NETWORKS
from triptych.benches.worker import messages
from triptych.benches.workloads.published import WORKLOADS, save
from triptych.benches.workloads.sizes import BASES

TIMEOUT_S = 120.0
COMPILED = ("treemap", "flax_optax")

AIMED_AT = ("tpu:v5e", "gpu:h100")  # devices that golden counts are kept of though they are not there


class Tally(NamedTuple):
    """What was counted in one environment."""

    environment: str  # what compiled it; see `toolchain`
    counted: dict[Cell, Counts | str]  # by cell, its counts or why it could not be counted


class Counting(NamedTuple):
    """Cells to be counted: by which arm, and for which device where that is not there."""

    cells: Sequence[Cell]
    arm: Arm
    target: Target | None = None


def built_in_cells() -> list[Cell]:
    """The cells of the exact gate: those that are counted in some twenty seconds.

    What compiles to one program, on every workload; on the default ones also in scan mode, and the naive trainer, whose
    many small programs take the longest to build.
    """
    cells = [Cell(workload, trainer, "cpu") for workload in (*WORKLOADS, "text") for trainer in COMPILED]
    cells += [Cell(workload, trainer, "cpu", "scan") for workload in DEFAULT_WORKLOADS for trainer in COMPILED]
    return cells + [Cell(workload, "naive", "cpu") for workload in DEFAULT_WORKLOADS]


def aimed_cells(target: Target) -> list[Cell]:
    """The cells of the exact gate for a device that is not there."""
    return [Cell(work, trainer, target.label, "compile") for work in NETWORKS for trainer in COMPILED]


def everywhere() -> tuple[list[Counting], list[str]]:
    """What the exact gate counts, on the CPU and for `AIMED_AT`; and of what has no compiler here, why not."""
    found, left_out = [Counting(built_in_cells(), platform_arm("cpu"))], list[str]()
    for target in map(target_named, AIMED_AT):
        try:
            compiler(target.platform)
            found.append(Counting(aimed_cells(target), compiling_arm(target), target))
        except TargetError as error:
            left_out.append(f"{target.name} is not compiled for: {error}.")
    return found, left_out


def count_cells(cells: Sequence[Cell], arm: Arm, target: Target | None = None) -> Tally:
    """Counts built-in trainers on an arm, or for a device that is not there; a cell that cannot be counted says so.

    Neither its cores nor XLA's threads change a count.

    Raises:
        WorkerLost: If no worker can start.
    """
    counted: dict[Cell, Counts | str] = {}
    with scratch("counts") as folder, Workers() as workers:
        paths = {name: save(BASES[name], folder) for name in {cell.workload for cell in cells}}
        with workers.start(arm) as worker:
            fingerprint = fingerprint_of(worker, arm)
        for cell in cells:
            with workers.start(arm) as worker:
                aim = target.name if target else ""
                spec = messages.Spec(cell, cell.trainer, str(paths[cell.workload]), target=aim)
                counted[cell] = _count(worker, spec)
    aimed = f"{target.label}, {compiler(target.platform)}" if target else ""
    return Tally(toolchain(fingerprint, platform.machine(), aimed), counted)


def _count(worker: Worker, spec: messages.Spec) -> Counts | str:
    """The counts of a cell, or why there are none."""
    try:
        for request in (messages.Hold(spec), messages.Compile(restart=0), messages.Count()):
            answer = worker.ask(request, TIMEOUT_S)
            if isinstance(answer, messages.Failed):
                return answer.reason
    except WorkerLost as lost:
        return lost.reason
    return getattr(answer, "counts", "no answer")
