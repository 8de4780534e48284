"""What stands around a figure, and how its words call the cells."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 20
"""Rows that a figure has room for; the table under "At a glance" has them all."""

IDENTITY = ["Workload", "Trainer", "Where"]
"""Headings of the columns that `identity` fills."""


class Exhibit(NamedTuple):
    """A figure with its words.

    Attributes:
        key: Names the files and prefixes the ids.
        finding: What it shows, in the figures of this report.
        reading: How to read it.
        heads: Column headings of its data.
        data: Its data in words, a list per row.
    """

    key: str
    title: str
    finding: str
    reading: str
    heads: list[str]
    data: list[list[str]]
    plot: "Callable[[Report], Figure]"


def identity(report: Report, row: Row) -> list[str]:
    """Which cell a line of a figure's data belongs to."""
    place = row.place
    parts = [naming.side_name(report, place), text.name(place.device, 40), place.mode]
    return [text.name(place.workload, 60), text.name(row.trainer, 60), ", ".join(part for part in parts if part)]


def where(report: Report, row: Row) -> str:
    """A cell inside a sentence."""
    parts = [text.name(row.place.workload, 40), naming.side_name(report, row.place), text.name(row.place.device, 20)]
    return f"{text.name(row.trainer, 40)} on {', '.join(part for part in parts if part)}"


def cut(rows: Sequence[object]) -> str:
    """Says so where a figure does not have all rows."""
    return f" The first {MOST_ROWS} of {len(rows)} cells are drawn." if len(rows) > MOST_ROWS else ""
