"""Why one trainer is faster: the ladder from the naive trainer to the fastest, one change and one factor per rung."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis import pairing
from triptych.benches.analysis.ladder import Climb, Rung, climbs
from triptych.reports import text
from triptych.reports.figures.chart import bare, beside, log_axis, stacked
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import MUTED, OWN
from triptych.reports.view.report import Report

LEFT_IN, RIGHT_IN = 3.0, 2.2


def measured(report: Report) -> list[Climb]:
    """The ladders of all runs shown."""
    return [climb for source in report.sources for climb in climbs(source.run)]


def exhibit(report: Report) -> Exhibit:
    """The ladders in words and data."""
    shown = measured(report)
    return Exhibit(
        "ladder",
        "From naive to fastest, one change at a time",
        " ".join(map(_sentence, shown)),
        "Each row changes one thing on the row above; its factor is how many times as fast that made a step. Every "
        "factor is a paired ratio of its own; multiplied they are the whole, up to their noise.",
        ["Workload", "Device", "Change", "Time per step", "Times as fast as the row above", "95 % interval"],
        [_line(climb, rung) for climb in shown for rung in climb.rungs],
        figure,
    )


def _sentence(climb: Climb) -> str:
    factors = [rung.factor.value for rung in climb.rungs if rung.factor]
    said = (
        f"On {text.name(climb.workload, 40)}, {text.name(climb.device, 20)}, all changes together make a step "
        f"{text.significant(climb.whole.value)} times as fast ({' × '.join(map(text.significant, factors))} "
        f"= {text.significant(math.prod(factors))})."
    )
    if climb.floor_share is None:
        return said
    share = text.percent(climb.floor_share.value)
    return f"{said} Of a treemap step {share} is the dispatch floor: an empty compiled call on the same arrays."


def _line(climb: Climb, rung: Rung) -> list[str]:
    step_s = pairing.step_s(rung.record)
    assert step_s is not None, "a rung of a climb has blocks"
    factor = (
        (text.NONE, text.NONE)
        if rung.factor is None
        else (text.significant(rung.factor.value), text.interval(rung.factor))
    )
    return [text.name(climb.workload, 40), climb.device, rung.change.words, text.seconds(step_s.value), *factor]


def figure(report: Report) -> Figure:
    """One panel per ladder: time per step on a log axis, falling from row to row."""
    shown = measured(report)
    drawn, frames = stacked([len(climb.rungs) for climb in shown], LEFT_IN, RIGHT_IN)
    for axes, climb in zip(frames, shown, strict=True):
        _panel(axes, climb)
    return drawn


def _panel(axes: Axes, climb: Climb) -> None:
    times = [step.value for rung in climb.rungs if (step := pairing.step_s(rung.record))]
    microseconds = [1e6 * step_s for step_s in times]
    axes.plot(microseconds, range(len(times)), "-", color=MUTED.drawn, linewidth=1, zorder=1)
    axes.plot(
        microseconds, range(len(times)), OWN["treemap"].marker, color=OWN["treemap"].color, markersize=6, zorder=2
    )
    for y, (rung, step_s) in enumerate(zip(climb.rungs, times, strict=True)):
        factor = f" · {text.significant(rung.factor.value)}× faster" if rung.factor else ""
        beside(axes, (0, -LEFT_IN * 72 + 4), y, rung.change.words)
        beside(axes, (1, 8), y, f"{text.seconds(step_s)}{factor}")
    axes.set_ylim(len(times) - 0.4, -0.6)
    bare(axes)
    name = f"{text.name(climb.workload, 40)}, {text.name(climb.device, 20)}"
    log_axis(axes, min(microseconds), max(microseconds), f"microseconds per step on {name} (log scale)")
