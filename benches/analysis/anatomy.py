"""Where a step goes: what handing its arrays over costs, and what is left for its own program."""

import statistics
from typing import NamedTuple

from msgspec.structs import replace

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate, geometric, hodges_lehmann


class Anatomy(NamedTuple):
    """The parts of one step of a trainer.

    Attributes:
        step_s: The whole, device drained at both ends.
        returned_share: The share of the whole after which the calls had returned; the rest is waiting for the device.
        floor_s: An empty compiled call on the same arrays: the dispatch floor.
        rest_s: What the step takes beyond its floor; below 0 where that is lost in noise.
        floor_share: The floor over the whole.
    """

    record: CellRecord
    step_s: Estimate
    returned_share: Estimate
    floor_s: Estimate
    rest_s: Estimate
    floor_share: Estimate


def anatomies(run: Run) -> list[Anatomy]:
    """Every step cell of the run whose floor was measured with it."""
    steps = [record for record in run.cells if record.cell.mode == "step"]
    floors = [pairing.record_of(run, step.arm, replace(step.cell, mode="floor")) for step in steps]
    found = (_anatomy(step, floor) for step, floor in zip(steps, floors, strict=True) if floor)
    return [anatomy for anatomy in found if anatomy]


def _anatomy(step: CellRecord, floor: CellRecord) -> Anatomy | None:
    shares, rests = pairing.paired_ratios(floor, step), pairing.paired_savings(floor, step)
    step_s, floor_s = pairing.step_s(step), pairing.step_s(floor)
    if not shares or step_s is None or floor_s is None:
        return None
    blocks = pairing.restarts(step).values()
    returned = [statistics.median(block.dispatch_s / block.seconds for block in one) for one in blocks]
    rest_s = hodges_lehmann(list(rests.values()))
    return Anatomy(step, step_s, hodges_lehmann(returned), floor_s, rest_s, geometric(shares))
