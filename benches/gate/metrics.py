"""What the gate judges by statistics: a row per metric, read by all that asks for margins, samples or ratios.

Counts and memory are compared exactly, losses within a tolerance, both in `sides.py`.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord


class Metric(NamedTuple):
    """One metric of a cell, where more is worse."""

    name: str
    unit: str
    margin: float  # the change of no account, a fraction, where the policy says nothing else
    floor: float  # the same in that unit; only a change beyond both is of account
    samples: Callable[[CellRecord], Mapping[int, Sequence[float]]]  # all that was measured, by restart
    ratios: Callable[[CellRecord, CellRecord], Sequence[float]]  # candidate over baseline in each restart of both

    def by_restart(self, record: CellRecord) -> tuple[float, ...]:
        """One number per restart: samples of one process are not independent."""
        return tuple(map(statistics.median, self.samples(record).values()))


def _steps(record: CellRecord) -> dict[int, list[float]]:
    return {restart: [block.step_s for block in blocks] for restart, blocks in pairing.restarts(record).items()}


def _compiles(record: CellRecord) -> dict[int, list[float]]:
    """The cold ones and those made again: both sides have as many of each, and they vary independently."""
    found: dict[int, list[float]] = {}
    for one in record.compiles:
        found.setdefault(one.restart, []).append(one.compile_s)
    return found


def _compile_ratios(record: CellRecord, reference: CellRecord) -> list[float]:
    """One number per restart that both have; none where nothing compiled."""
    sides = map(_compiles, (record, reference))
    ours, theirs = ({restart: statistics.median(values) for restart, values in side.items()} for side in sides)
    common = sorted(ours.keys() & theirs.keys())
    return [ours[restart] / theirs[restart] for restart in common if ours[restart] and theirs[restart]]


TIME = Metric("time", "seconds per step", 0.02, 0.0, _steps, pairing.paired_ratios)
COMPILE = Metric("compile", "seconds", 0.10, 0.020, _compiles, _compile_ratios)

METRICS = (TIME, COMPILE)
METRIC = {metric.name: metric for metric in METRICS}


class Subject(NamedTuple):
    """What a finding is about: a metric, by its name, of a cell."""

    metric: str
    cell: str


Logs = Mapping[Subject, Sequence[float]]  # log(other arm / base), one number per restart
Levels = Mapping[Subject, float]  # what the base takes, in the unit of the metric


def logs(cell: str, other: CellRecord, base: CellRecord) -> dict[Subject, list[float]]:
    """The log-ratios of every metric that was measured on both sides."""
    ratios = {Subject(metric.name, cell): metric.ratios(other, base) for metric in METRICS}
    return {subject: list(map(math.log, values)) for subject, values in ratios.items() if values}


def levels(cell: str, base: CellRecord) -> dict[Subject, float]:
    """The base's median of every metric, over the restarts that took any time."""
    taken = {Subject(metric.name, cell): list(filter(None, metric.by_restart(base))) for metric in METRICS}
    return {subject: statistics.median(values) for subject, values in taken.items() if values}
