"""After a benchmark run: the table of ratios on the terminal, the page on disk, and where everything was written."""

import shutil
from pathlib import Path

import pytest

from benches.plugin import RESULT, RUN, output_folder

MINIMAL_WIDTH = 120
"""Columns of a table that is written into a log; narrower, its figures would be folded."""


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says and writes what the run of this session measured, however the session ended."""
    if RUN not in config.stash:
        return
    from rich.console import Console

    from reports.page import write_report
    from reports.table import NothingMeasured
    from reports.terminal import terminal

    run, folder = config.stash[RUN], output_folder(config)
    terminalreporter.section("triptych")
    try:
        console = Console(width=max(MINIMAL_WIDTH, shutil.get_terminal_size().columns))
        console.print(terminal([run]))
        page, *figures = write_report([run], folder)
    except (NothingMeasured, OSError) as error:
        terminalreporter.write_line(f"No page was written: {error}", red=True)
        return
    for path in (folder / RESULT, page):
        terminalreporter.write_line(f"wrote {_short(path)}")
    terminalreporter.write_line(f"and {len(figures)} figures in {_short(folder / 'figures')}")


def _short(path: Path) -> Path:
    """Relative to the current folder where it lies in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
