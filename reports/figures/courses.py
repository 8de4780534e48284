"""The words of the figures that follow something over time: losses, the order of the run, a history of runs."""

from triptych.benches.analysis.pairing import step_times
from triptych.reports import text
from triptych.reports.figures import curves, order
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity
from triptych.reports.view.report import Report, Row


def losses(report: Report) -> Exhibit:
    """Loss against step and against seconds."""
    shown = curves.places(report)
    rows = [one.row for place in shown for one in curves.curves(report.by_place[place]) if one.points]
    same = sum(bool(row.parity and row.parity.holds) for row in rows if row.standing != "reference")
    against = sum(row.standing != "reference" for row in rows)
    trainings = [(row, row.record.trainings[0]) for row in rows]
    cut = f" The first {len(shown)} of {len(report.places)} are drawn." if len(shown) < len(report.places) else ""
    return Exhibit(
        "losses",
        "Loss against step, and against seconds",
        f"{same} of {text.count(against, 'curve')} are the reference's step for step; in seconds they part.",
        "The same curves twice: on the left they should lie on one another, on the right speed pulls them apart. "
        f"A mark is the end of a training.{cut}",
        [*IDENTITY, "Steps", "Seconds of training", "First loss", "Last loss"],
        [
            [
                *identity(report, row),
                f"{training.steps_done:,}",
                text.seconds(training.train_s),
                *(text.significant(point.loss) for point in (training.curve[0], training.curve[-1])),
            ]
            for row, training in trainings
        ],
        curves.losses,
    )


def run_order(report: Report, rows: list[Row]) -> Exhibit:
    """Every block in the order of the run."""
    off = [share for row in rows for share in order.off_median(row)]
    void = sum(len(row.record.blocks) - len(row.record.counted_blocks) for row in rows)
    reach = order.swing(rows)
    beyond = sum(abs(share) > reach for share in off)
    return Exhibit(
        "order",
        "Every block in the order of the run",
        f"{beyond} of {text.count(len(off), 'block')} lie more than {100 * reach:g} % off the median; {void} void.",
        "Up is slower. What the machine did at one moment shows in all rows at that moment; what a trainer does shows "
        "in its own row alone." + cut(rows),
        [*IDENTITY, "Median of each restart, in order"],
        [[*identity(report, row), medians(row)] for row in rows[:MOST_ROWS]],
        order.run_order,
    )


def medians(row: Row) -> str:
    """Seconds per step of each restart."""
    return ", ".join(text.seconds(value) for value in step_times(row.record))


def trend(report: Report) -> Exhibit:
    """Seconds per step in run after run."""
    shown = curves.cells_of(report)
    cells = {(one.cell.id, one.arm) for one in report.history}
    machines = sorted({one.machine for one in report.history})
    times = {moment.created for one in report.history for moment in one.moments}
    cut = f" The first {len(shown)} of {len(cells)} cells are drawn." if len(shown) < len(cells) else ""
    return Exhibit(
        "trend",
        "Seconds per step in run after run",
        f"{text.count(len(cells), 'cell')} over {text.count(len(times), 'run')}, from {min(times)} to {max(times)}.",
        "A line joins runs of one machine with the same libraries and settings; nothing is averaged over runs. "
        f"Conditions: {'; '.join(text.name(one) for one in machines)}.{cut}",
        ["Cell", "Conditions", "Run", "Measured", "Commit", "Time per step", "95 % interval"],
        [
            [text.name(one.cell.id), text.name(one.machine), str(moment.place + 1), moment.created, moment.commit]
            + [text.seconds(moment.step_s.value), text.interval(moment.step_s, text.seconds)]
            for one in report.history
            for moment in one.moments
        ],
        curves.trend,
    )
