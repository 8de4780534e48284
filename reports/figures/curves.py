"""The figures that follow something over time: losses, and a history of runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from triptych.benches.record.run import Point
from triptych.reports import text
from triptych.reports.figures.chart import WIDTH_IN, log_axis
from triptych.reports.figures.styles import GRID, INK, MUTED, Style, styles
from triptych.reports.view.history import Trend
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PLACES = 4
MOST_TRENDS = 12
MOST_POINTS = 150
PANEL_IN = 2.15


class Curve(NamedTuple):
    """The losses of one cell's first training."""

    row: Row
    points: list[Point]


def curves(rows: Sequence[Row]) -> list[Curve]:
    """The cells that left a loss curve."""
    return [Curve(row, row.record.trainings[0].curve) for row in rows if row.record.trainings]


def places(report: Report) -> list[Place]:
    """The places with a loss curve that the figure has room for."""
    ordered = dict.fromkeys(row.place for row in naming.side_by_side(report))
    return [place for place in ordered if any(one.points for one in curves(report.by_place[place]))][:MOST_PLACES]


def losses(report: Report) -> Figure:
    """Per place two panels that share a y axis: loss against step, and the same curves against seconds."""
    looks = styles(report.trainers)
    shown = places(report)
    height = PANEL_IN * len(shown)
    figure = Figure(figsize=(WIDTH_IN, height))
    for index, place in enumerate(shown):
        bottom = (height - (index + 1) * PANEL_IN + 0.5) / height
        size = (PANEL_IN - 0.8) / height
        left = figure.add_axes((0.09, bottom, 0.34, size))
        right = figure.add_axes((0.50, bottom, 0.34, size), sharey=left)
        _pair(left, right, curves(report.by_place[place]), looks)
        words = f"{naming.scene_name(report, place)}  {naming.side_name(report, place)}".strip()
        left.set_title(words, loc="left", fontweight="bold", fontsize=9, color=INK.drawn, parse_math=False)
    return figure


def _pair(left: "Axes", right: "Axes", drawn: list[Curve], looks: dict[str, Style]) -> None:
    for axes in (left, right):
        frame(axes)
    for width, curve in zip((3.6, 2.4, 1.8, *[1.4] * len(drawn)), drawn, strict=False):
        style = looks[curve.row.trainer]
        points = _thinned(curve.points)
        look: dict[str, Any] = {"color": style.color, "linestyle": style.line, "linewidth": width}
        left.plot([point.step for point in points], [point.loss for point in points], **look)
        timed = [point for point in points if point.seconds > 0]
        right.plot([point.seconds for point in timed], [point.loss for point in timed], **look)
        if timed:
            right.plot([timed[-1].seconds], [timed[-1].loss], style.marker, color=style.color, markersize=6)
            left.plot([points[-1].step], [points[-1].loss], style.marker, color=style.color, markersize=6)
    values = [point.loss for curve in drawn for point in curve.points if point.loss > 0]
    if values:
        log_axis(left, min(values), max(values), "training loss (log)", "y")
    right.tick_params(axis="y", labelleft=False)
    left.set_xlabel("step", color=INK.drawn)
    _seconds_axis(right, drawn)
    _names(right, drawn, looks)


def _seconds_axis(axes: "Axes", drawn: list[Curve]) -> None:
    times = [point.seconds for curve in drawn for point in curve.points if point.seconds > 0]
    if times:
        log_axis(axes, min(times), max(times), "seconds of training (log scale)")


def _names(axes: "Axes", drawn: list[Curve], looks: dict[str, Style]) -> None:
    """Labels beside the panel in the order of arrival."""
    arrived = sorted(drawn, key=lambda curve: curve.points[-1].seconds if curve.points else 0)
    key(axes, [(curve.row.trainer, looks[curve.row.trainer]) for curve in arrived])


def key(axes: "Axes", names: Sequence[tuple[str, Style]]) -> None:
    """Labels beside a panel, each with its marker and line, a fixed distance away whatever the panel's width."""
    step = min(0.2, 1 / max(len(names), 1))
    inch = 1 / (WIDTH_IN * axes.get_position().width)
    for index, (name, style) in enumerate(names):
        y = 1 - step * (index + 0.5)
        axes.plot(
            [1 + 0.09 * inch, 1 + 0.29 * inch],
            [y, y],
            transform=axes.transAxes,
            clip_on=False,
            color=style.color,
            linestyle=style.line,
            marker=style.marker,
            markersize=5,
            linewidth=1.8,
        )
        words = text.name(name, 14)
        axes.text(1 + 0.38 * inch, y, words, transform=axes.transAxes, va="center", color=INK.drawn, parse_math=False)


def _thinned(points: list[Point]) -> list[Point]:
    """At most so many points that a figure shows the same line; the last one always."""
    stride = max(1, -(-len(points) // MOST_POINTS))
    return points[::stride] + ([points[-1]] if (len(points) - 1) % stride else [])


def frame(axes: "Axes") -> None:
    """A grid and two quiet spines."""
    axes.set_facecolor("none")
    axes.grid(visible=True, color=GRID.drawn, linewidth=0.7)
    axes.tick_params(which="both", colors=MUTED.drawn, labelcolor=INK.drawn)
    for side in ("right", "top"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED.drawn)


def trend(report: Report) -> Figure:
    """A panel per cell: seconds per step in run after run, joined where machine and libraries are the same."""
    looks = styles(report.trainers)
    cells = cells_of(report)
    lines = -(-len(cells) // 2)
    height = PANEL_IN * lines + 0.2
    figure = Figure(figsize=(WIDTH_IN, height))
    for index, (cell, arm) in enumerate(cells):
        bottom = (height - (index // 2 + 1) * PANEL_IN + 0.55) / height
        axes = figure.add_axes((0.09 + 0.5 * (index % 2), bottom, 0.36, (PANEL_IN - 0.95) / height))
        frame(axes)
        _follow(axes, [one for one in report.history if (one.cell.id, one.arm) == (cell, arm)], looks)
    return figure


def cells_of(report: Report) -> list[tuple[str, str]]:
    """The cells with a history that the figure has room for."""
    return list(dict.fromkeys((one.cell.id, one.arm) for one in report.history))[:MOST_TRENDS]


def _follow(axes: "Axes", trends: Sequence[Trend], looks: dict[str, Style]) -> None:
    style = looks.get(trends[0].cell.trainer) or next(iter(looks.values()))
    values: list[float] = []
    for one in trends:
        at = [moment.place + 1 for moment in one.moments]
        steps = [moment.step_s for moment in one.moments]
        middle = [1e6 * step.value for step in steps]
        low, high = ([1e6 * (end or step.value) for step in steps for end in [step[side]]] for side in (1, 2))
        values += middle + low + high
        axes.plot(at, middle, color=style.color, marker=style.marker, markersize=4.5, linewidth=1.4)
        axes.vlines(at, low, high, color=style.color, linewidth=1.2)
        if len(trends) > 1:
            name = one.machine.split(":")[0]
            axes.annotate(name, (at[-1], middle[-1]), (5, 4), textcoords="offset points", color=INK.drawn)
    log_axis(axes, min(values), max(values), "µs per step (log)", "y")
    cell = trends[0].cell
    words = f"{text.name(cell.trainer, 18)} on {text.name(cell.workload, 18)}, {text.name(cell.device, 10)}"
    axes.set_title(words, loc="left", fontweight="bold", fontsize=9, color=INK.drawn, parse_math=False)
    axes.set_xlabel("run, in order of time", color=INK.drawn)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
