"""The figures, one function each: from the view model to a matplotlib figure. Saving them is `svg`'s."""

import statistics
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from triptych.benches.analysis.pairing import restarts
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.figures.chart import Chart, Strip, chart, log_axis, remark
from triptych.reports.figures.styles import BAND, INK, MUTED, PAPER
from triptych.reports.view.report import MARGIN, Report, Row
from triptych.reports.words import naming

CLOSE_UP = 3.0
"""Ratios beyond this are drawn as arrows where others are nearer to 1, so that the near ones can be told apart."""

PHASES = (("trace_s", "trace", 0.35), ("lower_s", "lower", 0.6), ("backend_s", "backend compile", 1.0))


def speeds(report: Report) -> Figure:
    """Steps per second with their intervals."""
    rows = [row for row in naming.side_by_side(report) if row.step_s]
    drawn = chart(report, rows)
    estimates = [_dot(drawn, strip, text.inverse(strip.row.step_s)) for strip in drawn.strips if strip.row.step_s]
    log_axis(drawn.axes, *_bounds(estimates), "steps per second, 95 % interval (log scale; right is faster)")
    return drawn.figure


def forest(report: Report) -> Figure:
    """Time per step over the reference's, with intervals, the line at 1 and the margin around it."""
    rows = [row for row in naming.side_by_side(report) if row.ratio.time]
    drawn = chart(report, rows)
    drawn.axes.axvspan(1 / (1 + MARGIN), 1 + MARGIN, color=BAND.drawn, linewidth=0, zorder=0)
    drawn.axes.axvline(1, color=INK.drawn, linewidth=1, zorder=1)
    low, high = window([strip.row for strip in drawn.strips])
    for strip in drawn.strips:
        _ratio(drawn, strip, low, high)
    label = "time per step ÷ reference, 95 % interval (log scale; right is slower)"
    log_axis(drawn.axes, low, high, label)
    return drawn.figure


def window(rows: Sequence[Row]) -> tuple[float, float]:
    """Bounds of the forest plot: where some ratios are near 1 and others far off, a close-up of the near ones."""
    compared = [row for row in rows if row.ratio.time and row.standing != "reference"]
    near = [row for row in compared if row.ratio.time and 1 / CLOSE_UP < row.ratio.time.value < CLOSE_UP]
    shown = near or compared
    low, high = _bounds([row.ratio.time for row in shown if row.ratio.time]) if shown else (1.0, 1.0)
    pairs = [pair for row in shown for pair in row.pairs if not near or 1 / CLOSE_UP < pair < CLOSE_UP]
    low, high = min([low, *pairs]), max([high, *pairs])
    least = 1 + 2 * MARGIN
    return min(low, 1 / least), max(high, least)


def outside(row: Row, low: float, high: float) -> bool:
    """Whether a ratio lies off the forest plot and is drawn as an arrow."""
    return row.ratio.time is not None and not low <= row.ratio.time.value <= high


def _ratio(drawn: Chart, strip: Strip, low: float, high: float) -> None:
    time = strip.row.ratio.time
    if time is None or strip.row.standing == "reference":
        remark(drawn, strip, "reference")
    elif outside(strip.row, low, high):
        edge, sign = (0.985, ">") if time.value > high else (0.015, "<")
        frame = drawn.axes.get_yaxis_transform()
        drawn.axes.plot([edge], [strip.y], sign, transform=frame, color=strip.style.color, markersize=8)
        remark(drawn, strip, f"{text.significant(time.value)} {_ends(time)}")
    else:
        inside = [pair for pair in strip.row.pairs if low <= pair <= high]
        lane = [strip.y + 0.3] * len(inside)
        drawn.axes.plot(inside, lane, "o", markersize=2.2, color=strip.style.color, alpha=0.6, mew=0)
        _dot(drawn, strip, time, strip.row.standing)


def distributions(report: Report) -> Figure:
    """Every block as a dot in the lane of its restart, the median of each restart as a tick."""
    rows = [row for row in naming.side_by_side(report) if row.step_s]
    drawn = chart(report, rows, row_in=0.42)
    values = [1.0]
    for strip in drawn.strips:
        values += _lanes(drawn, strip)
    drawn.axes.axvline(1, color=MUTED.drawn, linewidth=0.8, zorder=1)
    low, high = min(values), max(values)
    log_axis(drawn.axes, min(low, 0.97), max(high, 1.03), "time per step ÷ the cell's own median (log scale)")
    return drawn.figure


def compiling(report: Report) -> Figure:
    """The phases of a compile end to end, medians over restarts, and the whole first call."""
    rows = [row for row in naming.side_by_side(report) if row.record.compiles]
    drawn = chart(report, rows)
    furthest = max(_bar(drawn, strip) for strip in drawn.strips)
    drawn.axes.set_xlim(0, furthest * 1.04 or 1)
    drawn.axes.set_xlabel("seconds, median over restarts", color=INK.drawn)
    _phase_key(drawn)
    return drawn.figure


def _dot(drawn: Chart, strip: Strip, estimate: Estimate, word: str = "") -> Estimate:
    style: dict[str, Any] = {"color": strip.style.color, "zorder": 3}
    if estimate.low is not None and estimate.high is not None:
        drawn.axes.plot([estimate.low, estimate.high], [strip.y, strip.y], linewidth=2.2, **style)
        drawn.axes.plot([estimate.low, estimate.high], [strip.y, strip.y], "|", markersize=9, **style)
    drawn.axes.plot([estimate.value], [strip.y], strip.style.marker, markersize=6.5, mec=PAPER.drawn, mew=0.6, **style)
    remark(
        drawn,
        strip,
        f"{text.significant(estimate.value)} {_ends(estimate)}{f' {word}' if word in ('tie', 'undecided') else ''}",
    )
    return estimate


def _ends(estimate: Estimate) -> str:
    low, high = estimate.low, estimate.high
    return "no interval" if low is None or high is None else text.range_of(low, high)


def _bounds(estimates: Sequence[Estimate]) -> tuple[float, float]:
    ends = [bound for one in estimates for bound in (one.value, one.low, one.high) if bound is not None]
    return min(ends), max(ends)


def _lanes(drawn: Chart, strip: Strip) -> list[float]:
    grouped = restarts(strip.row.record)
    middle = statistics.median(block.step_s for blocks in grouped.values() for block in blocks)
    lanes = {restart: strip.y + 0.72 * ((lane + 0.5) / len(grouped) - 0.5) for lane, restart in enumerate(grouped)}
    dots = [(block.step_s / middle, lanes[block.restart]) for blocks in grouped.values() for block in blocks]
    medians = [(statistics.median(block.step_s for block in grouped[key]) / middle, lanes[key]) for key in grouped]
    color = strip.style.color
    drawn.axes.plot(*zip(*dots, strict=True), strip.style.marker, markersize=2.6, color=color, alpha=0.75, mew=0)
    drawn.axes.plot(*zip(*medians, strict=True), "|", markersize=5, color=INK.drawn, mew=1.2, zorder=4)
    remark(drawn, strip, f"median {text.seconds(middle)}")
    return [dot[0] for dot in dots]


def _bar(drawn: Chart, strip: Strip) -> float:
    start = 0.0
    for field, _, strength in PHASES:
        width = phase(strip.row, field)
        color = strip.style.color
        drawn.axes.barh(strip.y, width, left=start, height=0.6, color=color, alpha=strength, linewidth=0)
        drawn.axes.barh(strip.y, width, left=start, height=0.6, fill=False, edgecolor=color, linewidth=0.9)
        start += width
    first = phase(strip.row, "first_call_s")
    drawn.axes.plot([first], [strip.y], "|", markersize=13, color=INK.drawn, mew=1.6)
    programs = text.count(max(one.programs for one in strip.row.record.compiles), "program")
    remark(drawn, strip, f"{text.seconds(strip.row.compile_s.value if strip.row.compile_s else start)}, {programs}")
    return max(start, first)


def phase(row: Row, field: str) -> float:
    """The median over restarts of one figure of a compile."""
    return statistics.median(getattr(one, field) for one in row.record.compiles)


def _phase_key(drawn: Chart) -> None:
    x = 0.0
    for _, words, strength in PHASES:
        _key(drawn, x, "■", 0, color=MUTED.drawn, alpha=strength)
        _key(drawn, x, words, 11, color=INK.drawn)
        x += 0.05 + 0.0165 * len(words)
    _key(drawn, x, "|", 2, color=INK.drawn, fontweight="bold")
    _key(drawn, x, "whole first call", 9, color=INK.drawn)


def _key(drawn: Chart, x: float, words: str, offset: float, **looks: Any) -> None:
    drawn.axes.annotate(words, (x, 1), (offset, 4), "axes fraction", textcoords="offset points", **looks)
