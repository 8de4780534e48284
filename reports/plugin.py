"""After a benchmark run: the table of ratios on the terminal, the page on disk, and where everything was written."""

import pytest

from benches.plugin import RESULT, RUN, output_folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Says and writes what the run of this session measured, however the session ended."""
    if RUN not in config.stash:
        return
    from reports.page import write_report
    from reports.table import NothingMeasured

    run, folder = config.stash[RUN], output_folder(config)
    terminalreporter.section("triptych")
    try:
        paths = [folder / RESULT, *write_report([run], folder)]
    except (NothingMeasured, OSError) as error:
        terminalreporter.write_line(f"No page was written: {error}", red=True)
        return
    for path in paths[:2]:
        terminalreporter.write_line(f"wrote {path}")
    terminalreporter.write_line(f"and {len(paths) - 2} figures in {folder / 'figures'}")
