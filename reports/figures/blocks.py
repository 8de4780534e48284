"""Every block of every restart against its cell's own median."""

import math
import statistics

from matplotlib.figure import Figure

from triptych.benches.analysis.pairing import restarts
from triptych.reports import text
from triptych.reports.figures.chart import TALL_ROW_IN, Strip, chart, log_axis
from triptych.reports.figures.figure import IDENTITY, Exhibit, cut, table, where
from triptych.reports.figures.speeds import rows
from triptych.reports.figures.styles import INK, MUTED
from triptych.reports.view.report import Report, Row


def exhibit(report: Report) -> Exhibit:
    """The blocks in words and data."""
    shown = rows(report)
    widest = max(shown, key=lambda row: _times(row)[2] / _times(row)[0])
    low, middle, high = _times(widest)
    spread = f"{text.significant(low / middle)} to {text.significant(high / middle)}"
    return Exhibit(
        "blocks",
        "Every block of every restart",
        f"The widest spread is that of {where(report, widest)}: blocks from {spread} times their median.",
        "Each tick is a timed block, each lane a restart, each dot the median of its restart. Nothing is left out but "
        "blocks that the instrument declared void." + cut(shown),
        [*IDENTITY, "Fastest block", "Median block", "Slowest block", "Blocks"],
        table(report, shown, lambda row: [*map(text.seconds, _times(row)), f"{len(row.record.counted_blocks):,}"]),
    )


def _times(row: Row) -> tuple[float, float, float]:
    """Seconds per step of the fastest block, the median and the slowest."""
    times = [block.step_s for block in row.record.counted_blocks]
    return min(times), statistics.median(times), max(times)


def draw(report: Report) -> Figure:
    """Every block as a tick in the lane of its restart, the median of each restart as a dot."""
    figure, axes, strips = chart(report, rows(report), TALL_ROW_IN)
    values = [0.97, 1.03, *(value for strip in strips for value in _lanes(strip))]
    axes.axvline(1, color=MUTED, linewidth=0.8, zorder=1)
    log_axis(axes, min(values), max(values), "time per step ÷ the cell's own median (log scale)")
    return figure


def _lanes(strip: Strip) -> list[float]:
    """The ticks and dots of a row; gives where they are."""
    row, look, axes, y = strip
    middle, grouped = _times(row)[1], restarts(row.record).values()
    values: list[float] = []
    for index, blocks in enumerate(grouped):
        lane, half = y + 0.72 * ((index + 0.5) / len(grouped) - 0.5), 0.3 / len(grouped)
        shares = [block.step_s / middle for block in blocks]
        xs = [x for share in shares for x in (share, share, math.nan)]  # one path: the page stays small
        ys = [y for _ in shares for y in (lane - half, lane + half, math.nan)]
        axes.plot(xs, ys, linewidth=0.9, color=look.color, alpha=0.75)
        axes.plot([statistics.median(shares)], [lane], "o", markersize=2.6, color=INK, mew=0, zorder=4)
        values += shares
    strip.remark(f"median {text.seconds(middle)}")
    return values
