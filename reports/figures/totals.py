"""Total time against steps: compile time and then step after step, and where one trainer overtakes another."""

import math
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis.totals import Crossing, crossings, total_s
from triptych.benches.stats.ranks import Estimate, smallest_n
from triptych.impls.registry import Look
from triptych.reports import text
from triptych.reports.figures.chart import course, interval, key_beside, lines, log_axis, panels
from triptych.reports.figures.figure import Exhibit, cut, place_name
from triptych.reports.figures.styles import INK, styles
from triptych.reports.view.report import Report, Row

MOST_PLACES = 4
MOST_SAID = 4
POINTS_PER_DECADE = 8
PANEL_IN = 2.3


class Race(NamedTuple):
    """The cells of a place that have compiled and stepped, who overtakes whom, and on how many restarts that rests."""

    name: str
    cells: list[Row]
    crossings: list[Crossing]
    restarts: int


def rows(report: Report) -> list[Race]:
    """The places where two trainers or more have compiled and stepped."""
    races: list[Race] = []
    for place, there in report.by_place.items():
        cells = [row for row in there if row.step_s and total_s(row.record, 1)]
        if len(cells) > 1:
            found = crossings(report.source(place.source).run, [row.record for row in cells])
            races.append(Race(place_name(report, place), cells, found, min(_total(row, 1).n for row in cells)))
    return races


def exhibit(report: Report) -> Exhibit:
    """Total time in words and data."""
    races = rows(report)
    return Exhibit(
        "totals",
        "Total time against steps: who is ahead when",
        " ".join(f"On {race.name}: {_sentence(race)}." for race in races[:MOST_PLACES]),
        "A line is the compile time and the steps after it, its band the 95 % interval over restarts. Where lines "
        "cross for good, the bar is the 95 % interval of the step at which the two are level; a bar that begins at the "
        f"left edge says that some restarts were ahead from the first step.{cut(races, MOST_PLACES, 'places')}",
        ["Where", "Ahead in the end", "Behind", "From which step on", "95 % interval"],
        [
            [race.name, text.short(one.ahead), text.short(one.behind), *_figures(one, race.restarts)]
            for race in races[:MOST_PLACES]
            for one in race.crossings
        ],
    )


def _sentence(race: Race) -> str:
    """Who is ahead of whom from the first step in as few clauses as that takes; every other pair in its own."""
    restarts = race.restarts
    behind: dict[str, list[str]] = {}
    for one in race.crossings:
        if one.kind == "first":
            behind.setdefault(text.short(one.ahead), []).append(text.short(one.behind))
    ahead: dict[str, list[str]] = {}
    for name, others in behind.items():
        ahead.setdefault(" and ".join(others), []).append(name)
    clauses = [
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} ahead of {others} from the first step"
        for others, names in ahead.items()
    ]
    clauses += [_clause(one, restarts) for one in race.crossings if one.kind != "first"]
    rest = len(clauses) - MOST_SAID
    said = "; ".join(clauses[:MOST_SAID]) + (f"; {rest} more in the data" if rest > 0 else "")
    measured = "the one restart" if restarts == 1 else f"the {restarts} restarts"
    return said if restarts >= smallest_n() else f"in {measured} measured, {said}"


def _clause(one: Crossing, restarts: int) -> str:
    ahead, behind = text.short(one.ahead), text.short(one.behind)
    if one.steps is None:
        return f"between {ahead} and {behind} it is {one.kind} ({text.short(one.reason, 80)})"
    step, spread = _figures(one, restarts)
    return f"{ahead} is ahead of {behind} {step} ({spread})"


def _figures(one: Crossing, restarts: int) -> tuple[str, str]:
    """From which step on, and the interval; or what stands in their place."""
    if one.kind == "first":
        few = text.NONE if restarts >= smallest_n() else f"no interval: {text.shortage(restarts)}"
        return "from the first step", few
    if one.steps is None:
        return one.kind, text.short(one.reason, 160)
    if one.kind == "by":
        return f"by step {text.significant(one.steps.high or 0)}", "restarts disagree who compiles faster"
    return f"after {text.significant(one.steps.value)} steps", text.interval(one.steps)


def draw(report: Report) -> Figure:
    """A panel per place, both axes logarithmic."""
    looks, races = styles(report.trainers), rows(report)[:MOST_PLACES]
    figure, frames = panels([PANEL_IN] * len(races))
    for axes, race in zip(frames, races, strict=True):
        _panel(axes, race, looks)
        axes.set_title(race.name)
    return figure


def _panel(axes: Axes, race: Race, looks: dict[str, Look]) -> None:
    steps = _steps(race.cells[0].planned_steps, race.crossings)
    seconds: list[float] = []
    for row in race.cells:
        totals = [(at, _total(row, at)) for at in steps]
        seconds += course(axes, totals, looks[row.trainer]._replace(marker=""), shade=0.25)
    log_axis(axes, steps[0], steps[-1], "steps (log scale)")
    axes.set_xlim(steps[0], steps[-1])
    log_axis(axes, min(seconds), max(seconds), "total seconds (log)", "y")
    for one in race.crossings:
        _mark(axes, race, one, steps[0])
    slowest_first = sorted(race.cells, key=lambda row: -_total(row, steps[-1]).value)
    key_beside(axes, lines([row.trainer for row in slowest_first], looks))


def _total(row: Row, steps: float) -> Estimate:
    total = total_s(row.record, steps)
    assert total is not None, "only rows with a total are drawn"
    return total


def _steps(planned: int, found: list[Crossing]) -> list[float]:
    """From one step to ten times the workload's, or beyond the furthest crossing, evenly on a log scale."""
    ends = [bound for one in found if one.steps for bound in (one.steps.value, one.steps.high) if bound]
    last = min(max([10 * planned, *(3 * end for end in ends)]), 1e9)
    count = math.ceil(POINTS_PER_DECADE * math.log10(last))
    return [last ** (index / count) for index in range(count + 1)]


def _mark(axes: Axes, race: Race, one: Crossing, first: float) -> None:
    """Where two are level: a ring where that is one step, and the interval of the step as a bar."""
    if one.steps is None:
        return
    at = max(one.steps.value, first)
    low, high = (None if bound is None else max(bound, first) for bound in (one.steps.low, one.steps.high))
    y = next(_total(row, at).value for row in race.cells if row.trainer == one.ahead)
    if one.kind == "after":
        axes.plot([at], [y], "o", markersize=6, markerfacecolor="none", color=INK, zorder=5)
    interval(axes, Estimate(at, low, high, one.steps.n), y)
