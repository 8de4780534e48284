"""Start-up: where a fresh process spends its time until the first step, and what a cache on disk saves."""

import statistics
from collections.abc import Callable
from dataclasses import replace

from matplotlib.figure import Figure

from triptych.benches.record.run import Start
from triptych.benches.stats.ranks import geometric
from triptych.reports import text
from triptych.reports.figures.chart import Chart, Strip, chart, remark
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity, where
from triptych.reports.figures.styles import INK, MUTED
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

PHASES: tuple[tuple[str, Callable[[Start], float]], ...] = (
    ("interpreter", lambda start: start.interpreter_s),
    ("jax, numpy", lambda start: start.jax_s),
    ("own imports", lambda start: start.stack_s),
    ("device, build", lambda start: start.device_s + start.build_s),
    ("compile", lambda start: start.compile_s),
    ("first step", lambda start: start.first_step_s),
)
STRENGTHS = (0.1, 0.28, 0.46, 0.64, 0.82, 1.0)


def shown(report: Report) -> list[Row]:
    """The cells whose trainer was started in fresh processes."""
    return [row for row in naming.side_by_side(report) if row.record.starts]


def cases(row: Row) -> list[tuple[str, list[Start]]]:
    """The starts of a trainer without a cache, and those that found programs on disk, as far as there are any."""
    cold = [start for start in row.record.starts if start.cache == "cold"]
    hit = [start for start in row.record.starts if start.cache == "hit" and start.hits]
    return [(words, starts) for words, starts in (("cold", cold), ("from disk", hit)) if starts]


def median(starts: list[Start], phase: Callable[[Start], float]) -> float:
    """The median over processes of one phase, in seconds."""
    return statistics.median(map(phase, starts))


def exhibit(report: Report) -> Exhibit:
    """The starts in words and data."""
    rows = shown(report)
    return Exhibit(
        "starts",
        "From the start of a process to the first step",
        " ".join(_sentence(report, row) for row in rows[:MOST_ROWS]),
        "Each phase is a median over fresh processes, trainers in random order. Own imports are what the trainer needs "
        "beyond jax and numpy. Above: no cache. Below: every program found on disk, where an earlier process had put "
        "it. A second call in the same process finds all in memory. What only the harness needs is not counted."
        + cut(rows),
        [*IDENTITY, "Programs", "Processes", *(words for words, _ in PHASES), "In all", "95 % interval", "Second call"],
        [_line(report, row, words, starts) for row in rows[:MOST_ROWS] for words, starts in cases(row)],
        figure,
    )


def _sentence(report: Report, row: Row) -> str:
    totals = [f"{text.seconds(median(starts, _whole))} {words}" for words, starts in cases(row)]
    every = row.record.starts
    own, warm = (
        text.seconds(statistics.median(times))
        for times in zip(*((s.stack_s, s.warm_call_s) for s in every), strict=True)
    )
    return f"{where(report, row)}: {', '.join(totals)}, of which {own} own imports; a second call takes {warm}."


def _whole(start: Start) -> float:
    return start.whole_s


def _line(report: Report, row: Row, words: str, starts: list[Start]) -> list[str]:
    found = f", {starts[0].hits} found" if words != "cold" else ""
    return [
        *identity(report, row),
        words + found,
        str(len(starts)),
        *(text.seconds(median(starts, phase)) for _, phase in PHASES),
        text.seconds(median(starts, _whole)),
        text.interval(geometric([start.whole_s for start in starts]), text.seconds),
        text.seconds(median(starts, lambda start: start.warm_call_s)),
    ]


def figure(report: Report) -> Figure:
    """Two stacked bars per trainer."""
    drawn = chart(report, shown(report), row_in=0.5)
    furthest = max(_bars(drawn, strip) for strip in drawn.strips)
    drawn.axes.set_xlim(0, furthest * 1.04)
    drawn.axes.set_xlabel("seconds since the process was started, medians over processes", color=INK.drawn)
    _key(drawn)
    return drawn.figure


def _bars(drawn: Chart, strip: Strip) -> float:
    """The bars of one trainer; gives the end of the longer."""
    ends = [0.0]
    for index, (words, starts) in enumerate(cases(strip.row)):
        y, left = strip.y + 0.36 * index - 0.18, 0.0
        for (_, phase), strength in zip(PHASES, STRENGTHS, strict=True):
            width = median(starts, phase)
            drawn.axes.barh(y, width, left=left, color=strip.style.color, alpha=strength, height=0.3, linewidth=0)
            drawn.axes.barh(y, width, left=left, height=0.3, fill=False, edgecolor=strip.style.color)
            left += width
        remark(drawn, replace(strip, y=y), f"{text.seconds(median(starts, _whole))} {words}")
        ends.append(left)
    return max(ends)


def _key(drawn: Chart) -> None:
    """The phases by strength, above the axes and from the left edge of the figure."""
    x = -0.34
    for (words, _), strength in zip(PHASES, STRENGTHS, strict=True):
        for letters, offset, color, alpha in (("■", 0, MUTED.drawn, strength), (words, 11, INK.drawn, 1.0)):
            drawn.axes.annotate(
                letters, (x, 1), (offset, 4), "axes fraction", textcoords="offset points", color=color, alpha=alpha
            )
        x += 0.06 + 0.0155 * len(words)
