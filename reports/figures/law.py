"""What a style adds to a step, against the number of arrays that cross its call: the law, and its line."""

from typing import Any

from matplotlib.figure import Figure

from triptych.benches.analysis.cost import Law, on_curve
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.figures.chart import course, key_beside, lines, log_axis, panels
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import styles
from triptych.reports.view.report import Report
from triptych.reports.words.cost import found

PANEL_IN = 3.4


def rows(report: Report) -> list[Law]:
    """The first law of the report, a style each."""
    return [law for one in found(report)[:1] for law in one.laws]


def exhibit(report: Report) -> Exhibit:
    """The law in words and data."""
    shown = rows(report)
    ends = [(law.trainer, min(law.curve), max(law.curve), law) for law in shown]
    said = [
        f"{name} adds {text.seconds(law.curve[least].value)} to a step with {text.count(least, 'array')} and "
        f"{text.seconds(law.curve[most].value)} with {most:,}."
        for name, least, most, law in ends
    ]
    return Exhibit(
        "law",
        "What a style adds to a step, by the number of arrays",
        " ".join(said),
        "A point is what a step took longer than pure JAX's in the same rounds, its bar Student's 95 % interval over "
        "restarts, down to a third of the value at most; the thin dotted line is the straight one. What does not "
        "exceed zero is left out.",
        ["Trainer", "Arrays of the state", "Added to a step"],
        [
            [law.trainer, f"{arrays:,}", text.estimate(added, text.seconds)]
            for law in shown
            for arrays, added in law.curve.items()
        ],
    )


def draw(report: Report) -> Figure:
    """One panel, both axes logarithmic."""
    shown = rows(report)
    looks = styles([law.trainer for law in shown])
    figure, [axes] = panels([PANEL_IN])
    reached: list[float] = []
    for law in shown:
        points = [(arrays, one) for arrays, one in law.curve.items() if one.value > 0]
        if points:
            reached += course(axes, [(at, _above(one)) for at, one in points], looks[law.trainer], factor=1e6)
        line = [1e6 * (law.a.value + law.b.value * at + law.c.value * on_curve(at)) for at in law.curve]
        dotted: dict[str, Any] = {"color": looks[law.trainer].color, "linewidth": 0.7, "zorder": 1}
        axes.plot(list(law.curve), line, ":", **dotted)
    sizes = [arrays for law in shown for arrays in law.curve]
    log_axis(axes, min(sizes), max(sizes), "arrays of the state: parameters and optimizer state (log scale)")
    log_axis(axes, min(reached, default=1), max(reached, default=10), "µs added to a step (log)", "y")
    key_beside(axes, lines([law.trainer for law in shown], looks))
    return figure


def _above(added: Estimate) -> Estimate:
    """The same with an interval that a log axis can hold."""
    low = added.low if added.low is None else max(added.low, added.value / 3)
    return Estimate(added.value, low, added.high, added.n)
