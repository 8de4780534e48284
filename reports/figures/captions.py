"""The words of the figures with a row per cell: what each shows here, how to read it, and its data."""

import statistics
from typing import get_args

from triptych.reports import text
from triptych.reports.figures import plots
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity, where
from triptych.reports.view.report import Report, Row, Standing
from triptych.reports.words import columns


def speeds(report: Report, rows: list[Row]) -> Exhibit:
    """Steps per second."""
    best = max(rows, key=lambda row: 1 / row.step_s.value if row.step_s else 0)
    worst = min(rows, key=lambda row: 1 / row.step_s.value if row.step_s else 0)
    entries = [(row, columns.speed(row)) for row in rows]
    ends = (f"{columns.speed(row).main} ({where(report, row)})" for row in (worst, best))
    finding = f"From {' to '.join(ends)}."
    return Exhibit(
        "speeds",
        "Steps per second",
        finding,
        "A mark is the estimate over restarts, the bar its 95 % interval." + cut(rows),
        [*IDENTITY, "Steps/s", "95 % interval"],
        [[*identity(report, row), entry.main, entry.note] for row, entry in entries[:MOST_ROWS]],
        plots.speeds,
    )


def forest(report: Report, rows: list[Row]) -> Exhibit:
    """Time per step over the reference's."""
    compared = [row for row in rows if row.standing != "reference"]
    low, high = plots.window(rows[:MOST_ROWS])
    far = sum(plots.outside(row, low, high) for row in compared[:MOST_ROWS])
    words = [(word, sum(row.standing == word for row in compared)) for word in get_args(Standing)]
    tally = ", ".join(f"{number} {word}" for word, number in words if number)
    arrows = f" {far} beyond the axis: an arrow with the figure beside it." if far else ""
    return Exhibit(
        "ratios",
        "Time per step against the reference",
        f"{text.count(len(compared), 'ratio')} to {text.name(rows[0].reference, 40)}: {tally}.",
        "The line is equality, the band around it the margin of no practical account. Small dots are the ratios of the "
        f"single restarts. An interval inside the band is a tie; one that leaves it across the line, undecided.{arrows}"
        + cut(rows),
        [*IDENTITY, "Time per step ÷ reference", "95 % interval and standing", "Ratio of each restart"],
        [
            [*identity(report, row), entry.main, entry.note, ", ".join(map(text.significant, row.pairs))]
            for row in rows[:MOST_ROWS]
            for entry in [columns.ratio(row)]
        ],
        plots.forest,
    )


def distributions(report: Report, rows: list[Row]) -> Exhibit:
    """Every block."""
    widest = max(rows, key=lambda row: _swing(row)[1] / _swing(row)[0])
    low, high = (text.significant(bound) for bound in _swing(widest))
    return Exhibit(
        "blocks",
        "Every block of every restart",
        f"The widest spread is that of {where(report, widest)}: blocks from {low} to {high} times their median.",
        "Each dot is a timed block, each lane a restart, each tick the median of its restart. Nothing is left out but "
        "blocks that the instrument declared void." + cut(rows),
        [*IDENTITY, "Fastest block", "Median block", "Slowest block", "Blocks"],
        [_block_row(report, row) for row in rows[:MOST_ROWS]],
        plots.distributions,
    )


def _swing(row: Row) -> tuple[float, float]:
    times = [block.step_s for block in row.record.counted_blocks]
    middle = statistics.median(times)
    return min(times) / middle, max(times) / middle


def _block_row(report: Report, row: Row) -> list[str]:
    times = [block.step_s for block in row.record.counted_blocks]
    middle = [text.seconds(value) for value in (min(times), statistics.median(times), max(times))]
    return [*identity(report, row), *middle, f"{len(times):,}"]


def compiling(report: Report, rows: list[Row]) -> Exhibit:
    """Compile time in phases."""

    def total(row: Row) -> float:
        return row.compile_s.value if row.compile_s else 0.0

    longest, shortest = max(rows, key=total), min(rows, key=total)
    fields = ("trace_s", "lower_s", "backend_s", "first_call_s")
    data = [
        [
            *identity(report, row),
            *(text.seconds(plots.phase(row, field)) for field in fields),
            columns.compiling(row).note,
        ]
        for row in rows[:MOST_ROWS]
    ]
    return Exhibit(
        "compile",
        "Compile time in its phases",
        " to ".join(f"{text.seconds(total(row))} ({where(report, row)})" for row in (shortest, longest)) + ".",
        "Bars are medians over cold compiles; the tick is the whole first call, which also runs the first step."
        + cut(rows),
        [*IDENTITY, "Trace", "Lower", "Backend compile", "First call", "All phases, 95 % interval"],
        data,
        plots.compiling,
    )
