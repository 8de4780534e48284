"""Compile time in its phases, medians over restarts, and the whole first call."""

import statistics
from operator import itemgetter

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from triptych.reports import text
from triptych.reports.figures.chart import chart, key_above, stack
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, table
from triptych.reports.figures.styles import INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

PHASES = (("trace_s", "trace", 0.35), ("lower_s", "lower", 0.6), ("backend_s", "backend compile", 1.0))
"""The field of a phase, its words, and how full its part of the bar is."""


def rows(report: Report) -> list[Row]:
    """The cells that compiled."""
    return [row for row in naming.side_by_side(report) if row.record.cold_compiles]


def exhibit(report: Report) -> Exhibit:
    """The compiles in words and data."""
    shown = rows(report)
    totals = [(row.compile_s.value, naming.cell_name(report, row)) for row in shown if row.compile_s]
    ends = (pick(totals, key=itemgetter(0)) for pick in (min, max))
    return Exhibit(
        "compile",
        "Compile time in its phases",
        " to ".join(f"{text.seconds(total)} ({cell})" for total, cell in ends) + ".",
        "Bars are medians over cold compiles; the tick is the whole first call, which also runs the first step."
        + cut(shown),
        [*IDENTITY, "Trace", "Lower", "Backend compile", "First call", "All phases, 95 % interval"],
        table(report, shown, lambda row: [*map(text.seconds, phases(row)), columns.compiling(row).note]),
    )


def phases(row: Row) -> list[float]:
    """Seconds of each phase and of the whole first call, medians over restarts."""
    fields = [*(field for field, _, _ in PHASES), "first_call_s"]
    return [statistics.median(getattr(one, field) for one in row.record.cold_compiles) for field in fields]


def draw(report: Report) -> Figure:
    """The phases end to end, a row per cell, and a tick at the whole first call."""
    figure, axes, strips = chart(report, rows(report))
    ends: list[float] = []
    for strip in strips:
        *widths, first_call = phases(strip.row)
        pieces = [(width, full) for width, (_, _, full) in zip(widths, PHASES, strict=True)]
        ends += [first_call, stack(axes, strip.y, pieces, strip.look.color)]
        axes.plot([first_call], [strip.y], "|", markersize=13, color=INK, mew=1.6)
        entry = columns.compiling(strip.row)
        strip.remark(f"{text.seconds(entry.order or 0)}, {entry.notes[-1]}")
    axes.set_xlim(0, max(ends) * 1.04 or 1)
    axes.set_xlabel("seconds, median over restarts")
    tick = Line2D([], [], color=INK, linestyle="", marker="|", markersize=9, mew=1.6, label="whole first call")
    key_above(figure, [tick], [(words, full) for _, words, full in PHASES])
    return figure
