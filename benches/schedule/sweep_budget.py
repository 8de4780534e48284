"""The seconds of a sweep: its first restart goes from small sizes to large ones, and stops at the deadline.

What a size took in the first restart it will take in every other, and twice that size at least twice as long. A size
that would not fit into the budget any more is left out with its reason, and so are the larger ones.
"""

from collections.abc import Callable, Iterable

from triptych.benches.record.run import CellRecord, Outcome, Settings
from triptych.benches.schedule.job import Job
from triptych.benches.workloads.sizes import size_of, workload_named

GROWTH = 2.0
"""How many times the cost of half its size a size is taken to cost."""

REASON = "left out: the sizes before it leave too little of the budget of {:g} s; --sweep-budget gives more"


def fit(jobs: Iterable[Job], settings: Settings, start_s: float, attempt: Callable[[Job], float]) -> list[Job]:
    """Tries cells, small sizes first; those that fit into the budget, if every restart takes what this one takes.

    Args:
        jobs: The cells.
        settings: Those of the run.
        start_s: Seconds that the workers took to start.
        attempt: Makes a cell ready, and says how many seconds it takes in a restart.
    """
    budget_s, spent_s = (settings.sweep_budget_s or 0.0) / settings.restarts, start_s
    last_s: dict[tuple[str, ...], float] = {}
    kept: list[Job] = []
    for size in _by_size(jobs):
        cell = size[0].record.cell
        found = size_of(cell.workload)
        curve = (cell.device, cell.mode, *((found.base, found.axis) if found else (cell.workload,)))
        needed_s = GROWTH * last_s.get(curve, 0.0)
        if spent_s + needed_s <= budget_s:
            needed_s = sum(map(attempt, size))
            spent_s += needed_s
            kept += size
        else:
            for job in size:
                job.record.outcome = Outcome("unmeasured", REASON.format(settings.sweep_budget_s))
        last_s[curve] = needed_s
    return kept


def _by_size(jobs: Iterable[Job]) -> list[list[Job]]:
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
