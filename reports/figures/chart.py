"""The layout that most figures share: one row per cell under a heading per place, one x axis for all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from triptych.reports import text
from triptych.reports.figures.figure import MOST_ROWS
from triptych.reports.figures.styles import GRID, INK, MUTED, Style, styles
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

WIDTH_IN = 8.6
LEFT_IN = 1.75
RIGHT_IN = 2.2
TOP_IN = 0.22
BOTTOM_IN = 0.5
STACKED_ROW_IN, STACKED_EDGE_IN = 0.3, 0.6


@dataclass(frozen=True)
class Strip:
    """A row of the figure: whose, where, in which style."""

    row: Row
    y: float
    style: Style


@dataclass(frozen=True)
class Chart:
    """A figure with its axes and strips."""

    figure: Figure
    axes: Axes
    strips: list[Strip]


def shown(rows: Sequence[Row]) -> list[Row]:
    """The rows that a figure has room for."""
    return list(rows[:MOST_ROWS])


def chart(report: Report, rows: Sequence[Row], row_in: float = 0.27) -> Chart:
    """Rungs from top to bottom with names on the left, headings above, and an empty axis."""
    looks = styles(report.trainers)
    strips: list[Strip] = []
    headings: list[tuple[float, str]] = []
    y, scene = 0.0, None
    for row in shown(rows):
        if naming.scene(row.place) != scene:
            scene = naming.scene(row.place)
            headings.append((y, naming.scene_name(report, row.place)))
            y += 0.27 / row_in
        strips.append(Strip(row, y, looks[row.trainer]))
        y += 1
    height = y * row_in + TOP_IN + BOTTOM_IN
    figure = Figure(figsize=(WIDTH_IN, height))
    axes = figure.add_axes(
        (LEFT_IN / WIDTH_IN, BOTTOM_IN / height, 1 - (LEFT_IN + RIGHT_IN) / WIDTH_IN, y * row_in / height)
    )
    _frame(axes, y, row_in)
    for position, words in headings:
        beside(axes, (0, -LEFT_IN * 72 + 4), position, words, "bold")
    for strip in strips:
        _name(axes, strip, naming.side_name(report, strip.row.place))
    return Chart(figure, axes, strips)


def _frame(axes: Axes, bottom: float, row_in: float) -> None:
    axes.set_ylim(bottom - 0.4, -0.14 / row_in)
    bare(axes)
    axes.set_axisbelow(True)


def bare(axes: Axes) -> None:
    """An x axis with a grid, and nothing else."""
    axes.set_yticks([])
    axes.set_facecolor("none")
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(MUTED.drawn)
    axes.tick_params(axis="x", which="both", colors=MUTED.drawn, labelcolor=INK.drawn)
    axes.grid(visible=True, axis="x", color=GRID.drawn, linewidth=0.7)


def _name(axes: Axes, strip: Strip, side: str) -> None:
    beside(axes, (0, -LEFT_IN * 72 + 26), strip.y, f"{text.name(strip.row.trainer, 20 - len(side))} {side}".strip())
    axes.plot(
        [-(LEFT_IN - 0.22) / (WIDTH_IN - LEFT_IN - RIGHT_IN)],
        [strip.y],
        transform=axes.get_yaxis_transform(),
        clip_on=False,
        marker=strip.style.marker,
        color=strip.style.color,
        markersize=6,
    )


def remark(chart: Chart, strip: Strip, words: str) -> None:
    """A word on the right of a row."""
    beside(chart.axes, (1, 8), strip.y, words)


def stacked(rows: Sequence[int], left_in: float, right_in: float) -> tuple[Figure, list[Axes]]:
    """Panels one below the other, each as high as its rows, with room for words on both sides."""
    heights = [count * STACKED_ROW_IN + STACKED_EDGE_IN for count in rows]
    whole = top = sum(heights)
    figure = Figure(figsize=(WIDTH_IN, whole))
    frames: list[Axes] = []
    for height in heights:
        top -= height
        frame = (left_in / WIDTH_IN, (top + STACKED_EDGE_IN) / whole, 1 - (left_in + right_in) / WIDTH_IN)
        frames.append(figure.add_axes((*frame, (height - STACKED_EDGE_IN) / whole)))
    return figure, frames


def beside(axes: Axes, at: tuple[int, float], y: float, said: str, weight: str = "normal") -> None:
    """Words beside a row: so many points from the left edge, 0, or the right one, 1."""
    side, offset = at
    axes.annotate(
        said, (side, y), (offset, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        annotation_clip=False, va="center", color=INK.drawn, fontweight=weight, parse_math=False,
    )  # fmt: skip


def log_axis(axes: Axes, low: float, high: float, label: str, side: Literal["x", "y"] = "x") -> None:
    """A log axis around these values, with ticks in plain figures, few enough to read."""
    pad = max(high / low, 1.1) ** 0.05
    axis = axes.xaxis if side == "x" else axes.yaxis
    axes.set(**{f"{side}scale": "log", f"{side}lim": (low / pad, high * pad)})
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(ticks(low / pad, high * pad, 7 if side == "x" else 5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axis.set_label_text(label, color=INK.drawn, parse_math=False)


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round values between two bounds: decades, or 1-2-5, or even steps, as the span asks."""
    if high / low < 4:
        even = MaxNLocator(most - 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return [value for value in even if low <= value <= high]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1, 2, 5), (1, 3), (1,)):
        values = [part * 10.0**decade for decade in decades for part in parts]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]


def tick(value: float) -> str:
    """A tick in plain figures while they are short."""
    return f"{value:,.10g}" if 1e-3 <= value < 1e7 else f"{value:.10g}"
