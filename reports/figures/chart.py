"""What figures are put together from: panels, rows with their names, intervals, keys, axes in plain figures."""

import itertools
import math
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from triptych.benches.stats.ranks import Estimate
from triptych.impls.styles import Look
from triptych.reports import text
from triptych.reports.figures.figure import MOST_ROWS
from triptych.reports.figures.styles import INK, MUTED, PAPER, styles
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

MOST_KEYS = 10  # of a key, below one another
WIDTH_IN, ROW_IN, TALL_ROW_IN, LIST_ROW_IN, EDGE_IN = 8.6, 0.27, 0.42, 0.3, 0.72
HEADING_PT, NAME_PT, MARKER_PT = -122.0, -100.0, -110.0  # where words and marker of a row stand, left of its axis


class Strip(NamedTuple):
    """A row of a figure: whose, how it looks, on which axes and how far down."""

    row: Row
    look: Look
    axes: Axes
    y: float

    def remark(self, words: str) -> None:
        """Words on its right."""
        beside(self.axes, self.y, words)

    def estimate(self, estimate: Estimate, word: str = "") -> tuple[float, ...]:
        """An estimate with its interval, also in words; gives every value that it reaches."""
        edge: dict[str, Any] = {"mec": PAPER, "mew": 0.6, "zorder": 5}
        interval(self.axes, estimate, self.y, self.look.color, 2.2)
        self.axes.plot([estimate.value], [self.y], self.look.marker, color=self.look.color, markersize=6.5, **edge)
        self.remark(f"{text.estimate(estimate)} {'no interval' if estimate.low is None else word}".strip())
        return bounds(estimate)


def panels(heights_in: Sequence[float], columns: int = 1, *, share_y: bool = False) -> tuple[Figure, list[Axes]]:
    """Panels in rows of these heights, the room of their words included; from left to right, then downwards."""
    figure, shared = Figure((WIDTH_IN, sum(heights_in)), layout="constrained"), "row" if share_y else False
    made = figure.subplots(len(heights_in), columns, squeeze=False, sharey=shared, height_ratios=list(heights_in))
    return figure, list(made.flat)


def chart(report: Report, rows: Sequence[Row], row_in: float = ROW_IN) -> tuple[Figure, Axes, list[Strip]]:
    """One axis for all rows that there is room for: their names on the left, under a heading per scene."""
    looks = styles(report.trainers)
    scenes = [list(group) for _, group in itertools.groupby(rows[:MOST_ROWS], lambda row: naming.scene(row.place))]
    heading = ROW_IN / row_in
    last = sum(heading + len(scene) for scene in scenes)
    figure, [axes] = panels([last * row_in + EDGE_IN])
    list_rows(axes, ())
    axes.set_ylim(last - 0.4, -0.14 / row_in)
    strips: list[Strip] = []
    for number, scene in enumerate(scenes, start=1):
        y = len(strips) + number * heading
        beside(axes, y - heading, naming.scene_name(report, scene[0].place), HEADING_PT, "bold")
        strips += [Strip(row, looks[row.trainer], axes, y + index) for index, row in enumerate(scene)]
    shift = ScaledTranslation(MARKER_PT / 72, 0, figure.dpi_scale_trans)
    left: dict[str, Any] = {"transform": axes.get_yaxis_transform() + shift, "clip_on": False}
    for row, look, _, y in strips:
        side = naming.side_name(report, row.place)
        beside(axes, y, f"{text.short(row.trainer, 17 - len(side))} {side}".strip(), NAME_PT)
        axes.plot([0], [y], look.marker, color=look.color, markersize=6, **left)
    return figure, axes, strips


def list_rows(axes: Axes, names: Sequence[str]) -> None:
    """Rows with these names from top to bottom, in place of a y axis."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def beside(axes: Axes, y: float, said: str, offset: float = 8, weight: str = "normal") -> None:
    """Words beside a row: this many points from the right end of the axis, or from its left end if negative."""
    axes.annotate(
        said, (float(offset > 0), y), (offset, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        annotation_clip=False, va="center", fontweight=weight,
    )  # fmt: skip


def bounds(estimate: Estimate) -> tuple[float, ...]:
    """An estimate and what ends its interval has."""
    return tuple(value for value in estimate[:3] if value is not None)


def interval(axes: Axes, estimate: Estimate, y: float, color: str = INK, width: float = 1.6) -> None:
    """The interval of an estimate as a bar; nothing where there is none."""
    if estimate.low is not None and estimate.high is not None:
        axes.plot([estimate.low, estimate.high], [y, y], "-|", color=color, linewidth=width, markersize=9, zorder=4)


def course(
    axes: Axes, points: Iterable[tuple[float, Estimate]], look: Look, *, shade: float = 0, factor: float = 1
) -> list[float]:
    """A line through estimates, with intervals as a shade, and as bars where the look has marks; gives its reach."""
    at, estimates = zip(*points, strict=True)
    middle, low, high = ([factor * pick(bounds(one)) for one in estimates] for pick in (itemgetter(0), min, max))
    if shade:
        axes.fill_between(at, low, high, color=look.color, alpha=shade, linewidth=0, zorder=2)
    if look.marker:
        axes.vlines(at, low, high, color=look.color, linewidth=1.2, zorder=2)
    style: dict[str, Any] = {"color": look.color, "marker": look.marker, "linestyle": look.line, "linewidth": 1.5}
    axes.plot(at, middle, markersize=4.5, zorder=3, **style)
    return [*low, *middle, *high]


def stack(axes: Axes, y: float, pieces: Sequence[tuple[float, float]], color: str, height: float = 0.6) -> float:
    """Bars end to end, each with its width and from 0, pale, to 1, full; gives where the last one ends."""
    ends = list(itertools.accumulate((width for width, _ in pieces), initial=0.0))
    for (width, full), left in zip(pieces, ends, strict=False):
        axes.barh(y, width, height, left, facecolor=(color, full), edgecolor=color, linewidth=0.9)
    return ends[-1]


def key_above(figure: Figure, others: Iterable[Artist] = (), parts: Iterable[tuple[str, float]] = ()) -> None:
    """A key above all panels, from left to right: of parts, each with how full it is, and of other things."""
    entries = [*(Patch(facecolor=(MUTED, full), label=word) for word, full in parts), *others]
    figure.legend(handles=entries, loc="outside upper left", ncols=min(len(entries), 6))


def key_beside(axes: Axes, entries: Sequence[Artist]) -> None:
    """A key beside a panel, from top to bottom."""
    columns = -(-len(entries) // MOST_KEYS)
    axes.legend(handles=entries, loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=columns)


def lines(trainers: Sequence[str], looks: dict[str, Look]) -> list[Artist]:
    """The entries of a key of trainers, each with its marker and line."""
    entries = ((text.short(name, 14), *looks[name]) for name in trainers)
    return [Line2D([], [], color=one[1], marker=one[2], ls=one[3], markersize=5, label=one[0]) for one in entries]


def log_axis(axes: Axes, low: float, high: float, label: str, side: Literal["x", "y"] = "x") -> None:
    """A log axis around these values, with ticks in plain figures, few enough to read."""
    pad = max(high / low, 1.1) ** 0.05
    axis = axes.xaxis if side == "x" else axes.yaxis
    axes.set(**{f"{side}scale": "log", f"{side}lim": (low / pad, high * pad)})
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(ticks(low / pad, high * pad, 7 if side == "x" else 5))
    axis.set_major_formatter(FuncFormatter(lambda at, _: f"{at:,.10g}" if 1e-3 <= at < 1e7 else f"{at:.10g}"))
    axis.set_label_text(label)


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round values between two bounds: decades, or 1-2-5, or even steps, as the span asks."""
    if high / low < 4:
        even = MaxNLocator(most - 1, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        return [value for value in even if low <= value <= high]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        inside = [at for decade in decades for digit in digits if low <= (at := digit * 10.0**decade) <= high]
        if len(inside) <= most:
            return inside
    return inside[:: math.ceil(len(inside) / most)]
