"""The seconds of a sweep: its first restart goes from small sizes to large ones, and stops at the deadline.

What a size took in the first restart it will take in every other, and twice that size at least twice as long. A size
that would not fit into the budget any more is left out with its reason, and so are the larger ones.
"""

from collections.abc import Callable, Sequence

from triptych.benches.record.modes import MODES
from triptych.benches.record.run import CellRecord, Outcome, Settings
from triptych.benches.schedule.job import Job
from triptych.benches.workloads.sizes import size_of, workload_named

GROWTH = 2.0  # how many times the cost of half its size a size is taken to cost
REASON = "left out: the sizes before it leave too little of the budget of {:g} s; --sweep-budget gives more"


def fit(
    places: list[list[Job]], settings: Settings, clock: Callable[[], float], measure: Callable[[Sequence[Job]], None]
) -> None:
    """Measures places, small sizes first, as long as they fit into the budget of a restart."""
    budget_s, began = (settings.sweep_budget_s or 0.0) / settings.restarts, clock()
    last_s: dict[tuple[str, ...], float] = {}
    for jobs in sorted(places, key=_size):
        found = size_of(jobs[0].place[0])
        curve = (*jobs[0].place[1:], *((found.base, found.axis) if found else jobs[0].place[:1]))
        needed_s, now = GROWTH * last_s.get(curve, 0.0), clock()
        if now - began + needed_s <= budget_s:
            measure(jobs)
            needed_s = clock() - now
        else:
            for job in jobs:
                job.record.outcome = Outcome("unmeasured", REASON.format(settings.sweep_budget_s))
        last_s[curve] = needed_s


def _size(jobs: Sequence[Job]) -> int:
    found = size_of(jobs[0].place[0])
    return found.size if found else 0


def has_rows(record: CellRecord) -> bool:
    """Whether the data fill a batch of a cell that is to be run; one that they do not is marked as left out."""
    size = size_of(record.cell.workload) if MODES[record.cell.mode].timed else None
    if size is None or size.axis != "batch" or size.size <= (rows := len(workload_named(size.name).load().x)):
        return True
    reason = f"left out: {size.base} has {rows:,} training rows, too few for a batch of {size.size:,}"
    record.outcome = Outcome("unmeasured", reason)
    return False
