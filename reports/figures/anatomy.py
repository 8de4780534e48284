"""Where a step goes: the dispatch floor and the rest, trainer by trainer."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.anatomy import Anatomy, anatomies
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.figures.chart import bare, beside, stacked
from triptych.reports.figures.figure import MOST_ROWS, Exhibit, cut
from triptych.reports.figures.styles import INK, Style, styles
from triptych.reports.view.report import Report

LEFT_IN, RIGHT_IN = 1.75, 2.2


def measured(report: Report) -> list[Anatomy]:
    """The step cells of all runs shown whose floor was measured."""
    return [anatomy for source in report.sources for anatomy in anatomies(source.run)]


def exhibit(report: Report) -> Exhibit:
    """The parts of a step in words and data."""
    shown = measured(report)
    shares = [(anatomy.floor_share.value, _name(anatomy)) for anatomy in shown]
    (low, least), (high, most) = min(shares), max(shares)
    return Exhibit(
        "anatomy",
        "Where a step goes",
        f"The dispatch floor is from {text.percent(low)} ({least}) to {text.percent(high)} ({most}) of a step.",
        "The full part of a bar is the dispatch floor, an empty compiled call on the same arrays; the pale part is "
        "what the step takes beyond it; the tick is when its calls had returned, before waiting for the device."
        + cut(shown),
        [
            "Cell",
            "Time per step",
            "Calls returned after",
            "Dispatch floor",
            "Beyond the floor",
            "Floor's share",
            "95 %",
        ],
        [_line(anatomy) for anatomy in shown],
        figure,
    )


def _name(anatomy: Anatomy) -> str:
    cell = anatomy.record.cell
    return f"{text.name(cell.trainer, 30)} on {text.name(cell.workload, 30)}, {text.name(cell.device, 20)}"


def _line(anatomy: Anatomy) -> list[str]:
    share, returned = anatomy.floor_share, text.percent(anatomy.returned_share.value)
    step_s, *parts = map(_seconds, (anatomy.step_s, anatomy.floor_s, anatomy.rest_s))
    shares = [text.percent(share.value), text.interval(share, text.percent)]
    return [_name(anatomy), step_s, f"{returned} of it", *parts, *shares]


def _seconds(estimate: Estimate) -> str:
    return f"-{text.seconds(-estimate.value)}" if estimate.value < 0 else text.seconds(estimate.value)


def figure(report: Report) -> Figure:
    """A panel per workload and device, each with its own axis; a stacked bar per trainer."""
    shown = measured(report)[:MOST_ROWS]
    looks = styles(list(dict.fromkeys(anatomy.record.cell.trainer for anatomy in shown)))
    panels: dict[str, list[Anatomy]] = {}
    for anatomy in shown:
        cell = anatomy.record.cell
        panels.setdefault(f"{text.name(cell.workload, 40)}, {text.name(cell.device, 20)}", []).append(anatomy)
    drawn, frames = stacked([len(rows) for rows in panels.values()], LEFT_IN, RIGHT_IN)
    for axes, (place, rows) in zip(frames, panels.items(), strict=True):
        _panel(axes, rows, [looks[row.record.cell.trainer] for row in rows])
        axes.set_xlabel(f"microseconds per step on {place}")
    return drawn


def _panel(axes: Axes, rows: list[Anatomy], looks: list[Style]) -> None:
    for y, (row, style) in enumerate(zip(rows, looks, strict=True)):
        floor, whole = (1e6 * part.value for part in (row.floor_s, row.step_s))
        axes.barh(y, min(floor, whole), height=0.6, color=style.color, linewidth=0)
        axes.barh(y, max(0.0, whole - floor), left=floor, height=0.6, color=style.color, alpha=0.35, linewidth=0)
        axes.plot([whole * row.returned_share.value], [y], "|", markersize=13, color=INK.drawn, mew=1.6)
        beside(axes, (0, -LEFT_IN * 72 + 4), y, text.name(row.record.cell.trainer, 30))
        beside(axes, (1, 8), y, f"{text.seconds(row.step_s.value)}, floor {text.percent(row.floor_share.value)}")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    bare(axes)
