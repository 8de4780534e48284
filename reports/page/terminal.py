"""The report without a page: a table for the terminal, and Markdown for a comment."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from triptych.benches.record.run import Run
from triptych.reports import text
from triptych.reports.view.report import Report
from triptych.reports.view.report import report as view
from triptych.reports.words import count_table, headline, naming
from triptych.reports.words.columns import columns

if TYPE_CHECKING:
    from rich.table import Table

SHORT = ("trainer", "workload", "run", "arm", "device", "mode", "speed", "ratio", "compile", "final_loss", "outcome")


def summary(report: Report) -> list[str]:
    """The verdict and its caveats, sentence by sentence."""
    return [*headline.sentences(report), *headline.caveats(report)]


def terminal(runs: Sequence[Run]) -> "Table":
    """The columns that fit into a terminal as a rich table, the verdict as its title; the caller prints it.

    Raises:
        NothingMeasured: If no cell of the runs has anything to show.
    """
    from rich.table import Table
    from rich.text import Text

    report = view(runs)
    table = Table(title=Text("\n".join(summary(report))), title_justify="left", title_style="bold")
    chosen = [column for column in columns(report) if column.key in SHORT]
    for column in chosen:
        table.add_column(Text(column.title), overflow="fold")
    said_above = "no interval"  # the caveats say once why there is none
    for _, rows in groupby(naming.side_by_side(report), lambda row: naming.scene(row.place)):
        for entries in ([column.entry(row) for column in chosen] for row in rows):
            words = ([one.main, *(note for note in one.notes if not note.startswith(said_above))] for one in entries)
            table.add_row(*(Text("\n".join(lines)) for lines in words))
        table.add_section()
    return table


def markdown(runs: Sequence[Run]) -> str:
    """The verdict, the whole table and how it was measured, for a pull request or a chat.

    Raises:
        NothingMeasured: If no cell of the runs has anything to show.
    """
    report = view(runs)
    shown = columns(report)
    entries = [[column.entry(row) for column in shown] for row in naming.side_by_side(report)]
    lines = [[f"{entry.main} {entry.note}".strip() for entry in row] for row in entries]
    sources = [
        f"{f'Run {source.label}: ' if len(report.sources) > 1 else ''}measured {source.run.created} in "
        f"{text.seconds(source.run.duration_s)} by `{text.short(source.run.command, 200).replace('`', '')}`, commit "
        f"{(source.run.commit or 'unknown')[:12]}, {source.run.status}; 95 % intervals over restarts in brackets."
        for source in report.sources
    ]
    said = [text.escaped(sentence) for sentence in summary(report)]
    counted = [
        text.folded(
            f"Counts of {one.name}", text.table([["Count", *one.heads], *([name, *said] for name, said in one.lines)])
        )
        for one in count_table.tables(report)
    ]
    return (
        "\n\n".join(
            [f"**{said[0]}**", *said[1:], text.table([[column.title for column in shown], *lines]), *sources, *counted]
        )
        + "\n"
    )
