"""Time to the target loss over seeds: who learns, how often, and how long it takes; misses stand beside the rest."""

import math
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from triptych.benches.analysis import learning
from triptych.benches.analysis.learning import Learned
from triptych.benches.record.run import SeedTraining
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.figures.chart import TALL_ROW_IN, Strip, chart, interval, log_axis
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity
from triptych.reports.figures.styles import BAND, INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

GUTTER = 1.25  # how far beyond the slowest training the misses stand, as a factor


class Learner(NamedTuple):
    """A cell that was trained from seeds, and what these come to."""

    row: Row
    found: Learned

    @property
    def all_cut(self) -> bool:
        """Whether the budget cut every training, which says nothing of learning."""
        return self.found.cut == self.found.rate.n

    @property
    def target(self) -> str:
        """The loss to come to."""
        return f"{self.row.planned.target_loss:g}"

    @property
    def share(self) -> str:
        """The interval of the share of seeds that came to it."""
        return text.NONE if self.all_cut else text.interval(self.found.rate, text.percent)

    def known(self, value: float, show: text.Show = text.seconds) -> str:
        """A median, or "never" where too many seeds did not get there."""
        return show(value) if math.isfinite(value) else "not within the budget" if self.found.cut else "never"

    def estimate(self, estimate: Estimate, show: text.Show = text.seconds) -> str:
        """A median and its interval."""
        interval = text.interval(estimate, lambda value: self.known(value, show), "seed")
        return f"{self.known(estimate.value, show)} {interval}"


def rows(report: Report) -> list[Learner]:
    """The cells that were trained from seeds."""
    found = ((row, learning.learned(row.record)) for row in naming.side_by_side(report))
    return [Learner(row, one) for row, one in found if one]


def exhibit(report: Report) -> Exhibit:
    """The seeds in words and data."""
    shown = rows(report)
    alike: dict[tuple[str, int, int, int], list[Learner]] = {}
    for one in shown:
        counts = one.found.reached, one.found.missed, one.found.cut
        alike.setdefault((naming.place_name(report, one.row.place), *counts), []).append(one)
    return Exhibit(
        "seeds",
        "Time to the target loss, seed by seed",
        " ".join(f"On {where}, {_said(group)}." for (where, *_), group in alike.items()),
        "A dot is one training from one seed's starting values, compiled beforehand; the tick is the median over seeds "
        "with its 95 % interval between order statistics. A cross did not reach the target and counts as never, a ring "
        "was cut by the time budget. The step is the first at or below the target within the first hundredth of the "
        "training that ends there; the time is that of these steps in one uninterrupted loop." + cut(shown),
        [
            *IDENTITY, "Target loss", "Reached", "95 % interval of the share", "Missed", "Cut by the budget",
            "Median step", "Median time", "Losses, seed by seed",
        ],
        [[*identity(report, one.row), *_entries(report, one)] for one in shown[:MOST_ROWS]],
    )  # fmt: skip


def _said(learners: list[Learner]) -> str:
    first, found = learners[0], learners[0].found
    names = " and ".join(text.short(one.row.trainer) for one in learners)
    if first.all_cut:
        made = ", ".join(f"{one.steps:,}" for learner in learners for one in learner.row.record.seed_trainings)
        return f"{names} did not come to the loss {first.target} within the time budget (cut at step {made})"
    seeds = text.count(found.rate.n, "seed")
    words = f"{names} reached the loss {first.target} from {found.reached} of {seeds} {first.share}"
    words += f", {found.missed} missed it within {text.count(first.row.planned.steps, 'step')}" if found.missed else ""
    words += f", {found.cut} cut by the time budget" if found.cut else ""
    medians = " and ".join(one.known(one.found.seconds.value) for one in learners)
    return f"{words}; median time {medians}" if found.reached else words


def _entries(report: Report, one: Learner) -> list[str]:
    found = one.found
    numbers = [f"{found.reached} of {found.rate.n}", one.share, str(found.missed), str(found.cut)]
    medians = [one.estimate(found.steps, text.significant), one.estimate(found.seconds)]
    return [one.target, *numbers, *medians, _certificate(report, one)]


def _certificate(report: Report, one: Learner) -> str:
    """Whether the reference has the same losses from every seed, and reaches the target at the same step."""
    row = one.row
    reference = next((other for other in report.by_place[row.place] if other.standing == "reference"), None)
    if reference is None or row.standing == "reference":
        return "reference" if reference else text.NONE
    parity = learning.seed_parity(report.source(row.place.source).run, row.record, reference.record)
    same, both = learning.same_step(row.record, reference.record)
    at = f", target at the same step from {same} of {text.count(both, 'seed')}" if both else ""
    return f"{text.short(text.parity(parity), 162)}{at}"


def draw(report: Report) -> Figure:
    """A row per cell: seconds to the target on a log axis, and a gutter for what never got there."""
    learners = rows(report)[:MOST_ROWS]
    figure, axes, strips = chart(report, [one.row for one in learners], TALL_ROW_IN)
    times = [one.seconds for strip in strips for one in strip.row.record.seed_trainings if _has_time(one)] or [1.0]
    gutter = max(times) * GUTTER
    log_axis(axes, min(times), gutter, "seconds of training to the target loss (log scale); in the band: not reached")
    axes.axvspan(gutter / GUTTER**0.5, axes.get_xlim()[1], color=BAND, linewidth=0, zorder=0)
    for strip, one in zip(strips, learners, strict=True):
        _seeds(strip, gutter)
        strip.remark(_median(strip, one, gutter))
    return figure


def _has_time(training: SeedTraining) -> bool:
    return training.ending == "reached" and training.seconds > 0


def _seeds(strip: Strip, gutter: float) -> None:
    """One mark per seed, spread over the height of the row; an ending at a time, which keeps the page small."""
    row, look, axes, y = strip
    marks = (("reached", look.marker, look.color), ("missed", "x", look.color), ("cut", "o", "none"))
    for ending, marker, face in marks:
        ended = [one for one in row.record.seed_trainings if one.ending == ending]
        times = [one.seconds if _has_time(one) else gutter for one in ended]
        lanes = [y + 0.6 * ((index * 0.618) % 1 - 0.5) for index in range(len(times))]
        edge: dict[str, Any] = {"markeredgecolor": look.color, "mew": 0 if ending == "reached" else 0.9}
        axes.plot(times, lanes, marker, markersize=3.6, markerfacecolor=face, alpha=0.8, **edge)


def _median(strip: Strip, one: Learner, gutter: float) -> str:
    """The tick at the median, and its interval; gives what is said beside them."""
    median = one.found.seconds
    if 0 < median.value < math.inf:
        high = None if median.high is None else min(median.high, gutter)
        interval(strip.axes, median._replace(high=high), strip.y)
        strip.axes.plot([median.value], [strip.y], "|", markersize=16, color=INK, mew=1.6, zorder=5)
    said = f"median {one.known(median.value)}" if math.isfinite(median.value) else "no median"
    return "cut by the time budget" if one.all_cut else f"{one.found.reached} of {one.found.rate.n}, {said}"
