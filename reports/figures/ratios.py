"""Time per step over the reference's, with intervals, the line at 1 and the margin around it."""

from collections.abc import Sequence
from typing import get_args

from matplotlib.figure import Figure

from triptych.benches.analysis.tie import TIE_MARGIN, Standing
from triptych.reports import text
from triptych.reports.figures.chart import Strip, bounds, chart, log_axis
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, table
from triptych.reports.figures.styles import BAND, INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

CLOSE_UP = 3.0  # ratios beyond it leave the axis where others are nearer to 1, so that these can be told apart


def rows(report: Report) -> list[Row]:
    """The cells with a ratio and their references; none where there are only references."""
    rated = [row for row in naming.side_by_side(report) if row.step_s and row.ratio.time]
    return rated if _compared(rated) else []


def _compared(rated: Sequence[Row]) -> list[Row]:
    return [row for row in rated if row.standing != "reference"]


def exhibit(report: Report) -> Exhibit:
    """The ratios in words and data."""
    shown, compared = rows(report), _compared(rows(report))
    low, high = window(shown[:MOST_ROWS])
    far = sum(outside(row, low, high) for row in _compared(shown[:MOST_ROWS]))
    counts = [(word, sum(row.standing == word for row in compared)) for word in get_args(Standing)]
    tally = ", ".join(f"{count} {word}" for word, count in counts if count)
    arrows = f" {far} beyond the axis: an arrow with the figure beside it." if far else ""
    return Exhibit(
        "ratios",
        "Time per step against the reference",
        f"{text.count(len(compared), 'ratio')} to {text.short(shown[0].reference)}: {tally}.",
        "The line is equality, the band around it the margin of no practical account. Small dots are the ratios of the "
        f"single restarts. An interval inside the band is a tie; one that leaves it across the line, undecided.{arrows}"
        + cut(shown),
        [*IDENTITY, "Time per step ÷ reference", "95 % interval and standing", "Ratio of each restart"],
        table(report, shown, lambda row: [columns.ratio(row).main, columns.ratio(row).note, pairs(row)]),
    )


def pairs(row: Row) -> str:
    """The ratio of each restart."""
    return ", ".join(map(text.significant, row.pairs))


def window(shown: Sequence[Row]) -> tuple[float, float]:
    """Bounds of the axis: where some ratios are near 1 and others far off, a close-up of the near ones."""
    compared = _compared(shown)
    near = [row for row in compared if not outside(row, 1 / CLOSE_UP, CLOSE_UP)]
    values = [bound for row in near or compared if row.ratio.time for bound in bounds(row.ratio.time)]
    values += [pair for row in near or compared for pair in row.pairs if not near or 1 / CLOSE_UP < pair < CLOSE_UP]
    least = 1 + 2 * TIE_MARGIN
    return min([*values, 1 / least]), max([*values, least])


def outside(row: Row, low: float, high: float) -> bool:
    """Whether a ratio lies off the axis and is drawn as an arrow."""
    return row.ratio.time is not None and not low <= row.ratio.time.value <= high


def draw(report: Report) -> Figure:
    """A row per cell, on a log axis."""
    figure, axes, strips = chart(report, rows(report))
    axes.axvspan(1 / (1 + TIE_MARGIN), 1 + TIE_MARGIN, color=BAND, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=1, zorder=1)
    low, high = window([strip.row for strip in strips])
    for strip in strips:
        _ratio(strip, low, high)
    log_axis(axes, low, high, "time per step ÷ reference, 95 % interval (log scale; right is slower)")
    return figure


def _ratio(strip: Strip, low: float, high: float) -> None:
    row, (color, *_), axes, y = strip
    time = row.ratio.time
    if time is None or row.standing == "reference":
        strip.remark("reference")
    elif outside(row, low, high):
        edge, sign = (0.985, ">") if time.value > high else (0.015, "<")
        axes.plot([edge], [y], sign, transform=axes.get_yaxis_transform(), color=color, markersize=8)
        strip.remark(text.estimate(time) if time.low else f"{text.estimate(time)} no interval")
    else:
        inside = [pair for pair in row.pairs if low <= pair <= high]
        axes.plot(inside, [y + 0.3] * len(inside), "o", markersize=2.2, color=color, alpha=0.6, mew=0)
        strip.estimate(time, row.standing if row.standing in ("tie", "undecided") else "")
