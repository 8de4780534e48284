"""The ratios under the verdict, a card for each trainer: every scene and side in a line of its own."""

from typing import NamedTuple

from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

MARKS = {"slower": "▲", "faster": "▼", "tie": "≈", "undecided": "≷", "no interval": "?", "none": "✗"}
MOST_LINES, MOST_CARDS = 12, 24


class Line(NamedTuple):
    """One ratio in words; `kind` is its standing as a CSS class."""

    where: str
    figure: str
    note: str
    kind: str
    mark: str
    word: str


class Card(NamedTuple):
    """One trainer against a reference."""

    trainer: str
    reference: str
    lines: tuple[Line, ...]
    left_out: int


def cards(report: Report) -> list[Card]:
    """A card for each trainer that is compared with another."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in naming.side_by_side(report):
        if row.standing != "reference" and row.is_timed:
            grouped.setdefault((row.trainer, row.reference), []).append(row)
    return [
        Card(*names, tuple(_line(report, row) for row in rows[:MOST_LINES]), max(0, len(rows) - MOST_LINES))
        for names, rows in list(grouped.items())[:MOST_CARDS]
    ]


def _line(report: Report, row: Row) -> Line:
    parts = naming.scene_name(report, row.place, device=False), naming.side_name(report, row.place)
    where, time, kind = ", ".join(filter(None, parts)), row.ratio.time, row.standing
    if time is None:
        return Line(where, "", row.ratio.reason, kind, MARKS[kind], "no ratio")
    note = text.shortage(time.n) if kind == "no interval" else text.interval(time)
    return Line(where, text.significant(time.value), note, kind.replace(" ", "-"), MARKS[kind], columns.standing(kind))
