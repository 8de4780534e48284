"""The ladder from the naive trainer to the fastest: one thing changed per rung, each with its factor.

All rungs are cells of one run, so that a factor is a paired ratio like any other, and the factors multiply to the
ratio of first to last.
"""

import itertools
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.record.modes import Mode
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate, geometric


class Change(NamedTuple):
    """A rung's cell, and what it changes on the rung before."""

    trainer: str
    mode: Mode
    words: str


LADDER: tuple[Change, ...] = (
    Change("naive", "step", "sample by sample, every operation by itself"),
    Change("batched", "step", "the whole batch at once"),
    Change("compiled_gradient", "step", "loss and gradient compiled into one program"),
    Change("undonated", "step", "the update compiled with them"),
    Change("treemap", "step", "the old state's memory used again (donated)"),
    Change("treemap", "scan", "all steps in one lax.scan"),
    Change("c_loop", "limit", "the same loop in C"),
)

FLOOR = Change("treemap", "floor", "an empty compiled call on the same arrays")


class Rung(NamedTuple):
    """A measured rung: its cell and how many times as fast as the rung before it is; None for the first."""

    change: Change
    record: CellRecord
    factor: Estimate | None


class Climb(NamedTuple):
    """The measured rungs of one workload on one device, and how many times as fast the last is as the first.

    `left_out` is why the loop in C is not among them; empty if it is.
    """

    workload: str
    device: str
    rungs: list[Rung]
    whole: Estimate
    floor_share: Estimate | None
    left_out: str


def climbs(run: Run) -> list[Climb]:
    """Every workload and device whose ladder was measured, each rung in parity with the next."""
    places = dict.fromkeys((record.cell.workload, record.cell.device) for record in run.cells)
    return [climb for place in places if (climb := _climb(run, *place))]


def _climb(run: Run, workload: str, device: str) -> Climb | None:
    here = [one for one in run.cells if (one.cell.workload, one.cell.device) == (workload, device)]
    cells = {(record.cell.trainer, record.cell.mode): record for record in here}
    in_c = cells.get((LADDER[-1].trainer, LADDER[-1].mode))
    has_c = in_c is not None and bool(in_c.counted_blocks)  # the loop in C does not run anywhere; older ladders lack it
    changes = LADDER if has_c else LADDER[:-1]
    left_out = "" if has_c else in_c.outcome.reason if in_c else "it was not measured"
    records = [cells[key] for change in changes if (key := (change.trainer, change.mode)) in cells]
    pairs = list(itertools.pairwise(records))
    complete = len(records) == len(changes) and all(record.counted_blocks for record in records)
    if not complete or not all(pairing.parity(run, slow, fast).holds for slow, fast in pairs):
        return None
    factors = [None, *(geometric(pairing.paired_ratios(slow, fast)) for slow, fast in pairs)]
    rungs = [Rung(*parts) for parts in zip(changes, records, factors, strict=True)]
    whole = geometric(pairing.paired_ratios(records[0], records[-1]))
    return Climb(workload, device, rungs, whole, pairing.floor_share(run, cells[FLOOR.trainer, "step"]), left_out)
