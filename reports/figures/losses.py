"""Loss against step, and the same losses against seconds."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.record.run import Point
from triptych.impls.styles import Look
from triptych.reports import text
from triptych.reports.figures.chart import key_beside, lines, log_axis, panels
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, identity
from triptych.reports.figures.styles import styles
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

MOST_PLACES, PANEL_IN = 4, 2.15
FEW = 4  # curves that have all their points


def rows(report: Report) -> list[list[Row]]:
    """The cells that left a loss curve, place by place."""
    places = dict.fromkeys(row.place for row in naming.side_by_side(report))
    return [there for place in places if (there := [row for row in report.by_place[place] if _curve(row)])]


def _curve(row: Row) -> list[Point]:
    return row.record.trainings[0].curve if row.record.trainings else []


def exhibit(report: Report) -> Exhibit:
    """The losses in words and data."""
    places = rows(report)
    shown = [row for place in places[:MOST_PLACES] for row in place]
    against = [row for row in shown if row.standing != "reference"]
    same = sum(bool(row.ratio.parity and row.ratio.parity.holds) for row in against)
    return Exhibit(
        "losses",
        "Loss against step, and against seconds",
        f"{same} of {text.count(len(against), 'curve')} are the reference's step for step; in seconds they part.",
        "The same curves twice: on the left they should lie on one another, on the right speed pulls them apart. "
        f"A mark is the end of a training.{cut(places, MOST_PLACES, 'places')}",
        [*IDENTITY, "Steps", "Seconds of training", "First loss", "Last loss"],
        [[*identity(report, row), *_entries(row)] for row in shown],
        [(naming.cell_name(report, row), written) for row in shown if (written := row.record.trainings[0].written)],
    )


def _entries(row: Row) -> list[str]:
    training, losses = row.record.trainings[0], [_curve(row)[end].loss for end in (0, -1)]
    return [f"{training.steps_done:,}", text.seconds(training.train_s), *map(text.significant, losses)]


def draw(report: Report) -> Figure:
    """Per place two panels that share a y axis: loss against step, and against seconds."""
    looks, places = styles(report.trainers), rows(report)[:MOST_PLACES]
    figure, axes = panels([PANEL_IN] * len(places), 2, share_y=True)
    for place, left, right in zip(places, axes[::2], axes[1::2], strict=True):
        _pair(left, right, place, looks)
        left.set_title(naming.place_name(report, place[0].place))
    return figure


def _pair(left: Axes, right: Axes, place: Sequence[Row], looks: dict[str, Look]) -> None:
    for width, row in zip((3.6, 2.4, 1.8, *[1.4] * len(place)), place, strict=False):
        look, curve = looks[row.trainer], _curve(row)
        points = [*curve[: -1 : 1 + len(place) // FEW], curve[-1]]  # of many curves fewer points, or a page grows large
        style: dict[str, Any] = {"marker": look.marker, "linestyle": look.line, "color": look.color, "markersize": 6}
        timed = [point for point in points if point.seconds > 0]
        for axes, field, shown in ((left, "step", points), (right, "seconds", timed)):
            at, losses = [getattr(one, field) for one in shown], [one.loss for one in shown]
            axes.plot(at, losses, linewidth=width, markevery=[-1], **style)
    points = [point for row in place for point in _curve(row)]
    if losses := [point.loss for point in points if point.loss > 0]:
        log_axis(left, min(losses), max(losses), "training loss (log)", "y")
    if times := [point.seconds for point in points if point.seconds > 0]:
        log_axis(right, min(times), max(times), "seconds of training (log scale)")
    left.set_xlabel("step")
    first_to_arrive = sorted(place, key=lambda row: _curve(row)[-1].seconds)
    key_beside(right, lines([row.trainer for row in first_to_arrive], looks))
