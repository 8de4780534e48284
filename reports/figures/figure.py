"""What stands around a figure, and how its words call the cells."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from triptych.reports import text
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming

MOST_ROWS = 20
"""Rows that a figure has room for; the table under "At a glance" has them all."""

IDENTITY = ["Workload", "Trainer", "Where"]
"""Headings of the columns that `identity` fills."""


class Exhibit(NamedTuple):
    """The words of a figure.

    Attributes:
        key: Names the files and prefixes the ids.
        finding: What it shows, in the figures of this report.
        reading: How to read it.
        heads: Column headings of its data.
        data: Its data in words, a list per row.
        samples: What trained networks wrote, each with whose it is.
    """

    key: str
    title: str
    finding: str
    reading: str
    heads: list[str]
    data: list[list[str]]
    samples: Sequence[tuple[str, str]] = ()


def table(report: Report, rows: Sequence[Row], entries: Callable[[Row], list[str]]) -> list[list[str]]:
    """The data of a figure with a row per cell: which cell it is, and what the figure says of it."""
    return [[*identity(report, row), *entries(row)] for row in rows[:MOST_ROWS]]


def identity(report: Report, row: Row) -> list[str]:
    """Which cell a line of a figure's data belongs to."""
    place = row.place
    parts = [naming.side_name(report, place), text.short(place.device), place.mode]
    return [text.short(place.workload), text.short(row.trainer), ", ".join(part for part in parts if part)]


def where(report: Report, row: Row) -> str:
    """A cell inside a sentence."""
    parts = [text.short(row.place.workload), naming.side_name(report, row.place), text.short(row.place.device, 20)]
    return f"{text.short(row.trainer)} on {', '.join(part for part in parts if part)}"


def place_name(report: Report, place: Place) -> str:
    """A place with its side, as a heading."""
    return f"{naming.scene_name(report, place)} {naming.side_name(report, place)}".strip()


def cut(rows: Sequence[object], most: int = MOST_ROWS, noun: str = "cells") -> str:
    """Says so where a figure does not have all rows."""
    return f" The first {most} of {len(rows)} {noun} are drawn." if len(rows) > most else ""
