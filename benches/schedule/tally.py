"""Counts cells without timing them: one worker, one cell after another, each from cold caches."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from triptych.benches.arms.process import Arm, Worker, WorkerLost, fingerprint_of
from triptych.benches.record.counts import Counts
from triptych.benches.record.run import Cell, Fingerprint
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS
from triptych.benches.worker import messages
from triptych.benches.workloads.published import WORKLOADS, save

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
    cells = [Cell(workload, trainer, "cpu") for workload in WORKLOADS for trainer in compiled]
    cells += [Cell(workload, trainer, "cpu", "scan") for workload in DEFAULT_WORKLOADS for trainer in compiled]
    return cells + [Cell(workload, "naive", "cpu") for workload in DEFAULT_WORKLOADS]


def count_cells(cells: Sequence[Cell], arm: Arm, start: Callable[[Arm], Worker] = Worker) -> Tally:
    """Counts built-in trainers on an arm. A cell that ends the worker is said so of, and the next gets a fresh one.

    Raises:
        WorkerLost: If no worker can start.
    """
    counted: dict[Cell, Counts | str] = {}
    fingerprint = None
    with tempfile.TemporaryDirectory(prefix="triptych-") as folder:
        paths = {name: save(WORKLOADS[name], Path(folder)) for name in {cell.workload for cell in cells}}
        while left := [cell for cell in cells if cell not in counted]:
            with start(arm) as worker:
                fingerprint = fingerprint_of(worker, arm)
                _count(worker, left, paths, counted)
    assert fingerprint is not None, "there is a cell to count"
    return Tally(fingerprint, {cell: counted[cell] for cell in cells})


def _count(worker: Worker, cells: list[Cell], paths: dict[str, Path], counted: dict[Cell, Counts | str]) -> None:
    """Fills in cell after cell; returns early, with the reason filled in, when one has ended the worker."""
    for cell in cells:
        spec = messages.Spec(cell, cell.trainer, str(paths[cell.workload]))
        try:
            answer = worker.ask(messages.CompileCold(spec, restart=0, count=True), TIMEOUT_S)
            if isinstance(answer, messages.Compiled):
                answer = worker.ask(messages.Count(spec), TIMEOUT_S)
        except WorkerLost as lost:
            counted[cell] = lost.reason
            return
        counted[cell] = getattr(answer, "counts", getattr(answer, "reason", "no answer"))
