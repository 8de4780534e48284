"""Why one trainer is faster: the ladder from the naive trainer to the fastest, one change and one factor per rung."""

import math

from matplotlib.figure import Figure

from triptych.benches.analysis import pairing
from triptych.benches.analysis.ladder import Climb, Rung, climbs
from triptych.impls.styles import BUILT_IN
from triptych.reports import text
from triptych.reports.figures.chart import EDGE_IN, LIST_ROW_IN, beside, list_rows, log_axis, panels
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import MUTED
from triptych.reports.view.report import Report


def rows(report: Report) -> list[Climb]:
    """The ladders of all runs shown."""
    return [climb for source in report.sources for climb in climbs(source.run)]


def exhibit(report: Report) -> Exhibit:
    """The ladders in words and data."""
    shown = rows(report)
    return Exhibit(
        "ladder",
        "From naive to fastest, one change at a time",
        " ".join(map(_sentence, shown)),
        "Each row changes one thing on the row above; its factor is how many times as fast that made a step. Every "
        "factor is a paired ratio of its own; multiplied they are the whole, up to their noise.",
        ["Workload", "Device", "Change", "Time per step", "Times as fast as the row above", "95 % interval"],
        [
            [text.short(climb.workload), text.short(climb.device, 20), rung.change.words, text.seconds(_step_s(rung))]
            + ([text.significant(rung.factor.value), text.interval(rung.factor)] if rung.factor else [text.NONE] * 2)
            for climb in shown
            for rung in climb.rungs
        ],
    )


def _sentence(climb: Climb) -> str:
    factors = [rung.factor.value for rung in climb.rungs if rung.factor]
    said = (
        f"On {_place(climb)}, all changes together make a step {text.significant(climb.whole.value)} times as fast "
        f"({' × '.join(map(text.significant, factors))} = {text.significant(math.prod(factors))})."
    )
    if climb.left_out:
        said += f" The loop in C is not among them: {text.short(climb.left_out, 160)}."
    if climb.floor_share:
        share = text.percent(climb.floor_share.value)
        said += f" Of a treemap step {share} is the dispatch floor: an empty compiled call on the same arrays."
    return said


def _place(climb: Climb) -> str:
    return f"{text.short(climb.workload)}, {text.short(climb.device, 20)}"


def _step_s(rung: Rung) -> float:
    step_s = pairing.step_s(rung.record)
    assert step_s is not None, "a rung of a climb has blocks"
    return step_s.value


def draw(report: Report) -> Figure:
    """One panel per ladder: time per step on a log axis, falling from row to row."""
    look, shown = BUILT_IN["treemap"].look, rows(report)
    figure, frames = panels([LIST_ROW_IN * len(climb.rungs) + EDGE_IN for climb in shown])
    for axes, climb in zip(frames, shown, strict=True):
        times = [1e6 * _step_s(rung) for rung in climb.rungs]
        axes.plot(times, range(len(times)), color=MUTED, linewidth=1, zorder=1)
        axes.plot(times, range(len(times)), look.marker, color=look.color, markersize=6, zorder=2)
        list_rows(axes, [rung.change.words for rung in climb.rungs])
        for y, rung in enumerate(climb.rungs):
            factor = f" · {text.significant(rung.factor.value)}× faster" if rung.factor else ""
            beside(axes, y, f"{text.seconds(_step_s(rung))}{factor}")
        log_axis(axes, min(times), max(times), f"microseconds per step on {_place(climb)} (log scale)")
    return figure
