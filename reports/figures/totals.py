"""Total time against steps: compile time and then step after step, and where a trainer is level with the reference."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.pairing import total_s
from triptych.benches.stats.ranks import Estimate
from triptych.impls.styles import Look
from triptych.reports import text
from triptych.reports.figures.chart import course, interval, key_beside, lines, log_axis, panels
from triptych.reports.figures.figure import Exhibit, cut
from triptych.reports.figures.styles import INK, styles
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

MOST_PLACES, POINTS_PER_DECADE, PANEL_IN = 4, 8, 2.3


def rows(report: Report) -> list[list[Row]]:
    """The cells that have compiled and stepped, of the places where there are two or more."""
    there = ([row for row in cells if total_s(row.record, 1)] for cells in report.by_place.values())
    return [cells for cells in there if len(cells) > 1]


def exhibit(report: Report) -> Exhibit:
    """Total time in words and data."""
    races = [(naming.place_name(report, cells[0].place), cells) for cells in rows(report)]
    return Exhibit(
        "totals",
        "Total time against steps: who is ahead when",
        " ".join(f"On {name}: {_sentence(cells)}." for name, cells in races[:MOST_PLACES]),
        "A line is the compile time and the steps after it, its band the 95 % interval over restarts. A ring is where "
        "a trainer is level with the reference, the bar the 95 % interval of that step."
        + cut(races, MOST_PLACES, "places"),
        ["Where", "Trainer", "Compile", "Time per step", "Against the reference", "95 % interval"],
        [[name, *_entries(row)] for name, cells in races[:MOST_PLACES] for row in cells],
    )


def _sentence(cells: list[Row]) -> str:
    said = [f"{row.trainer} is {columns.even_words(row)}" for row in cells if row.standing != "reference"]
    return f"against {cells[0].reference}, {'; '.join(said)}"


def _entries(row: Row) -> list[str]:
    even = columns.even(row)
    parts = [text.seconds(part.value) if part else text.NONE for part in (row.compile_s, row.step_s)]
    return [row.trainer, *parts, "reference" if row.standing == "reference" else even.main, even.note]


def draw(report: Report) -> Figure:
    """A panel per place, both axes logarithmic."""
    looks, races = styles(report.trainers), rows(report)[:MOST_PLACES]
    figure, frames = panels([PANEL_IN] * len(races))
    for axes, cells in zip(frames, races, strict=True):
        axes.set_title(naming.place_name(report, cells[0].place))
        _panel(axes, cells, looks)
    return figure


def _panel(axes: Axes, cells: list[Row], looks: dict[str, Look]) -> None:
    steps, seconds = _steps(cells), list[float]()
    for row in cells:
        totals = [(at, _total(row, at)) for at in steps]
        seconds += course(axes, totals, looks[row.trainer]._replace(marker=""), shade=0.25)
        if level := row.break_even.steps:
            y = _total(row, level.value).value
            axes.plot([level.value], [y], "o", markersize=6, markerfacecolor="none", color=INK, zorder=5)
            interval(axes, level, y)
    log_axis(axes, steps[0], steps[-1], "steps (log scale)")
    axes.set_xlim(steps[0], steps[-1])
    log_axis(axes, min(seconds), max(seconds), "total seconds (log)", "y")
    slowest_first = sorted(cells, key=lambda row: -_total(row, steps[-1]).value)
    key_beside(axes, lines([row.trainer for row in slowest_first], looks))


def _total(row: Row, steps: float) -> Estimate:
    total = total_s(row.record, steps)
    assert total is not None, "only rows with a total are drawn"
    return total


def _steps(cells: list[Row]) -> list[float]:
    """From one step to ten times the workload's, or beyond the furthest point where two are level; evenly, as logs."""
    ends = [3 * row.break_even.steps.value for row in cells if row.break_even.steps]
    last = min(max(10 * cells[0].planned.steps, *ends, 10), 1e9)
    count = math.ceil(POINTS_PER_DECADE / (1 + len(cells) // 8) * math.log10(last))  # fewer where lines are many
    return [last ** (index / count) for index in range(count + 1)]
