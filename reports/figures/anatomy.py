"""Where a step goes: the dispatch floor and the rest, trainer by trainer."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.anatomy import Anatomy, anatomies
from triptych.impls.registry import Look
from triptych.reports import text
from triptych.reports.figures.chart import EDGE_IN, LIST_ROW_IN, beside, list_rows, panels, stack
from triptych.reports.figures.figure import MOST_ROWS, Exhibit, cut
from triptych.reports.figures.styles import INK, styles
from triptych.reports.view.report import Report

HEADS = ["Cell", "Time per step", "Calls returned after", "Dispatch floor", "Beyond the floor", "Floor's share", "95 %"]


def rows(report: Report) -> list[Anatomy]:
    """The step cells of all runs shown whose floor was measured."""
    return [anatomy for source in report.sources for anatomy in anatomies(source.run)]


def exhibit(report: Report) -> Exhibit:
    """The parts of a step in words and data."""
    shown = rows(report)
    shares = [(anatomy.floor_share.value, _name(anatomy)) for anatomy in shown]
    (low, least), (high, most) = min(shares), max(shares)
    return Exhibit(
        "anatomy",
        "Where a step goes",
        f"The dispatch floor is from {text.percent(low)} ({least}) to {text.percent(high)} ({most}) of a step.",
        "The full part of a bar is the dispatch floor, an empty compiled call on the same arrays; the pale part is "
        "what the step takes beyond it; the tick is when its calls had returned, before waiting for the device."
        + cut(shown),
        HEADS,
        [
            [_name(one), step_s, f"{text.percent(one.returned_share.value)} of it", *parts]
            + [text.percent(one.floor_share.value), text.interval(one.floor_share, text.percent)]
            for one in shown
            for step_s, *parts in [[text.seconds(part.value) for part in (one.step_s, one.floor_s, one.rest_s)]]
        ],
    )


def _name(anatomy: Anatomy) -> str:
    cell = anatomy.record.cell
    return f"{text.short(cell.trainer, 30)} on {text.short(cell.workload, 30)}, {text.short(cell.device, 20)}"


def draw(report: Report) -> Figure:
    """A panel per workload and device, each with its own axis; a bar per trainer."""
    shown = rows(report)[:MOST_ROWS]
    looks = styles(list(dict.fromkeys(one.record.cell.trainer for one in shown)))
    places: dict[str, list[Anatomy]] = {}
    for one in shown:
        cell = one.record.cell
        places.setdefault(f"{text.short(cell.workload)}, {text.short(cell.device, 20)}", []).append(one)
    figure, frames = panels([LIST_ROW_IN * len(there) + EDGE_IN for there in places.values()])
    for axes, (place, there) in zip(frames, places.items(), strict=True):
        _panel(axes, there, looks)
        axes.set_xlabel(f"microseconds per step on {place}")
    return figure


def _panel(axes: Axes, there: list[Anatomy], looks: dict[str, Look]) -> None:
    list_rows(axes, [text.short(one.record.cell.trainer, 30) for one in there])
    for y, one in enumerate(there):
        floor, whole = (1e6 * part.value for part in (one.floor_s, one.step_s))
        color = looks[one.record.cell.trainer].color
        stack(axes, y, [(min(floor, whole), 1.0), (max(0.0, whole - floor), 0.35)], color)
        axes.plot([whole * one.returned_share.value], [y], "|", markersize=13, color=INK, mew=1.6)
        beside(axes, y, f"{text.seconds(one.step_s.value)}, floor {text.percent(one.floor_share.value)}")
