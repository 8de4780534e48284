"""Counts cells without timing them, each in a worker of its own."""

from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker, WorkerLost, Workers, fingerprint_of
from triptych.benches.record.counts import Counts
from triptych.benches.record.files import scratch
from triptych.benches.record.run import Cell, Fingerprint
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS
from triptych.benches.worker import messages
from triptych.benches.workloads.published import WORKLOADS, save
from triptych.benches.workloads.sizes import BASES

TIMEOUT_S = 120.0


class Tally(NamedTuple):
    """What was counted, and where.

    Attributes:
        counted: By cell, its counts or why it could not be counted.
    """

    fingerprint: Fingerprint
    counted: dict[Cell, Counts | str]


def built_in_cells() -> list[Cell]:
    """The cells of the exact gate: those that are counted in some twenty seconds.

    What compiles to one program, on every workload; on the default ones also in scan mode, and the naive trainer, whose
    many small programs take the longest to build.
    """
    compiled = ("treemap", "flax_optax")
    cells = [Cell(workload, trainer, "cpu") for workload in (*WORKLOADS, "text") for trainer in compiled]
    cells += [Cell(workload, trainer, "cpu", "scan") for workload in DEFAULT_WORKLOADS for trainer in compiled]
    return cells + [Cell(workload, "naive", "cpu") for workload in DEFAULT_WORKLOADS]


def count_cells(cells: Sequence[Cell], arm: Arm) -> Tally:
    """Counts built-in trainers on an arm; a cell that cannot be counted is said so of.

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
                counted[cell] = _count(worker, messages.Spec(cell, cell.trainer, str(paths[cell.workload])))
    return Tally(fingerprint, counted)


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
