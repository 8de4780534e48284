"""Seconds per step in run after run, joined where machine and libraries are the same."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from triptych.reports import text
from triptych.reports.figures.chart import course, log_axis, panels
from triptych.reports.figures.figure import Exhibit, cut
from triptych.reports.figures.styles import OTHERS, styles
from triptych.reports.view.history import Trend
from triptych.reports.view.report import Report

MOST_CELLS, PANEL_IN = 12, 2.0


def rows(report: Report) -> list[list[Trend]]:
    """The cells that were measured in run after run, each under one set of conditions or more."""
    cells: dict[tuple[str, str], list[Trend]] = {}
    for one in report.history:
        cells.setdefault((one.cell.id, one.arm), []).append(one)
    return list(cells.values())


def exhibit(report: Report) -> Exhibit:
    """The history in words and data."""
    cells, moments = rows(report), [(one, moment) for one in report.history for moment in one.moments]
    machines = sorted({one.machine for one in report.history})
    times = {moment.created for _, moment in moments}
    return Exhibit(
        "trend",
        "Seconds per step in run after run",
        f"{text.count(len(cells), 'cell')} over {text.count(len(times), 'run')}, from {min(times)} to {max(times)}.",
        "A line joins runs of one machine with the same libraries and settings; nothing is averaged over runs. "
        f"Conditions: {'; '.join(machines)}.{cut(cells, MOST_CELLS)}",
        ["Cell", "Conditions", "Run", "Measured", "Commit", "Time per step", "95 % interval"],
        [
            [one.cell.id, one.machine, str(moment.place + 1), moment.created, moment.commit]
            + [text.seconds(moment.step_s.value), text.interval(moment.step_s, text.seconds)]
            for one, moment in moments
        ],
    )


def draw(report: Report) -> Figure:
    """A panel per cell."""
    looks, cells = styles(report.trainers), rows(report)[:MOST_CELLS]
    figure, frames = panels([PANEL_IN] * -(-len(cells) // 2), 2)
    for axes, trends in zip(frames, cells, strict=False):
        cell, values = trends[0].cell, list[float]()
        for one in trends:
            points = [(moment.place + 1, moment.step_s) for moment in one.moments]
            values += course(axes, points, looks.get(cell.trainer, OTHERS[0]), factor=1e6)
            (run, last), number = points[-1], one.machine.split(":")[0] if len(trends) > 1 else ""
            axes.annotate(number, (run, 1e6 * last.value), (5, 4), textcoords="offset points")
        log_axis(axes, min(values), max(values), "µs per step (log)", "y")
        where = f"{text.short(cell.workload, 18)}, {text.short(cell.device, 10)}"
        axes.set(title=f"{text.short(cell.trainer, 18)} on {where}", xlabel="run, in order of time")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure
