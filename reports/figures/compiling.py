"""Compile time in its phases, medians over restarts, and the whole first call."""

import statistics

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from triptych.reports import text
from triptych.reports.figures.chart import Strip, chart, key_of_parts, stack
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, table, where
from triptych.reports.figures.styles import INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

PHASES = (("trace_s", "trace", 0.35), ("lower_s", "lower", 0.6), ("backend_s", "backend compile", 1.0))
"""The field of a phase, its words, and how full its part of the bar is."""

FIELDS = (*(field for field, _, _ in PHASES), "first_call_s")


def rows(report: Report) -> list[Row]:
    """The cells that compiled."""
    return [row for row in naming.side_by_side(report) if row.record.compiles]


def exhibit(report: Report) -> Exhibit:
    """The compiles in words and data."""
    shown = rows(report)
    ends = min(shown, key=_total), max(shown, key=_total)
    return Exhibit(
        "compile",
        "Compile time in its phases",
        " to ".join(f"{text.seconds(_total(row))} ({where(report, row)})" for row in ends) + ".",
        "Bars are medians over cold compiles; the tick is the whole first call, which also runs the first step."
        + cut(shown),
        [*IDENTITY, "Trace", "Lower", "Backend compile", "First call", "All phases, 95 % interval"],
        table(report, shown, lambda row: [*map(text.seconds, phases(row)), columns.compiling(row).note]),
        draw,
    )


def _total(row: Row) -> float:
    return row.compile_s.value if row.compile_s else 0.0


def phases(row: Row) -> list[float]:
    """Seconds of each phase and of the whole first call, medians over restarts."""
    return [statistics.median(getattr(one, field) for one in row.record.compiles) for field in FIELDS]


def draw(report: Report) -> Figure:
    """The phases end to end, a row per cell."""
    figure, axes, strips = chart(report, rows(report))
    axes.set_xlim(0, max(map(_bar, strips)) * 1.04 or 1)
    axes.set_xlabel("seconds, median over restarts")
    tick = Line2D([], [], color=INK, linestyle="", marker="|", markersize=9, mew=1.6, label="whole first call")
    key_of_parts(figure, [(words, full) for _, words, full in PHASES], tick)
    return figure


def _bar(strip: Strip) -> float:
    """The bar and the tick of a row; gives the end of the longer."""
    row, look, axes, y = strip
    *widths, first_call = phases(row)
    end = stack(axes, y, [(width, full) for width, (_, _, full) in zip(widths, PHASES, strict=True)], look.color)
    axes.plot([first_call], [y], "|", markersize=13, color=INK, mew=1.6)
    programs = text.count(max(one.programs for one in row.record.compiles), "program")
    strip.remark(f"{text.seconds(_total(row))}, {programs}")
    return max(end, first_call)
