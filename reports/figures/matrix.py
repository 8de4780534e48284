"""Every style on every network in one look: where many styles meet, what each takes over the reference."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.tie import TIE_MARGIN
from triptych.impls.styles import RUNGS
from triptych.reports import text
from triptych.reports.figures.chart import EDGE_IN, LIST_ROW_IN, interval, list_rows, log_axis, panels
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import BAND, INK, MUTED, styles
from triptych.reports.view.report import Report, Row, in_order
from triptych.reports.words import naming

MANY, MOST_NETWORKS = 8, 4  # styles that need such a look, and networks that it has room for
ROOM = 12.0  # times as far as the largest ratio goes the axis, for the figure beside a mark


def rows(report: Report) -> dict[str, list[Row]]:
    """The cells of the first run's step mode by workload, where many styles meet; else nothing."""
    found: dict[str, list[Row]] = {}
    for place, cells in report.by_place.items():
        if place.source == report.sources[0].label and place.mode == "step":
            found.setdefault(place.workload, cells)
    many = {name: cells for name, cells in found.items() if len([row for row in cells if row.ratio.time]) >= MANY}
    return dict(list(many.items())[:MOST_NETWORKS])


def exhibit(report: Report) -> Exhibit:
    """The look in words and data."""
    shown = rows(report)
    reference = text.short(next(iter(shown.values()))[0].reference)
    return Exhibit(
        "matrix",
        f"Every style on every network: time per step over {reference}'s",
        " ".join(_sentence(name, cells) for name, cells in shown.items()),
        "The line is the reference; right of it is slower. Bars are 95 % intervals over restarts. What has no ratio "
        "does not run the network, or did not compute the same.",
        ["Trainer", *map(text.short, shown)],
        [[text.short(name), *(_entry(cells, name) for cells in shown.values())] for name in _trainers(shown)],
    )


def _sentence(workload: str, cells: list[Row]) -> str:
    """The ends of a panel."""
    rated = sorted((row.ratio.time.value, text.short(row.trainer)) for row in cells if row.ratio.time)
    (least, first), (most, last) = ((text.significant(value), name) for value, name in (rated[0], rated[-1]))
    return f"On {text.short(workload)} from {least} ({first}) to {most} ({last})."


def _trainers(shown: dict[str, list[Row]]) -> list[str]:
    return in_order({row.trainer for cells in shown.values() for row in cells} - {*RUNGS})


def _entry(cells: list[Row], trainer: str) -> str:
    row = next((one for one in cells if one.trainer == trainer), None)
    if row is None or row.ratio.time is None:
        return text.NONE if row is None else text.short(row.ratio.reason or text.outcome(row.record.outcome))
    return text.estimate(row.ratio.time)


def _why_not(row: Row | None) -> str:
    """Why a cell has no mark, in as many words as there is room for."""
    if row is None:
        return ""
    if row.ratio.parity and not row.ratio.parity.holds:
        return "other losses"
    return "does not run it" if row.record.outcome.kind == "unsupported" else text.outcome(row.record.outcome)


def draw(report: Report) -> Figure:
    """A panel per network, side by side, with the styles from top to bottom."""
    shown = rows(report)
    names = _trainers(shown)
    figure, frames = panels([LIST_ROW_IN * len(names) + EDGE_IN], len(shown), share_y=True)
    list_rows(frames[0], [text.short(name, 18) for name in names])
    for axes, (workload, cells) in zip(frames, shown.items(), strict=True):
        axes.set_title(naming.scene_name(report, cells[0].place) if len(shown) == 1 else text.short(workload, 20))
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        _panel(axes, {row.trainer: row for row in cells}, names)
    return figure


def _panel(axes: Axes, cells: dict[str, Row], names: list[str]) -> None:
    looks = styles(names)
    axes.axvspan(1 / (1 + TIE_MARGIN), 1 + TIE_MARGIN, color=BAND, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=1, zorder=1)
    values: list[float] = [1.0]
    for y, name in enumerate(names):
        row = cells.get(name)
        time = row.ratio.time if row else None
        at, said = 1.0, _why_not(row)
        if time is not None:
            at, said = time.value, text.significant(time.value)
            interval(axes, time, y, looks[name].color)
            axes.plot([at], [y], looks[name].marker, color=looks[name].color, markersize=6, zorder=5)
            values.append(at)
        axes.annotate(said, (at, y), (7, 0), textcoords="offset points", va="center", color=INK if time else MUTED)
    log_axis(axes, min(values), max(values) * ROOM, "÷ reference (log)")
    axes.set_xticks([10.0**power for power in range(round(math.log10(max(values))) + 1)])
