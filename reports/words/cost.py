"""What a style costs, in words: its law, what that predicted, and what it means for somebody's model."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.analysis.cost import Law, OutOfRange, Prediction, adds, laws, predictions
from triptych.benches.record.run import ArmRecord, Run
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.view.report import Report

ARRAYS = (10, 30, 100, 300, 1_000)  # for which the page says what each style adds, as far as was measured
FIRST_ARRAYS, FIRST_STEP_S = 310, 0.003  # that the page begins with
SHARE = 0.01  # of a step, below which a cost is taken for none
LONGEST_S = 86_400.0


class Line(NamedTuple):
    """What one style adds to a step: in time, as a share of the step, and the step from which that is under 1 %."""

    trainer: str
    added: str
    share: str
    hidden_from: str


class MeasuredLaw(NamedTuple):
    """The law of all styles of one arm."""

    run: Run
    laws: Sequence[Law]
    scale: float = 1.0  # how many times as long an empty call takes here as where it was measured, if that was timed
    origin: str = ""  # where its figures are from, in a sentence
    label: str = ""  # of the run, where there are several

    @property
    def arm(self) -> ArmRecord:
        """Where it was measured."""
        return next(arm for arm in self.run.arms if arm.name == self.laws[0].arm)

    @property
    def range(self) -> tuple[int, int]:
        """The fewest and the most arrays that every style was measured with."""
        return max(min(law.curve) for law in self.laws), min(max(law.curve) for law in self.laws)

    @property
    def first(self) -> tuple[int, float]:
        """Arrays and seconds of a step that the page begins with."""
        low, high = self.range
        return max(low, min(FIRST_ARRAYS, high)), FIRST_STEP_S

    def lines(self, arrays: int, step_s: float) -> list[Line]:
        """What each style adds to a step of a state of so many arrays.

        Raises:
            OutOfRange: If a number is none that could be, or was not measured.
        """
        check_step(step_s)
        low, high = self.range
        if not low <= arrays <= high:
            raise OutOfRange(f"{arrays:,} arrays; expected {low:,} to {high:,}, which is what was measured")
        return [_line(law.trainer, scaled(adds(law, arrays), self.scale), step_s) for law in self.laws]

    def table(self) -> list[tuple[int, dict[str, str]]]:
        """What each style adds, by the number of arrays, where that was measured."""
        low, high = self.range
        return [
            (arrays, {law.trainer: text.estimate(adds(law, arrays), text.seconds) for law in self.laws})
            for arrays in ARRAYS
            if low <= arrays <= high
        ]

    def predictions(self) -> list[Prediction]:
        """What the law predicted of networks that it was not fitted to, the largest cost first."""
        return sorted(predictions(self.run, self.laws), key=lambda one: -abs(one.measured.value))

    def data(self) -> str:
        """The curves for the page's own arithmetic, in seconds; JSON that cannot end its script element."""
        curves = {law.trainer: {arrays: _ends(law, one) for arrays, one in law.curve.items()} for law in self.laws}
        told = json.dumps({"curves": curves, "share": SHARE, "longest": LONGEST_S, "range": self.range})
        return told.replace("<", "\\u003c")


def _ends(law: Law, added: Estimate) -> tuple[float | None, ...]:
    """A value and its interval, which a curve has everywhere or nowhere."""
    return added[:3] if all(one.low is not None for one in law.curve.values()) else (added.value, None, None)


def found(report: Report) -> list[MeasuredLaw]:
    """The laws of the runs of a report, an arm each."""
    several = len(report.sources) > 1
    return [law for one in report.sources for law in laws_of(one.run, one.label if several else "")]


def laws_of(run: Run, label: str = "") -> list[MeasuredLaw]:
    """The law of every arm of a run that has one, with a size that all its styles were measured with."""
    by_arm: dict[str, list[Law]] = {}
    for law in laws(run):
        by_arm.setdefault(law.arm, []).append(law)
    measured = [MeasuredLaw(run, known, label=label) for known in by_arm.values()]
    return [one for one in measured if one.range[0] <= one.range[1]]


def check_step(step_s: float) -> None:
    """Refuses what no step can take.

    Raises:
        OutOfRange: If it is not a number of seconds above 0, or longer than a day.
    """
    if not 0 < step_s <= LONGEST_S:
        raise OutOfRange(f"a step of {1e3 * step_s:g} ms; expected more than 0 and at most a day")


def scaled(estimate: Estimate, by: float) -> Estimate:
    """The same where everything takes so many times as long."""
    low, high = (None if bound is None else by * bound for bound in (estimate.low, estimate.high))
    return Estimate(by * estimate.value, low, high, estimate.n)


def _line(trainer: str, added: Estimate, step_s: float) -> Line:
    hidden = text.seconds(added.value / SHARE) if added.value > 0 else "any step"
    return Line(trainer, text.estimate(added, text.seconds), text.percent(added.value / step_s), hidden)


def law_words(law: Law) -> tuple[str, str, str, str]:
    """What a style adds a step, an array and a module, and where that is a line."""
    if not law.straight_to:
        return text.NONE, text.NONE, text.NONE, "a curve"
    a, b, c = (text.estimate(one, text.seconds) for one in (law.a, law.b, law.c))
    bends = f"a line to {law.straight_to:,} arrays, then a curve"
    return a, b, c, "a line all the way" if law.straight_to == max(law.curve) else bends


def prediction_words(one: Prediction) -> tuple[str, str, str]:
    """What was predicted, what was measured, and the error."""
    predicted, measured = (text.estimate(each, text.seconds) for each in (one.predicted, one.measured))
    if not one.is_resolved:
        return predicted, measured, "not distinguishable from zero"
    error = one.predicted.value / one.measured.value - 1
    sign = "+" if error >= 0 else "\N{MINUS SIGN}"
    return predicted, measured, f"{sign}{text.percent(abs(error))}, {'right' if one.is_right else 'wrong'}"


def predictions_sentence(told: Sequence[Prediction]) -> str:
    """How often the law was right."""
    resolved = [one for one in told if one.is_resolved]
    right = sum(one.is_right for one in resolved)
    beyond = len(told) - len(resolved)
    said = f"Of {text.count(len(resolved), 'cost')} on networks that it was not fitted to, the law predicted {right}"
    said += " within 15 % or inside the measured interval"
    return f"{said}; {beyond} more are not distinguishable from zero." if beyond else f"{said}."
