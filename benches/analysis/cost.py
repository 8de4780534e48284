"""The law of what a style costs: so much a step beyond pure JAX, and so much for every array that crosses the call.

Measured on perceptrons that are cut into more and more arrays (`workloads.arrays`) as the difference from treemap in
the same rounds, and held to account on networks that it has not seen. It speaks of the host: on an accelerator a step
takes about the longer of host and device, and what is added is hidden while the host is the faster.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from triptych.benches.analysis import pairing
from triptych.benches.record.run import WITHOUT_TIMES, CellRecord, Run
from triptych.benches.stats.ranks import CONFIDENCE, Estimate, hodges_lehmann, smallest_n
from triptych.benches.workloads.arrays import ARRAYS
from triptych.benches.workloads.sizes import BASES, base_of, size_of, workload_named
from triptych.impls.networks import TaskError, n_modules
from triptych.impls.styles import RUNGS

OF_BATCH = 2  # arrays that cross the call beside those of the state; every style has them
OF_STATE = {"sgd": (1, 0), "adam": (3, 1)}
"""Arrays of a state, by optimizer: so many for each of the parameters, and so many more."""

LEAST_POINTS = 3
STRAIGHT = 0.15  # a curve that stays within this share of its line is a line
RIGHT = 0.15  # so far a prediction may be from what was measured, as a share of that, and count as right
LEAST_S = 1e-6  # what is added counts as no less where errors are relative, or noise around zero would weigh most


class OutOfRange(ValueError):
    """A size that was not measured; the message says which were."""


class Law(NamedTuple):
    """What one style adds to a step of treemap's, in seconds."""

    arm: str
    trainer: str
    curve: dict[int, Estimate]  # what was added by the number of arrays of the state, ascending, under Adam
    a: Estimate  # the line through all that was measured: so much a step,
    b: Estimate  # an array of the state,
    c: Estimate  # and a module
    straight_to: int  # the most arrays up to which the curve stays within `STRAIGHT` of the line; 0 if it never does


class Prediction(NamedTuple):
    """The law held to account on a cell that it was not fitted to: seconds added, predicted and measured."""

    workload: str
    trainer: str
    arrays: int
    modules: int
    predicted: Estimate
    measured: Estimate

    @property
    def is_resolved(self) -> bool:
        """Whether what was measured is known not to be zero."""
        low, high = self.measured.low, self.measured.high
        return low is not None and high is not None and (low > 0 or high < 0)

    @property
    def is_right(self) -> bool:
        """Whether the prediction is near what was measured, or inside its interval."""
        low, high = self.measured.low, self.measured.high
        inside = low is not None and high is not None and low <= self.predicted.value <= high
        return inside or abs(self.predicted.value - self.measured.value) <= RIGHT * abs(self.measured.value)


class Added(NamedTuple):
    """What a style adds to a step of a state of so many arrays, and of so many modules: seconds by restart."""

    arrays: int
    modules: int
    by_restart: dict[int, float]


def is_cut(workload: str) -> bool:
    """Whether it is a point of the law: a perceptron made to be cut into arrays, and cut."""
    size = size_of(workload)
    return size is not None and size.axis == "arrays" and size.base in ARRAYS


def laws(run: Run) -> list[Law]:
    """The law of every style in every arm that was measured on enough sizes."""
    found: dict[tuple[str, str], list[Added]] = {}
    for record, added in _certified(run):
        if is_cut(record.cell.workload) and record.cell.trainer not in RUNGS:
            found.setdefault((record.arm, record.cell.trainer), []).append(added)
    return [law for key, points in found.items() if (law := _law(*key, points))]


def predictions(run: Run, known: Sequence[Law]) -> list[Prediction]:
    """Every cell that is not the law's own beside what the law predicts of it, where that is in its range."""
    by_style = {(law.arm, law.trainer): law for law in known}
    found: list[Prediction] = []
    for record, (arrays, modules, by_restart) in _certified(run):
        law = by_style.get((record.arm, record.cell.trainer))
        if law and not is_cut(record.cell.workload) and min(law.curve) <= arrays <= max(law.curve):
            values = list(by_restart.values())
            measured = hodges_lehmann(values) if len(values) >= smallest_n() else mean(values)
            predicted = adds(law, arrays, modules)
            found.append(Prediction(record.cell.workload, law.trainer, arrays, modules, predicted, measured))
    return found


def adds(law: Law, arrays: int, modules: float | None = None) -> Estimate:
    """Seconds that a style adds to a step whose state has so many arrays.

    Args:
        law: Of the style.
        arrays: Of the state: parameters and what the optimizer remembers.
        modules: Of the network; as many as on the curve, two arrays of parameters to a module, where nobody says. What
            they add is taken for certain: the interval is the curve's.

    Raises:
        OutOfRange: If no such number was measured.
    """
    sizes, known = list(law.curve), list(law.curve.values())
    if not sizes[0] <= arrays <= sizes[-1]:
        raise OutOfRange(f"{arrays:,} arrays; expected {sizes[0]:,} to {sizes[-1]:,}, which is what was measured")
    further = 0.0 if modules is None else law.c.value * (modules - on_curve(arrays))

    def at(values: Sequence[float]) -> float:
        return float(np.interp(arrays, sizes, values)) + further

    value = at([one.value for one in known])
    ends = [(one.low, one.high) for one in known if one.low is not None and one.high is not None]
    low, high = map(at, zip(*ends, strict=True)) if len(ends) == len(known) else (None, None)
    return Estimate(value, low, high, known[0].n)


def on_curve(arrays: int) -> float:
    """Modules of a perceptron whose state has so many arrays by Adam."""
    each, more = OF_STATE["adam"]
    return (arrays - more) / each / 2


def empty_calls(run: Run, arm: str) -> dict[str, float]:
    """Seconds of an empty call on what is cut into arrays, by workload."""
    floors = [one for one in run.cells if one.arm == arm and one.cell.mode == "floor" and is_cut(one.cell.workload)]
    return {one.cell.workload: known.value for one in floors if (known := pairing.step_s(one))}


def mean(values: Sequence[float]) -> Estimate:
    """The mean with Student's interval, which a few restarts have too; none of one alone."""
    from scipy.stats import t

    n, value = len(values), float(np.mean(values))
    if n < 2:
        return Estimate(value, None, None, n)
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n))
    return Estimate(value, value - half, value + half, n)


def _certified(run: Run) -> Iterator[tuple[CellRecord, Added]]:
    """What every cell adds to a step of the run's reference, where both are known to compute the same."""
    for record in run.cells:
        reference = pairing.reference_of(run, record, run.reference)
        if record.cell.mode != "step" or reference is None or reference is record:
            continue
        failed = any(one.outcome.kind in WITHOUT_TIMES for one in (record, reference))
        added = pairing.paired(record, reference, lambda ours, theirs: ours - theirs)
        size = _size(reference)
        if added and size and not failed and pairing.parity(run, record, reference).holds:
            yield record, Added(*size, added)


def _size(reference: CellRecord) -> tuple[int, int] | None:
    """Arrays of the state as pure JAX has it, and modules of the network; None where either is not known."""
    name, counts = reference.cell.workload, reference.counts
    arrays = (counts.leaves_in or 0) - OF_BATCH if counts else 0
    if arrays < 1 or base_of(name) not in BASES:
        return None
    try:
        return arrays, n_modules(workload_named(name).task.network.shapes())
    except TaskError:
        return None


def _law(arm: str, trainer: str, points: Sequence[Added]) -> Law | None:
    """The curve of the points by Adam, and the line through all; None where there are too few."""
    restarts = sorted(set[int].intersection(*(set(one.by_restart) for one in points)))
    by_adam = sorted((one for one in points if one.modules == on_curve(one.arrays)), key=lambda one: one.arrays)
    if len(points) < LEAST_POINTS or len(by_adam) < 2 or not restarts:
        return None
    a, b, c = (mean(values) for values in zip(*(_line(points, restart) for restart in restarts), strict=True))
    curve = {one.arrays: mean(list(one.by_restart.values())) for one in by_adam}
    straight_to = 0
    for arrays, added in curve.items():
        on_line = a.value + b.value * arrays + c.value * on_curve(arrays)
        if abs(added.value - on_line) > STRAIGHT * abs(added.value):
            break
        straight_to = arrays
    return Law(arm, trainer, curve, a, b, c, straight_to)


def _line(points: Sequence[Added], restart: int) -> tuple[float, float, float]:
    """What is added a step, an array and a module: the least squares of relative errors, none below zero."""
    from scipy.optimize import nnls

    added = np.array([one.by_restart[restart] for one in points])
    weights = 1 / np.maximum(np.abs(added), LEAST_S)
    terms = np.array([[1.0, one.arrays, one.modules] for one in points])
    a, b, c = nnls(terms * weights[:, None], added * weights)[0]
    return float(a), float(b), float(c)
