"""Start-up: where a fresh process spends its time until the first step, and what a cache on disk saves."""

import statistics
from collections.abc import Sequence

from matplotlib.figure import Figure

from triptych.benches.record.run import Start
from triptych.benches.stats.ranks import geometric
from triptych.reports import text
from triptych.reports.figures.chart import beside, chart, key_above, stack
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

PHASES = (
    ("interpreter", 0.1, ["interpreter_s"]),
    ("jax, numpy", 0.28, ["jax_s"]),
    ("own imports", 0.46, ["stack_s"]),
    ("device, build", 0.64, ["device_s", "build_s"]),
    ("compile", 0.82, ["compile_s"]),
    ("first step", 1.0, ["first_step_s"]),
)
"""The words of a phase, how full its part of the bar is, and the fields whose sum it is."""


def rows(report: Report) -> list[Row]:
    """The cells whose trainer was started in fresh processes."""
    return [row for row in naming.side_by_side(report) if row.record.starts]


def cases(row: Row) -> list[tuple[str, list[Start]]]:
    """The starts of a trainer without a cache, and those that found programs on disk, as far as there are any."""
    cold = [start for start in row.record.starts if start.cache == "cold"]
    hit = [start for start in row.record.starts if start.cache == "hit" and start.hits]
    return [(words, starts) for words, starts in (("cold", cold), ("from disk", hit)) if starts]


def median(starts: Sequence[Start], *fields: str) -> float:
    """The median over processes of a phase, or of several together, in seconds."""
    return statistics.median(sum(getattr(start, field) for field in fields) for start in starts)


def exhibit(report: Report) -> Exhibit:
    """The starts in words and data."""
    shown = rows(report)
    return Exhibit(
        "starts",
        "From the start of a process to the first step",
        " ".join(_sentence(report, row) for row in shown[:MOST_ROWS]),
        "Each phase is a median over fresh processes, trainers in random order. Own imports are what the trainer needs "
        "beyond jax and numpy. Above: no cache. Below: every program found on disk, where an earlier process had put "
        "it. A second call in the same process finds all in memory. What only the harness needs is not counted."
        + cut(shown),
        [*IDENTITY, "Programs", "Processes", *(one[0] for one in PHASES), "In all", "95 % interval", "Second call"],
        [[*identity(report, row), *_entries(*case)] for row in shown[:MOST_ROWS] for case in cases(row)],
    )


def _sentence(report: Report, row: Row) -> str:
    totals = [f"{text.seconds(median(starts, 'whole_s'))} {words}" for words, starts in cases(row)]
    own, warm = (text.seconds(median(row.record.starts, field)) for field in ("stack_s", "warm_call_s"))
    return (
        f"{naming.cell_name(report, row)}: {', '.join(totals)}, of which {own} own imports; a second call takes {warm}."
    )


def _entries(words: str, starts: list[Start]) -> list[str]:
    programs = words if words == "cold" else f"{words}, {starts[0].hits} found"
    fields = [*(fields for _, _, fields in PHASES), ["whole_s"], ["warm_call_s"]]
    *times, warm = (text.seconds(median(starts, *names)) for names in fields)
    whole = text.interval(geometric([start.whole_s for start in starts]), text.seconds)
    return [programs, str(len(starts)), *times, whole, warm]


def draw(report: Report) -> Figure:
    """Two bars per trainer."""
    figure, axes, strips = chart(report, rows(report), row_in=0.5)
    ends: list[float] = []
    for row, look, _, y in strips:
        for at, (words, starts) in zip((y - 0.18, y + 0.18), cases(row), strict=False):
            pieces = [(median(starts, *fields), full) for _, full, fields in PHASES]
            ends.append(stack(axes, at, pieces, look.color, 0.3))
            beside(axes, at, f"{text.seconds(median(starts, 'whole_s'))} {words}")
    axes.set(xlim=(0, max(ends) * 1.04), xlabel="seconds since the process was started, medians over processes")
    key_above(figure, parts=[(words, full) for words, full, _ in PHASES])
    return figure
