"""Single steps: what one takes as a rule, what it takes now and then, and what lay behind the longest."""

from collections import Counter
from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from triptych.benches.analysis.tail import Latency, latency
from triptych.benches.record.run import LONG
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.figures.chart import Strip, chart, interval, key_above, log_axis
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity
from triptych.reports.figures.styles import INK, MUTED, PAPER
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming


class Single(NamedTuple):
    """A cell whose single steps were recorded, and what these come to."""

    row: Row
    found: Latency

    @property
    def times(self) -> float:
        """The longest step over the median."""
        return self.found.longest.seconds / self.found.median_s.value

    @property
    def cause(self) -> str:
        """What lay behind the longest step, as far as is known, if that was long."""
        return _cause(self.found.longest.cause) if self.times > LONG else "no long step"

    @property
    def spacing(self) -> str:
        """For instance "every 1,000th step"; empty if the long steps are not regular."""
        return f"every {text.ordinal(self.found.every)} step" if self.found.every else ""


def rows(report: Report) -> list[Single]:
    """The cells whose single steps were recorded."""
    found = ((row, latency(row.record)) for row in naming.side_by_side(report))
    return [Single(row, one) for row, one in found if one]


def exhibit(report: Report) -> Exhibit:
    """The tails in words and data."""
    shown = rows(report)
    places: dict[Place, list[Single]] = {}
    for one in shown:
        places.setdefault(one.row.place, []).append(one)
    return Exhibit(
        "tail",
        "The longest of single steps",
        " ".join(f"On {naming.place_name(report, place)}, {_sentence(there)}." for place, there in places.items()),
        "Each step is waited for, so these are latencies; steps/s come from blocks, which do not wait. The garbage "
        "collector is on, as users have it. Median and 99th percentile are medians over restarts, the bar a 95 % "
        "interval of the latter. A collection is the cause where it makes at least half of what a step takes beyond "
        "the median. Every 1,000th step: long steps of most restarts lie whole multiples of 1,000 steps apart, more "
        "of them than chance explains." + cut(shown),
        [*IDENTITY, "Median step", "99th percentile", "Longest step", "÷ median", "Cause", "Spacing", "Long steps kept",
         "Steps"],
        [[*identity(report, one.row), *_entries(one)] for one in shown[:MOST_ROWS]],
    )  # fmt: skip


def _sentence(there: list[Single]) -> str:
    """The trainer with the longest step for its median, and whose long steps are regular."""
    worst = max(there, key=lambda one: one.times)
    if worst.times <= LONG:
        return f"no single step took {LONG:g} times its trainer's median"
    said = f"the longest of {text.count(worst.found.steps, 'single step')} of {text.short(worst.row.trainer)} took "
    said += f"{text.significant(worst.times)} times its median: {worst.cause}"
    regular = [f"those of {text.short(one.row.trainer)} come {one.spacing}" for one in there if one.spacing]
    return f"{said}; of the long steps, {' and '.join(regular)}" if regular else said


def _entries(one: Single) -> list[str]:
    found = one.found
    p99 = f"{text.seconds(found.p99_s.value)} {text.interval(found.p99_s, text.seconds)}" if found.p99_s else text.NONE
    causes: Counter[str] = Counter()
    for cause, number in found.causes.items():
        causes[_brief(_cause(cause))] += number
    kept = ", ".join(f"{number} × {cause}" for cause, number in causes.most_common())
    times = [text.seconds(found.longest.seconds), text.significant(one.times)]
    why = [one.cause, one.spacing or text.NONE, kept or text.NONE]
    return [text.seconds(found.median_s.value), p99, *times, *why, f"{found.steps:,}"]


def _cause(cause: str) -> str:
    return text.short(cause, 60) or "no known cause"


def _brief(cause: str) -> str:
    """A cause without what stands in brackets."""
    return cause.partition(" (")[0]


def draw(report: Report) -> Figure:
    """A row per cell on a log axis: median, 99th percentile, longest step, and its cause."""
    singles = rows(report)[:MOST_ROWS]
    figure, axes, strips = chart(report, [one.row for one in singles])
    values = [value for strip, one in zip(strips, singles, strict=True) for value in _marks(strip, one)]
    log_axis(axes, min(values), max(values), "milliseconds of one step, each waited for, so not steps/s (log scale)")
    marks = (("o", MUTED, "median"), ("|", MUTED, "99th percentile"), ("o", "none", "longest"))
    key_above(
        figure, [Line2D([], [], color=MUTED, ls="", marker=one, mfc=face, label=word) for one, face, word in marks]
    )
    return figure


def _marks(strip: Strip, one: Single) -> list[float]:
    """The marks of a row, and what lay behind its longest step; gives where they are, in milliseconds."""
    _, look, axes, y = strip
    ends = [1e3 * one.found.median_s.value, 1e3 * one.found.longest.seconds]
    axes.plot(ends, [y, y], color=look.color, linewidth=1, zorder=1)
    for at, face in zip(ends, (look.color, PAPER), strict=True):
        axes.plot([at], [y], look.marker, color=look.color, mfc=face, markersize=6, zorder=3)
    if (p99 := one.found.p99_s) is not None:
        low, high = (None if bound is None else 1e3 * bound for bound in (p99.low, p99.high))
        interval(axes, Estimate(1e3 * p99.value, low, high, p99.n), y)
        axes.plot([1e3 * p99.value], [y], "|", markersize=13, color=INK, mew=1.6, zorder=4)
        ends.append(1e3 * p99.value)
    words = (f"{text.significant(one.times)} × median", _brief(one.cause), one.spacing)
    strip.remark(", ".join(filter(None, words)))
    return ends
