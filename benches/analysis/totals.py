"""Total time as a function of steps, compile time included: who is ahead after how many, for every pair of trainers."""

import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate, geometric, median


class Crossing(NamedTuple):
    """Who of two trainers is ahead in the end, and from which step on.

    Attributes:
        ahead: The trainer that is ahead in the end; without an end in sight, the first of the two.
        kind: "first": ahead from the first step; "after": from `steps` on; "by": the restarts disagree about who
            compiles faster, but from the upper bound of `steps` on it is ahead; "undecided" where they disagree about
            who steps faster, or are too few; "unknown" where there is no ratio. For these two there is a `reason`.
        steps: Where the two are level; 0 in a restart that is ahead from the first step.
    """

    ahead: str
    behind: str
    kind: Literal["first", "after", "by", "undecided", "unknown"]
    steps: Estimate | None = None
    reason: str = ""


def total_s(record: CellRecord, steps: float) -> Estimate | None:
    """Seconds of compiling and of that number of steps, over the restarts that have both; None without any."""
    compiled = pairing.compile_times(record)
    step_s = dict(zip(pairing.restarts(record), pairing.step_times(record), strict=True))
    totals = [compiled[restart] + steps * step_s[restart] for restart in sorted(compiled.keys() & step_s.keys())]
    return geometric(totals) if totals else None


def crossings(run: Run, records: Sequence[CellRecord]) -> list[Crossing]:
    """Every pair of the cells of one workload, device and mode."""
    return [crossing(run, *pair) for pair in itertools.combinations(records, 2)]


def crossing(run: Run, one: CellRecord, other: CellRecord) -> Crossing:
    """Where the total times of two cells are level; `pairing.break_even`, told from the side that gets ahead."""
    ratio = pairing.ratio(run, one, other)
    if ratio.time is None:
        return Crossing(one.cell.trainer, other.cell.trainer, "unknown", None, ratio.reason)
    even = pairing.break_even(one, other)
    if even.kind in ("never", "until"):
        return crossing(run, other, one)
    names = one.cell.trainer, other.cell.trainer
    if even.kind == "undecided":
        return _in_doubt(one, other)
    if even.kind == "unknown":
        return Crossing(*names, "unknown", None, "no compile and block of one restart in both")
    return Crossing(*names, "first" if even.kind == "always" else "after", even.steps)


def _in_doubt(one: CellRecord, other: CellRecord) -> Crossing:
    """What can still be said where the restarts do not all point the same way."""
    savings = pairing.paired_savings(one, other).values()
    ahead, behind = (one, other) if max(savings) > 0 else (other, one)
    names = ahead.cell.trainer, behind.cell.trainer
    if min(savings) < 0 < max(savings):
        return Crossing(*names, "undecided", None, "restarts disagree who steps faster")
    # where some restarts are ahead from the first step, theirs counts as step 0
    ours, theirs = pairing.compile_times(ahead), pairing.compile_times(behind)
    saved = pairing.paired_savings(ahead, behind)
    common = saved.keys() & ours.keys() & theirs.keys()
    steps = median([max(0.0, ours[key] - theirs[key]) / saved[key] if saved[key] else 0.0 for key in common])
    if steps.high is None:
        return Crossing(*names, "undecided", None, "restarts disagree who compiles faster")
    return Crossing(*names, "by", steps)
