"""The order of the run: every block of every cell on one axis, so that the machine's doings line up."""

import statistics
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from triptych.reports import text
from triptych.reports.figures.chart import Chart, Strip, chart, remark
from triptych.reports.figures.styles import GRID, INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming


def run_order(report: Report) -> Figure:
    """Every block in the order of the run, up for slower: what the machine did shows in all rows at once."""
    rows = [row for row in naming.side_by_side(report) if row.record.blocks]
    drawn = chart(report, rows, row_in=0.42)
    order, reach = _sequence(rows), swing(rows)
    for strip in drawn.strips:
        _strip(drawn, strip, order, reach)
    _restarts(drawn, order)
    label = f"blocks in run order; a vertical line is a restart; a row reaches ±{100 * reach:g} % of its median"
    drawn.axes.set_xlabel(label, color=INK.drawn)
    return drawn.figure


def off_median(row: Row) -> list[float]:
    """How far each counted block is off the median of its cell, as a share of it."""
    times = [block.step_s for block in row.record.counted_blocks]
    middle = statistics.median(times) if times else 1.0
    return [time / middle - 1 for time in times]


def swing(rows: Sequence[Row]) -> float:
    """How far a row reaches: round, and far enough for nearly all blocks; the rest sit at its edge."""
    off = sorted(abs(share) for row in rows for share in off_median(row)) or [0.0]
    nearly_all = off[int(0.95 * (len(off) - 1))]
    return next((reach for reach in (0.05, 0.1, 0.2, 0.5) if reach >= nearly_all), 1.0)


def _strip(drawn: Chart, strip: Strip, order: dict[tuple[str, int, int], int], reach: float) -> None:
    row, source = strip.row, strip.row.place.source
    at = [order[source, block.restart, block.position] for block in row.record.counted_blocks]
    heights = [strip.y - 0.42 * min(max(share / reach, -1), 1) for share in off_median(row)]
    drawn.axes.axhline(strip.y, color=GRID.drawn, linewidth=0.7)
    look: dict[str, Any] = {
        "color": strip.style.color,
        "linewidth": 0.9,
        "marker": strip.style.marker,
        "markersize": 2.4,
    }
    if at:
        drawn.axes.plot(*zip(*sorted(zip(at, heights, strict=True)), strict=True), **look)
    void = [order[source, block.restart, block.position] for block in row.record.blocks if block.void is not None]
    drawn.axes.plot(void, [strip.y] * len(void), "x", color=INK.drawn, markersize=5)
    remark(drawn, strip, text.count(len(at), "block") + (f", {len(void)} void, crossed" if void else ""))


def _sequence(rows: Sequence[Row]) -> dict[tuple[str, int, int], int]:
    """Places in the run order over all restarts, by run, restart and position."""
    keys = {(row.place.source, one.restart, one.position) for row in rows for one in row.record.blocks}
    return {key: index for index, key in enumerate(sorted(keys))}


def _restarts(drawn: Chart, order: dict[tuple[str, int, int], int]) -> None:
    starts = [index for (_, _, position), index in order.items() if position == 0 or index == 0]
    drawn.axes.grid(visible=False)
    for start in starts:
        drawn.axes.axvline(start - 0.5, color=GRID.drawn, linewidth=0.8)
    drawn.axes.set_xlim(-1, len(order))
