"""How a step grows with the size of the network or the batch, and from which size on two trainers are the same."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from triptych.benches.analysis.crossover import Crossover, crossover
from triptych.benches.stats.ranks import Estimate
from triptych.benches.workloads.sizes import Axis, size_of
from triptych.reports import text
from triptych.reports.figures.chart import WIDTH_IN, log_axis
from triptych.reports.figures.curves import frame
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.plots import CLOSE_UP
from triptych.reports.figures.styles import BAND, INK, Style, styles
from triptych.reports.view.report import MARGIN, Place, Report, Row
from triptych.reports.words import columns, naming

MOST_CURVES = 8
"""Panels that a figure has room for."""

KEY = "scaling"

PANEL_IN, TIMES_IN, RATIOS_IN, KEY_IN = 3.55, 1.5, 0.95, 0.35
MOST_TICKS = 6


class Curve(NamedTuple):
    """The rows of one workload along one axis, in one run and arm: sizes by trainer.

    Attributes:
        place: Of its smallest size.
        reference: Whom the ratios stand against.
        lines: Rows by trainer, then by size.
    """

    base: str
    axis: Axis
    place: Place
    reference: str
    lines: dict[str, dict[int, Row]]

    @property
    def compared(self) -> dict[str, Crossover]:
        """The crossover of every trainer that has ratios."""
        found: dict[str, Crossover] = {}
        for trainer, rows in self.lines.items():
            ratios = {size: row.ratio.time for size, row in rows.items() if row.ratio.time}
            if trainer != self.reference and ratios:
                found[trainer] = crossover(ratios, MARGIN)
        return found


def curves(report: Report) -> list[Curve]:
    """Every axis along which a workload was timed in at least two sizes."""
    grouped: dict[tuple[str, ...], dict[str, dict[int, Row]]] = {}
    for row in report.rows:
        if size := size_of(row.place.workload):
            key = (row.place.source, row.place.arm, row.place.mode, row.place.device, size.base, size.axis)
            grouped.setdefault(key, {}).setdefault(row.trainer, {})[size.size] = row
    made: list[Curve] = []
    for key, lines in grouped.items():
        timed = {trainer: dict(sorted(rows.items())) for trainer, rows in lines.items() if _timed(rows)}
        if len({size for rows in timed.values() for size in _timed(rows)}) > 1:
            first = next(iter(next(iter(timed.values())).values()))
            axis: Axis = next(axis for axis in ("width", "depth", "batch") if axis == key[-1])
            made.append(Curve(key[-2], axis, first.place, first.reference, timed))
    return made


def _timed(rows: dict[int, Row]) -> list[int]:
    return [size for size, row in rows.items() if row.step_s]


def others(report: Report) -> list[Row]:
    """The rows that are no point of a curve: what the other figures are about."""
    drawn = {row.id for curve in curves(report) for rows in curve.lines.values() for row in rows.values()}
    return [row for row in report.rows if row.id not in drawn]


def exhibit(report: Report) -> Exhibit:
    """The curves in words and data."""
    found = curves(report)
    cut = f" The first {MOST_CURVES} of {len(found)} are drawn." if len(found) > MOST_CURVES else ""
    return Exhibit(
        KEY,
        "Time per step over size",
        " ".join(_growth(report, curve) for curve in found),
        "Above, time per step, both axes logarithmic; below, the same over the reference's, with the margin of no "
        f"practical account as a band. The bars and shades are 95 % intervals over restarts.{cut}{_missing(found)}",
        ["Workload", "Where", "Changed", "Size", "Trainer", "Time per step", "95 % interval", "Time ÷ reference", ""],
        [line for curve in found for line in _data(report, curve)],
        figure,
    )


def _data(report: Report, curve: Curve) -> list[list[str]]:
    start = [text.name(curve.base, 40), naming.setting(report, curve.place), curve.axis]
    entries = [(size, trainer, row) for trainer, rows in curve.lines.items() for size, row in rows.items()]
    lines: list[list[str]] = []
    for size, trainer, row in sorted(entries, key=lambda entry: entry[0]):
        ratio = columns.ratio(row)
        taken = [text.seconds(row.step_s.value), text.interval(row.step_s, text.seconds)] if row.step_s else ["–", "–"]
        lines.append([*start, f"{size:,}", text.name(trainer, 40), *taken, ratio.main, ratio.note])
    return lines


def _missing(found: Sequence[Curve]) -> str:
    """Which sizes were asked for and not timed; the table says why of each."""
    gone: dict[str, list[str]] = {}
    for curve in found:
        for trainer, rows in curve.lines.items():
            if sizes := [size for size, row in rows.items() if not row.step_s]:
                words = f"{text.name(curve.base, 40)} {curve.axis} {', '.join(f'{size:,}' for size in sizes)}"
                gone.setdefault(trainer, []).append(words)
    said = "; ".join(f"{text.name(trainer, 40)} on {', '.join(words)}" for trainer, words in gone.items())
    return f" Not measured, for the reason that its row gives: {said}." if said else ""


def sentence(report: Report, curve: Curve, trainer: str) -> str:
    """A trainer's ratio at both ends, and its crossover."""
    rows = curve.lines[trainer]
    first, *last = _ends(rows)
    ends = [f"{_taken(rows[first])} times {text.name(curve.reference, 40)}'s time at {first:,}"]
    ends += [f"{_taken(rows[size])} at {size:,}" for size in last]
    return (
        f"{_where(report, curve)}, {text.name(trainer, 40)} takes {' and '.join(ends)}: "
        f"{words(curve.compared[trainer], curve.axis)}."
    )


def _growth(report: Report, curve: Curve) -> str:
    """How the first trainer's step grows from the smallest size to the largest."""
    trainer, rows = next(iter(curve.lines.items()))
    timed = [(size, row.step_s.value) for size, row in rows.items() if row.step_s]
    ends = " to ".join(f"{text.seconds(step_s)} at {size:,}" for size, step_s in (timed[0], timed[-1]))
    return f"{_where(report, curve)}, a step of {text.name(trainer, 40)} takes from {ends}."


def _where(report: Report, curve: Curve) -> str:
    return f"On {text.name(curve.base, 40)} {naming.setting(report, curve.place)}, by {curve.axis}"


def _ends(rows: dict[int, Row]) -> list[int]:
    rated = [size for size, row in rows.items() if row.ratio.time]
    return [rated[0], rated[-1]] if len(rated) > 1 else rated


def _taken(row: Row) -> str:
    ratio = row.ratio.time
    if ratio is None:
        return text.NONE
    return text.significant(ratio.value) + (f" {text.interval(ratio)}" if ratio.low is not None else "")


def words(found: Crossover, axis: Axis) -> str:
    """Where the trainers come to tie, with what is decided of it."""
    within = f"within ±{100 * MARGIN:g} %"
    if found.kind == "everywhere":
        return f"a tie {within} at every {axis} from {found.smallest:,} to {found.largest:,}"
    if found.kind == "not reached":
        return f"a tie {within} is not reached up to {axis} {found.largest:,}"
    if found.kind == "reached":
        below = f"; at {found.above:,} it is none" if found.above else ""
        return f"a tie {within} from {axis} {found.by:,} on{below}"
    guess = f"a tie from {axis} {found.at:,} on" if found.at else f"no tie up to {axis} {found.largest:,}"
    decided = f"only that it is none at {found.above:,}" if found.above else "nothing yet"
    return f"by the estimates {guess} ({within}), decided is {decided}; more --restarts would tell"


def figure(report: Report) -> Figure:
    """Two panels side by side, and under a key of all trainers as many rows as there must be."""
    looks, shown = styles(report.trainers), curves(report)[:MOST_CURVES]
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


def _times(axes: Axes, curve: Curve, looks: dict[str, Style]) -> None:
    """Microseconds per step on two log axes."""
    values: list[float] = []
    for trainer, rows in curve.lines.items():
        estimates = {size: _scaled(row.step_s, 1e6) for size, row in rows.items() if row.step_s}
        values += _line(axes, estimates, looks[trainer])
    log_axis(axes, min(values), max(values), "µs per step (log)", "y")
    _sizes(axes, curve)
    axes.tick_params(axis="x", labelbottom=False)


def _ratios(axes: Axes, curve: Curve, looks: dict[str, Style]) -> None:
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


def _line(axes: Axes, estimates: dict[int, Estimate], style: Style) -> list[float]:
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


def _sizes(axes: Axes, curve: Curve) -> None:
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
