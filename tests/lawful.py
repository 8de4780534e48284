"""Runs made by hand of a style whose cost is known, for tests of the law of what a style costs."""

from collections.abc import Callable

from msgspec.structs import replace
from runs import XOR, cell_record, run_of

from triptych.benches.analysis.cost import OF_BATCH
from triptych.benches.record.counts import Counts
from triptych.benches.record.run import Cell, CellRecord, Run

STEP_S = 1e-3

ADAM, SGD = (2, 8, 32, 128, 256), (8, 128)

Cost = Callable[[int, int], float]
"""Seconds added to a step, of arrays of the state and modules."""


def measured(
    workload: str, trainer: str, step_s: float, arrays: int, *, losses: tuple[float, ...] = (0.7, 0.1)
) -> CellRecord:
    """Three restarts of two rounds, in each of which the machine was another percent slower."""
    times = {restart: [(1 + restart / 100) * step_s] * 2 for restart in range(3)}
    record = cell_record(trainer, times, losses)
    return replace(record, cell=Cell(workload, trainer, "cpu"), counts=Counts(leaves_in=arrays + OF_BATCH))


def place(workload: str, arrays: int, modules: int, added: Cost) -> list[CellRecord]:
    """Treemap, and a style that takes so much longer."""
    slower = measured(workload, "styled", STEP_S + added(arrays, modules), arrays)
    return [measured(workload, "treemap", STEP_S, arrays), slower]


def run_with(added: Cost, *others: CellRecord) -> Run:
    """All sizes of the law, and other cells."""
    cells = [one for n in ADAM for one in place(f"arrays_adam-arrays{n}", 3 * n + 1, n // 2, added)]
    cells += [one for n in SGD for one in place(f"arrays_sgd-arrays{n}", n, n // 2, added)]
    run = run_of(*cells, *others)
    names = {record.cell.workload for record in run.cells}
    run.workloads = [replace(XOR, name=name) for name in names]
    return run


def a_line(arrays: int, modules: int) -> float:
    """20 microseconds a step, 3 an array, 7 a module."""
    return 20e-6 + 3e-6 * arrays + 7e-6 * modules
