"""How a step grows with the size of the network or the batch, and from which size on two trainers are the same."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from triptych.benches.analysis.crossover import Crossover, crossover
from triptych.benches.analysis.tie import TIE_MARGIN
from triptych.benches.stats.ranks import Estimate
from triptych.benches.workloads.sizes import Axis, size_of
from triptych.impls.styles import Look
from triptych.reports import text
from triptych.reports.figures.chart import course, key_above, lines, log_axis, panels
from triptych.reports.figures.figure import Exhibit, cut
from triptych.reports.figures.ratios import CLOSE_UP
from triptych.reports.figures.styles import BAND, INK, styles
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import columns, naming

MOST_CURVES, MOST_TICKS = 8, 6  # that a figure and an axis have room for
TIMES_IN, RATIOS_IN = 2.0, 1.55
LABELS: dict[Axis, str] = {
    "width": "width of every hidden layer", "depth": "number of hidden layers", "batch": "rows of a batch",
    "arrays": "arrays of parameters",
}  # fmt: skip
Lines = dict[str, dict[int, Estimate]]  # by trainer, then by size


class Curve(NamedTuple):
    """The rows of one workload along one axis, by trainer and then by size; its place names the workload's own size."""

    place: Place
    axis: Axis
    reference: str
    lines: dict[str, dict[int, Row]]

    @property
    def times(self) -> Lines:
        """Seconds per step of every trainer."""
        return self._estimates(lambda row: row.step_s)

    @property
    def ratios(self) -> Lines:
        """The ratios of every trainer that has some."""
        found = self._estimates(lambda row: row.ratio.time)
        return {name: ratios for name, ratios in found.items() if ratios and name != self.reference}

    def _estimates(self, pick: Callable[[Row], Estimate | None]) -> Lines:
        lines = self.lines.items()
        return {name: {size: one for size, row in rows.items() if (one := pick(row))} for name, rows in lines}


def rows(report: Report) -> list[Curve]:
    """Every axis along which a workload was timed in at least two sizes."""
    grouped: dict[tuple[Place, Axis, str], dict[str, dict[int, Row]]] = {}
    for row in report.rows:
        if size := size_of(row.place.workload):
            key = (replace(row.place, workload=size.base), size.axis, row.reference)
            grouped.setdefault(key, {}).setdefault(row.trainer, {})[size.size] = row
    made: list[Curve] = []
    for key, cells in grouped.items():
        timed = {name: sizes for name, sizes in cells.items() if any(row.step_s for row in sizes.values())}
        curve = Curve(*key, {name: dict(sorted(sizes.items())) for name, sizes in timed.items()})
        made += [curve] if len(set(itertools.chain(*curve.times.values()))) > 1 else []
    return made


def others(report: Report) -> list[Row]:
    """The rows that are no point of a curve: what the other figures are about."""
    drawn = {row.id for curve in rows(report) for cells in curve.lines.values() for row in cells.values()}
    return [row for row in report.rows if row.id not in drawn]


def exhibit(report: Report) -> Exhibit:
    """The curves in words and data."""
    found = rows(report)
    more = cut(found, MOST_CURVES, "curves") + _missing(found)
    return Exhibit(
        "scaling",
        "Time per step over size",
        " ".join(_growth(report, curve) for curve in found),
        "Above, time per step, both axes logarithmic; below, the same over the reference's, with the margin of no "
        f"practical account as a band. The bars and shades are 95 % intervals over restarts.{more}",
        ["Workload", "Where", "Changed", "Size", "Trainer", "Time per step", "95 % interval", "Time ÷ reference", ""],
        [line for curve in found for line in _data(report, curve)],
    )


def _data(report: Report, curve: Curve) -> list[list[str]]:
    start = [text.short(curve.place.workload), naming.setting(report, curve.place), curve.axis]
    entries = [(size, row) for cells in curve.lines.values() for size, row in cells.items()]
    made: list[list[str]] = []
    for size, row in sorted(entries, key=itemgetter(0)):
        ratio, none = columns.ratio(row), [text.NONE] * 2
        taken = [text.seconds(row.step_s.value), text.interval(row.step_s, text.seconds)] if row.step_s else none
        made.append([*start, f"{size:,}", text.short(row.trainer), *taken, ratio.main, ratio.note])
    return made


def _missing(found: Sequence[Curve]) -> str:
    """Which sizes were asked for and not timed; the table says why of each."""
    gone: dict[str, list[str]] = {}
    for curve in found:
        for trainer, cells in curve.lines.items():
            if sizes := [f"{size:,}" for size, row in cells.items() if not row.step_s]:
                which = f"{text.short(curve.place.workload)} {curve.axis} {', '.join(sizes)}"
                gone.setdefault(trainer, []).append(which)
    said = "; ".join(f"{text.short(trainer)} on {', '.join(words)}" for trainer, words in gone.items())
    return f" Not measured, for the reason that its row gives: {said}." if said else ""


def sentence(report: Report, curve: Curve, trainer: str) -> str:
    """A trainer's ratio at both ends, and its crossover."""
    ratios = curve.ratios[trainer]
    first, last = min(ratios), max(ratios)
    said = f"{text.estimate(ratios[first])} times {text.short(curve.reference)}'s time at {first:,}"
    said += f" and {text.estimate(ratios[last])} at {last:,}" if last > first else ""
    tie = words(crossover(ratios, TIE_MARGIN), curve.axis)
    return f"{naming.on(report, curve.place)}, by {curve.axis}, {text.short(trainer)} takes {said}: {tie}."


def _growth(report: Report, curve: Curve) -> str:
    """How the first trainer's step grows from the smallest size to the largest."""
    trainer, times = next(iter(curve.times.items()))
    ends = " to ".join(f"{text.seconds(times[size].value)} at {size:,}" for size in (min(times), max(times)))
    return f"{naming.on(report, curve.place)}, by {curve.axis}, a step of {text.short(trainer)} takes from {ends}."


def words(found: Crossover, axis: Axis) -> str:
    """Where the trainers come to tie, with what is decided of it."""
    within = f"within ±{100 * TIE_MARGIN:g} %"
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


def draw(report: Report) -> Figure:
    """Panels side by side, times above ratios, under a key of all trainers."""
    looks, shown = styles(report.trainers), rows(report)[:MOST_CURVES]
    across = min(2, len(shown))
    figure, axes = panels([TIMES_IN, RATIOS_IN] * -(-len(shown) // across), across)
    for index, curve in enumerate(shown):
        above = 2 * across * (index // across) + index % across
        values = _lines(axes[above], curve, curve.times, looks, 1e6)
        log_axis(axes[above], min(values), max(values), "µs per step (log)", "y")
        axes[above].tick_params(axis="x", labelbottom=False)
        base, setting = text.short(curve.place.workload, 20), naming.setting(report, curve.place)
        axes[above].set_title(f"{base} by {curve.axis}, {setting}")
        _ratios(axes[above + across], curve, looks)
    key_above(figure, lines([name for name in looks if any(name in curve.lines for curve in shown)], looks))
    return figure


def _ratios(axes: Axes, curve: Curve, looks: dict[str, Look]) -> None:
    """Time per step over the reference's; where some are near 1, the others leave the panel."""
    axes.axhspan(1 / (1 + TIE_MARGIN), 1 + TIE_MARGIN, color=BAND, linewidth=0, zorder=0)
    axes.axhline(1, color=INK, linewidth=1, zorder=1)
    values, least = _lines(axes, curve, curve.ratios, looks), 1 + 2 * TIE_MARGIN
    near = [value for value in values if 1 / CLOSE_UP < value < CLOSE_UP] or values
    log_axis(axes, min([1 / least, *near]), max([least, *near]), "ratio (log)", "y")
    axes.set_xlabel(LABELS[curve.axis])


def _lines(axes: Axes, curve: Curve, drawn: Lines, looks: dict[str, Look], factor: float = 1) -> list[float]:
    """Lines over a log axis of sizes, on which every second, third, ... has its figure where all would not fit."""
    sizes = sorted({size for rows in curve.lines.values() for size in rows})
    axes.set(xscale="log", xlim=(sizes[0] / 1.15, sizes[-1] * 1.15))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sizes[:: -(-len(sizes) // MOST_TICKS)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    draws = ((one.items(), looks[name]) for name, one in drawn.items())
    return list(itertools.chain(*(course(axes, *one, shade=0.2, factor=factor) for one in draws)))
