"""The order of the run: every block of every cell on one axis, so that the machine's doings line up."""

import statistics
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from triptych.benches.analysis.pairing import step_times
from triptych.benches.record.run import Block
from triptych.reports import text
from triptych.reports.figures.chart import TALL_ROW_IN, Strip, chart
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, table
from triptych.reports.figures.styles import GRID, INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

MOST_MARKERS = 40  # in a row; the line alone tells as much of more, and the page stays small


def rows(report: Report) -> list[Row]:
    """The cells with blocks, void ones included."""
    return [row for row in naming.side_by_side(report) if row.record.blocks]


def exhibit(report: Report) -> Exhibit:
    """The order in words and data."""
    shown = rows(report)
    off, reach = [share for row in shown for share in off_median(row)], swing(shown)
    void = sum(len(row.record.blocks) - len(row.record.counted_blocks) for row in shown)
    beyond = sum(abs(share) > reach for share in off)
    return Exhibit(
        "order",
        "Every block in the order of the run",
        f"{beyond} of {text.count(len(off), 'block')} lie more than {100 * reach:g} % off the median; {void} void.",
        "Up is slower. What the machine did at one moment shows in all rows at that moment; what a trainer does shows "
        "in its own row alone." + cut(shown),
        [*IDENTITY, "Median of each restart, in order"],
        table(report, shown, lambda row: [medians(row)]),
    )


def medians(row: Row) -> str:
    """Seconds per step of each restart."""
    return ", ".join(map(text.seconds, step_times(row.record))) or text.NONE


def off_median(row: Row) -> list[float]:
    """How far each counted block is off the median of its cell, as a share of it."""
    times = [block.step_s for block in row.record.counted_blocks]
    middle = statistics.median(times) if times else 0
    return [time / middle - 1 for time in times]


def swing(rows: Sequence[Row]) -> float:
    """How far a row reaches: round, and far enough for nearly all blocks; the rest sit at its edge."""
    off = sorted(abs(share) for row in rows for share in off_median(row)) or [0.0]
    nearly_all = off[int(0.95 * (len(off) - 1))]
    return next((reach for reach in (0.05, 0.1, 0.2, 0.5) if reach >= nearly_all), 1.0)


def draw(report: Report) -> Figure:
    """A row per cell, up for slower."""
    shown = rows(report)
    blocks = {(row.place.source, one.restart, one.position) for row in shown for one in row.record.blocks}
    order, reach = {block: index for index, block in enumerate(sorted(blocks))}, swing(shown)
    figure, axes, strips = chart(report, shown, TALL_ROW_IN)
    axes.grid(visible=False)
    for (_, _, position), index in order.items():
        if position == 0 or index == 0:
            axes.axvline(index - 0.5, color=GRID, linewidth=0.8)
    for strip in strips:
        source, blocks = strip.row.place.source, strip.row.record.blocks
        _strip(strip, {one: order[source, one.restart, one.position] for one in blocks}, reach)
    said = f"blocks in run order; a vertical line is a restart; a row reaches ±{100 * reach:g} % of its median"
    axes.set(xlim=(-1, len(order)), xlabel=said)
    return figure


def _strip(strip: Strip, at: dict[Block, int], reach: float) -> None:
    row, look, axes, y = strip
    off = zip((at[one] for one in row.record.counted_blocks), off_median(row), strict=True)
    points = sorted((index, y - 0.42 * min(max(share / reach, -1), 1)) for index, share in off)
    void = [index for one, index in at.items() if one.void is not None]
    line: dict[str, Any] = {"color": look.color, "linestyle": "-", "linewidth": 0.9, "markersize": 2.4}
    axes.axhline(y, color=GRID, linewidth=0.7)
    axes.plot(*zip(*points, strict=True), marker=look.marker if len(points) <= MOST_MARKERS else "", **line)
    axes.plot(void, [y] * len(void), "x", color=INK, markersize=5)
    strip.remark(text.count(len(points), "block") + (f", {len(void)} void, crossed" if void else ""))
