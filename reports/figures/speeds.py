"""Steps per second, with their intervals over restarts."""

from matplotlib.figure import Figure

from triptych.reports import text
from triptych.reports.figures.chart import chart, log_axis
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, table
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming


def rows(report: Report) -> list[Row]:
    """The cells whose steps were timed."""
    return [row for row in naming.side_by_side(report) if row.step_s]


def exhibit(report: Report) -> Exhibit:
    """The speeds in words and data."""
    shown = rows(report)
    slowest_first = sorted(shown, key=lambda row: columns.speed(row).order or 0)
    ends = (
        f"{columns.speed(row).main} ({naming.cell_name(report, row)})" for row in (slowest_first[0], slowest_first[-1])
    )
    return Exhibit(
        "speeds",
        "Steps per second",
        f"From {' to '.join(ends)}.",
        "A mark is the estimate over restarts, the bar its 95 % interval." + cut(shown),
        [*IDENTITY, "Steps/s", "95 % interval"],
        table(report, shown, lambda row: [columns.speed(row).main, columns.speed(row).note]),
    )


def draw(report: Report) -> Figure:
    """A row per cell, on a log axis."""
    figure, axes, strips = chart(report, rows(report))
    speeds = [(strip, text.inverse(strip.row.step_s)) for strip in strips if strip.row.step_s]
    values = [value for strip, speed in speeds for value in strip.estimate(speed)]
    log_axis(axes, min(values), max(values), "steps per second, 95 % interval (log scale; right is faster)")
    return figure
