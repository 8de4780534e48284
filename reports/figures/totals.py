"""Total time against steps: compile time and then step after step, and where one trainer overtakes another."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.totals import Crossing, crossings, total_s
from triptych.reports import text
from triptych.reports.figures.chart import WIDTH_IN, log_axis
from triptych.reports.figures.curves import frame, key
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import INK, Style, styles
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming

MOST_PLACES = 4
MOST_SAID = 4
POINTS_PER_DECADE = 8
PANEL_IN = 2.3


def places(report: Report) -> list[Place]:
    """Where two trainers or more have compiled and stepped: the first few."""
    return _every_place(report)[:MOST_PLACES]


def _every_place(report: Report) -> list[Place]:
    return [place for place in report.places if len(drawn(report, place)) > 1]


def drawn(report: Report, place: Place) -> list[Row]:
    """The rows of a place that have a total."""
    return [row for row in report.by_place[place] if row.step_s and total_s(row.record, 1)]


def of(report: Report, place: Place) -> list[Crossing]:
    """The crossings of a place."""
    return crossings(report.source(place.source).run, [row.record for row in drawn(report, place)])


def exhibit(report: Report) -> Exhibit:
    """Total time in words and data."""
    found = [(place, one) for place in places(report) for one in of(report, place)]
    said = [
        f"On {_where(report, place)}: {_sentence([one for at, one in found if at == place])}."
        for place in places(report)
    ]
    every, shown = len(_every_place(report)), len(places(report))
    cut = f" The first {shown} of {every} are drawn." if shown < every else ""
    return Exhibit(
        "totals",
        "Total time against steps: who is ahead when",
        " ".join(said),
        "A line is the compile time and then so many steps, its band the 95 % interval over restarts. Where lines "
        "cross for good, the bar is the 95 % interval of the step at which the two are level; a bar that begins at the "
        f"left edge says that some restarts were ahead from the first step.{cut}",
        ["Where", "Ahead in the end", "Behind", "From which step on", "95 % interval"],
        [
            [_where(report, place), text.name(one.ahead, 60), text.name(one.behind, 60), *_figures(one)]
            for place, one in found
        ],
        figure,
    )


def _where(report: Report, place: Place) -> str:
    return f"{naming.scene_name(report, place)} {naming.side_name(report, place)}".strip()


def _sentence(found: list[Crossing]) -> str:
    """Who is ahead of whom from the first step in as few clauses as that takes; every other pair in its own."""
    behind: dict[str, list[str]] = {}
    for one in found:
        if one.kind == "first":
            behind.setdefault(one.ahead, []).append(text.name(one.behind, 40))
    ahead: dict[str, list[str]] = {}
    for name, others in behind.items():
        ahead.setdefault(" and ".join(others), []).append(text.name(name, 40))
    clauses = [f"{_are(names)} ahead of {others} from the first step" for others, names in ahead.items()]
    clauses += [_clause(one) for one in found if one.kind != "first"]
    rest = len(clauses) - MOST_SAID
    return "; ".join(clauses[:MOST_SAID]) + (f"; {rest} more in the data" if rest > 0 else "")


def _are(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _clause(one: Crossing) -> str:
    ahead, behind = text.name(one.ahead, 40), text.name(one.behind, 40)
    if one.steps is None:
        return f"between {ahead} and {behind} it is {one.kind} ({text.name(one.reason, 80)})"
    step, spread = _figures(one)
    return f"{ahead} is ahead of {behind} {step} ({spread})"


def _figures(one: Crossing) -> tuple[str, str]:
    """From which step on, and the interval; or what stands in their place."""
    if one.kind == "first":
        return "from the first step", text.NONE
    if one.steps is None:
        return one.kind, text.name(one.reason, 160)
    if one.kind == "by":
        return f"by step {text.significant(one.steps.high or 0)}", "restarts disagree who compiles faster"
    return f"after {text.significant(one.steps.value)} steps", text.interval(one.steps)


def figure(report: Report) -> Figure:
    """A panel per place, both axes logarithmic."""
    looks, shown = styles(report.trainers), places(report)
    height = PANEL_IN * len(shown)
    made = Figure(figsize=(WIDTH_IN, height))
    for index, place in enumerate(shown):
        bottom = (height - (index + 1) * PANEL_IN + 0.5) / height
        axes = made.add_axes((0.09, bottom, 0.66, (PANEL_IN - 0.8) / height))
        _panel(axes, report, place, looks)
        axes.set_title(
            _where(report, place), loc="left", fontweight="bold", fontsize=9, color=INK.drawn, parse_math=False
        )
    return made


def _panel(axes: Axes, report: Report, place: Place, looks: dict[str, Style]) -> None:
    rows, found = drawn(report, place), of(report, place)
    steps = _steps(rows[0].planned_steps, found)
    seconds = [value for row in rows for value in _line(axes, row, steps, looks[row.trainer])]
    frame(axes)
    log_axis(axes, steps[0], steps[-1], "steps (log scale)")
    axes.set_xlim(steps[0], steps[-1])
    log_axis(axes, min(seconds), max(seconds), "total seconds (log)", "y")
    for one in found:
        _mark(axes, rows, one, steps[0])
    key(axes, [(row.trainer, looks[row.trainer]) for row in sorted(rows, key=lambda row: -_end(row, steps[-1]))])


def _end(row: Row, steps: float) -> float:
    total = total_s(row.record, steps)
    return total.value if total else 0.0


def _steps(planned: int, found: list[Crossing]) -> list[float]:
    """From one step to ten times the workload's, or beyond the furthest crossing, evenly on a log scale."""
    ends = [bound for one in found if one.steps for bound in (one.steps.value, one.steps.high) if bound]
    last = min(max([10 * planned, *(3 * end for end in ends)]), 1e9)
    count = math.ceil(POINTS_PER_DECADE * math.log10(last))
    return [last ** (index / count) for index in range(count + 1)]


def _line(axes: Axes, row: Row, steps: list[float], style: Style) -> list[float]:
    """A trainer's total with its band; gives every figure drawn."""
    totals = [total for at in steps if (total := total_s(row.record, at))]
    middle = [total.value for total in totals]
    low, high = (
        [value if end is None else end for value, end in zip(middle, ends, strict=True)]
        for ends in ([total.low for total in totals], [total.high for total in totals])
    )
    axes.fill_between(steps, low, high, color=style.color, alpha=0.25, linewidth=0)
    axes.plot(steps, middle, color=style.color, linestyle=style.line, linewidth=1.6)
    return [*low, *middle, *high]


def _mark(axes: Axes, rows: list[Row], one: Crossing, first: float) -> None:
    """Where two are level: a ring where that is one step, and the interval of the step as a bar."""
    if one.steps is None:
        return
    record = next(row.record for row in rows if row.trainer == one.ahead)
    at = max(one.steps.value, first)
    total = total_s(record, at)
    assert total is not None, "only rows with a total are drawn"
    look: dict[str, Any] = {"color": INK.drawn, "zorder": 5}
    if one.kind == "after":
        axes.plot([at], [total.value], "o", markersize=6, markerfacecolor="none", **look)
    if one.steps.low is not None and one.steps.high is not None:
        axes.plot(
            [max(one.steps.low, first), max(one.steps.high, first)], [total.value] * 2, "-|", linewidth=1.6, **look
        )
