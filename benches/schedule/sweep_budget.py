"""The seconds of a sweep: its first restart goes from small sizes to large ones, and stops at the deadline.

What a size took in the first restart it will take in every other, and twice that size at least twice as long. A size
that would not fit into the budget any more is left out with its reason, and so are the larger ones.
"""

from collections.abc import Iterable

from triptych.benches.record.run import Cell, CellRecord, Outcome, Settings
from triptych.benches.schedule.job import Job
from triptych.benches.workloads.sizes import size_of, workload_named

GROWTH = 2.0
"""How many times the cost of half its size a size is taken to cost."""

REASON = "left out: the sizes before it leave too little of the budget of {:g} s; --sweep-budget gives more"

Curve = tuple[str, ...]


class SweepBudget:
    """What a sweep has spent, size by size, if every restart takes what the first one took.

    Args:
        settings: Those of the run.
        start_s: Seconds that its workers took to start.
    """

    def __init__(self, settings: Settings, start_s: float) -> None:
        self._restarts, self._budget_s = settings.restarts, settings.sweep_budget_s or 0.0
        self._spent_s = self._restarts * start_s
        self._last_s: dict[Curve, float] = {}

    def refuses(self, jobs: list[Job]) -> str:
        """Why the cells of a size are left out; empty if they are not. Sizes are asked about from small to large."""
        curve = _curve(jobs[0].record.cell)
        needed_s = GROWTH * self._last_s.get(curve, 0.0)
        if self._spent_s + needed_s <= self._budget_s:
            return ""
        self._last_s[curve] = needed_s
        return REASON.format(self._budget_s)

    def spend(self, jobs: list[Job], seconds: float) -> None:
        """Books what a size takes in one restart."""
        self._last_s[_curve(jobs[0].record.cell)] = self._restarts * seconds
        self._spent_s += self._restarts * seconds


def by_size(jobs: Iterable[Job]) -> list[list[Job]]:
    """The cells of each size, small sizes first."""
    grouped: dict[tuple[str, str, str], list[Job]] = {}
    for job in jobs:
        grouped.setdefault((job.record.arm, job.record.cell.workload, job.record.cell.mode), []).append(job)
    return sorted(grouped.values(), key=lambda one: size.size if (size := size_of(one[0].record.cell.workload)) else 0)


def has_rows(record: CellRecord) -> bool:
    """Whether the data fill a batch of a cell; one that they do not is marked as left out."""
    size = size_of(record.cell.workload)
    if size is None or size.axis != "batch" or size.size <= (rows := len(workload_named(size.name).load().x)):
        return True
    reason = f"left out: {size.base} has {rows:,} training rows, too few for a batch of {size.size:,}"
    record.outcome = Outcome("unmeasured", reason)
    return False


def _curve(cell: Cell) -> Curve:
    """What the sizes of one curve have in common."""
    size = size_of(cell.workload)
    return (cell.device, cell.mode, *((size.base, size.axis) if size else (cell.workload,)))
