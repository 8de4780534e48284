"""Page, Markdown and terminal say the same words and figures."""

import html as html_module
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from tests.reports.sample_run import sample_run
from triptych.benches.record.run import Run
from triptych.reports.page.plugin import RUN, pytest_terminal_summary
from triptych.reports.page.terminal import SHORT, markdown, summary, terminal
from triptych.reports.view.report import Report
from triptych.reports.words.columns import columns


def test_markdown_and_page_hold_the_same_entries(run: Run, view: Report, html: str) -> None:
    """Every figure and every remark of every cell."""
    page, comment = html_module.unescape(html), markdown([run])
    for row in view.rows:
        for column in columns(view):
            entry = column.entry(row)
            for words in (entry.main, *entry.notes):
                assert words in page
                assert words in re.sub(r"\\(.)", r"\1", comment)


def test_terminal_holds_the_same_entries(run: Run, view: Report) -> None:
    """Of the columns that fit."""
    console = Console(width=200, file=io.StringIO(), force_terminal=False)
    console.print(terminal([run]))
    printed = console.file.getvalue()  # type: ignore[attr-defined] - the StringIO above
    for row in view.rows:
        for column in columns(view):
            if column.key in SHORT:
                assert column.entry(row).main in printed
    assert summary(view)[0] in printed.replace("\n", " ")


def test_verdict_is_the_same_everywhere(run: Run, view: Report, html: str) -> None:
    """One sentence, with its numbers."""
    verdict = summary(view)[0]
    assert verdict.startswith("Against treemap on cpu, naive takes 1,")
    assert verdict in html
    assert verdict in re.sub(r"\\(.)", r"\1", markdown([run]))


def test_markdown_escapes_names() -> None:
    """A trainer's name can neither end a table cell nor become HTML."""
    comment = markdown([sample_run(trainers=("treemap", "<b>|`x`*"), workloads=("xor",))])
    assert "&lt;b&gt;\\|\\`x\\`\\*" in comment
    assert "<b>" not in comment


def test_terminal_takes_markup_as_text() -> None:
    """Rich markup in a name is printed, not obeyed."""
    console = Console(width=200, file=io.StringIO(), force_terminal=False)
    console.print(terminal([sample_run(trainers=("treemap", "[red]x[/red]"), workloads=("xor",))]))
    assert "[red]x[/red]" in console.file.getvalue()  # type: ignore[attr-defined] - the StringIO above


def test_a_terminal_without_unicode_has_a_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the locale C what it cannot show becomes a question mark, and nothing breaks after all was measured."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    said: list[str] = []
    reporter: Any = SimpleNamespace(section=said.append, write=said.append, write_line=said.append)
    config: Any = SimpleNamespace(stash={RUN: run})
    pytest_terminal_summary(reporter, config)
    assert "Time ? reference" in "".join(said)
    assert "".join(said).isascii()
