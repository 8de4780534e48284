"""What is learned from several seeds: who reaches the target loss, how often, and how long it takes.

A training that ends above its target is a miss and counts as "never"; one that the time budget has cut did not
reach it within the budget, which is no statement about learning. Both are kept: the median over seeds is finite
only where more than half of the seeds reached the target.
"""

import math
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.analysis.pairing import Parity
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate, clopper_pearson, median


class Learned(NamedTuple):
    """How many trainings of a cell reached the target, missed it or were cut, and the share that reached it."""

    reached: int
    missed: int
    cut: int
    rate: Estimate
    steps: Estimate  # median step at which the target was reached; infinite if half of the seeds or more never did
    seconds: Estimate  # median time of these steps, compiled beforehand


def learned(record: CellRecord) -> Learned | None:
    """The seeds of a cell, counted and with their medians; None without any."""
    if not (trainings := record.seed_trainings):
        return None
    endings = [training.ending for training in trainings]
    reached, missed, cut = (endings.count(ending) for ending in ("reached", "missed", "cut"))
    steps = median([one.steps if one.ending == "reached" else math.inf for one in trainings])
    seconds = median([one.seconds if one.ending == "reached" else math.inf for one in trainings])
    return Learned(reached, missed, cut, clopper_pearson(reached, len(endings)), steps, seconds)


def seed_parity(run: Run, record: CellRecord, reference: CellRecord) -> Parity:
    """The certificate over every seed that both have trained: their losses agree at every step that both recorded."""
    theirs = {training.seed: training for training in reference.seed_trainings}
    pairs = [(ours, theirs[ours.seed]) for ours in record.seed_trainings if ours.seed in theirs]
    allowed, steps = pairing.tolerance(run, record, reference), 0
    for ours, other in pairs:
        certificate = pairing.agreement(ours.curve, other.curve, allowed)
        if not certificate.holds:
            return certificate._replace(reason=f"seed {ours.seed}: {certificate.reason}")
        steps += certificate.steps
    if not pairs:
        return Parity(holds=False, steps=0, reason="no seed in common")
    return Parity(holds=True, steps=steps, reason=f"same losses from {len(pairs)} seed{'s' * (len(pairs) > 1)}")


def same_step(record: CellRecord, reference: CellRecord) -> tuple[int, int]:
    """Of the seeds with which both reached the target: in how many at the same step, and how many these are."""
    both = (record.seed_trainings, reference.seed_trainings)
    ours, theirs = ({one.seed: one.steps for one in trainings if one.ending == "reached"} for trainings in both)
    common = ours.keys() & theirs.keys()
    return sum(ours[seed] == theirs[seed] for seed in common), len(common)
