"""What stands around a figure, and how its words call the cells."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

MOST_ROWS = 20  # that a figure has room for; the table under "At a glance" has them all
IDENTITY = ["Workload", "Trainer", "Where"]  # headings of the columns that `identity` fills


class Exhibit(NamedTuple):
    """The words of a figure: what it shows in this report, how to read it, and its data, a list per row."""

    key: str  # names the files and prefixes the ids
    title: str
    finding: str
    reading: str
    heads: list[str]
    data: list[list[str]]
    samples: Sequence[tuple[str, str]] = ()  # what trained networks wrote, each with whose it is


def table(report: Report, rows: Sequence[Row], entries: Callable[[Row], list[str]]) -> list[list[str]]:
    """The data of a figure with a row per cell: which cell it is, and what the figure says of it."""
    return [[*identity(report, row), *entries(row)] for row in rows[:MOST_ROWS]]


def identity(report: Report, row: Row) -> list[str]:
    """Which cell a line of a figure's data belongs to."""
    parts = naming.side_name(report, row.place), text.short(row.place.device), row.place.mode
    return [text.short(row.place.workload), text.short(row.trainer), ", ".join(filter(None, parts))]


def cut(rows: Sequence[object], most: int = MOST_ROWS, noun: str = "cells") -> str:
    """Says so where a figure does not have all rows."""
    return f" The first {most} of {len(rows)} {noun} are drawn." if len(rows) > most else ""
