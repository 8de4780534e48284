"""The figure of a sweep: per curve a panel of times, and one of ratios beneath it on the same sizes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benches.stats import Estimate
from reports import naming, text
from reports.chart import WIDTH_IN, log_axis
from reports.curves import frame
from reports.plots import CLOSE_UP
from reports.scaling import Curve
from reports.styles import BAND, INK, Style, styles
from reports.table import MARGIN, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_IN, TIMES_IN, RATIOS_IN, KEY_IN = 3.55, 1.5, 0.95, 0.35
MOST_TICKS = 6


def figure(report: Report, shown: Sequence[Curve]) -> Figure:
    """Two panels side by side, and under a key of all trainers as many rows as there must be."""
    looks = styles(report.trainers)
    height = PANEL_IN * -(-len(shown) // 2) + KEY_IN
    drawn = Figure(figsize=(WIDTH_IN, height))
    _key(drawn, [name for name in looks if any(name in curve.lines for curve in shown)], looks)
    for index, curve in enumerate(shown):
        left = 0.085 + 0.5 * (index % 2)
        bottom = height - KEY_IN - PANEL_IN * (index // 2 + 1)
        ratios = drawn.add_axes((left, (bottom + 0.5) / height, 0.385, RATIOS_IN / height))
        times = drawn.add_axes((left, (bottom + 0.5 + RATIOS_IN + 0.25) / height, 0.385, TIMES_IN / height))
        _times(times, curve, looks)
        _ratios(ratios, curve, looks)
        words = f"{text.name(curve.base, 20)} by {curve.axis}, {naming.setting(report, curve.place)}"
        title: dict[str, Any] = {"fontsize": 9, "color": INK.drawn, "parse_math": False}
        times.set_title(words, loc="left", fontweight="bold", **title)
    return drawn


def _times(axes: "Axes", curve: Curve, looks: dict[str, Style]) -> None:
    """Microseconds per step on two log axes."""
    values: list[float] = []
    for trainer, rows in curve.lines.items():
        estimates = {size: _scaled(row.step_s, 1e6) for size, row in rows.items() if row.step_s}
        values += _line(axes, estimates, looks[trainer])
    log_axis(axes, min(values), max(values), "µs per step (log)", "y")
    _sizes(axes, curve)
    axes.tick_params(axis="x", labelbottom=False)


def _ratios(axes: "Axes", curve: Curve, looks: dict[str, Style]) -> None:
    """Time per step over the reference's; where some are near 1, the others leave the panel."""
    axes.axhspan(1 / (1 + MARGIN), 1 + MARGIN, color=BAND.drawn, linewidth=0, zorder=0)
    axes.axhline(1, color=INK.drawn, linewidth=1, zorder=1)
    values: list[float] = []
    for trainer, rows in curve.lines.items():
        ratios = {size: row.ratio.time for size, row in rows.items() if row.ratio.time}
        if trainer != curve.reference and ratios:
            values += _line(axes, ratios, looks[trainer])
    near = [value for value in values if 1 / CLOSE_UP < value < CLOSE_UP]
    least = 1 + 2 * MARGIN
    log_axis(axes, min([1 / least, *(near or values)]), max([least, *(near or values)]), "ratio (log)", "y")
    _sizes(axes, curve)
    axes.set_xlabel(LABELS[curve.axis], color=INK.drawn)


LABELS = {"width": "width of every hidden layer", "depth": "number of hidden layers", "batch": "rows of a batch"}


def _line(axes: "Axes", estimates: dict[int, Estimate], style: Style) -> list[float]:
    """A line through the estimates with its band; gives every value that it reaches."""
    sizes, values = list(estimates), [one.value for one in estimates.values()]
    low = [one.value if one.low is None else one.low for one in estimates.values()]
    high = [one.value if one.high is None else one.high for one in estimates.values()]
    axes.fill_between(sizes, low, high, color=style.color, alpha=0.2, linewidth=0, zorder=2)
    axes.vlines(sizes, low, high, color=style.color, linewidth=1.2, zorder=2)
    look: dict[str, Any] = {"color": style.color, "linestyle": style.line, "linewidth": 1.5, "zorder": 3}
    axes.plot(sizes, values, marker=style.marker, markersize=4.5, **look)
    return [*values, *low, *high]


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    low, high = (None if bound is None else factor * bound for bound in (estimate.low, estimate.high))
    return Estimate(factor * estimate.value, low, high, estimate.n)


def _sizes(axes: "Axes", curve: Curve) -> None:
    """A log axis of sizes, doubling; every second, third, ... has its figure where all would not fit."""
    frame(axes)
    sizes = sorted({size for rows in curve.lines.values() for size in rows})
    axes.set(xscale="log", xlim=(sizes[0] / 1.15, sizes[-1] * 1.15))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sizes[:: -(-len(sizes) // MOST_TICKS)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _key(drawn: Figure, trainers: Sequence[str], looks: dict[str, Style]) -> None:
    """Which line is whose, once for all panels."""
    y, x = 1 - KEY_IN / 2 / drawn.get_figheight(), 0.085
    for trainer in trainers:
        style = looks[trainer]
        words = text.name(trainer, 24)
        look: dict[str, Any] = {"color": style.color, "linestyle": style.line, "marker": style.marker}
        axes = drawn.add_axes((x, y - 0.005, 0.045, 0.01))
        axes.set_axis_off()
        axes.plot([0, 1], [0, 0], markersize=5, linewidth=1.8, clip_on=False, **look)
        drawn.text(x + 0.055, y, words, va="center", color=INK.drawn, parse_math=False)
        x += 0.09 + 0.0115 * len(words)
