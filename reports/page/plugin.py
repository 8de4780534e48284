"""After a benchmark run: the table of ratios on the terminal, the page on disk, and where everything was written."""

import shutil
from pathlib import Path

import pytest

from triptych.benches.analysis import pairing
from triptych.benches.record.run import Run
from triptych.benches.run.plugin import RUN, is_trial, result_path

MINIMAL_WIDTH = 120  # columns of a table that is written into a log; narrower, its figures would be folded
WRITTEN = pytest.StashKey[list[str]]()  # what to say of the files at the end


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the page, however the session ended; without a page, or with lost parity, it has not passed."""
    config = session.config
    if RUN not in config.stash:
        return
    from triptych.reports.page.page import write_report
    from triptych.reports.view.report import NothingMeasured

    run, result = config.stash[RUN], result_path(config)
    try:
        if is_trial(config):
            config.stash[WRITTEN] = ["wrote nothing: with --benchmark-disable benchmarks are only seen to run"]
        else:
            page = write_report([run], result.parent)[0]
            config.stash[WRITTEN] = [f"wrote {_short(path)}" for path in (result, page, result.parent / "figures")]
    except (NothingMeasured, OSError) as error:
        config.stash[WRITTEN] = [f"No page was written: {error}"]
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
    if lost := parted(run):
        config.stash[WRITTEN] += [f"Parity was lost: {words}" for words in lost]
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def parted(run: Run) -> list[str]:
    """Where a trainer and the reference computed different losses."""
    return [
        f"{cell.cell.id}, {certificate.reason}"
        for cell in run.cells
        if (reference := pairing.reference_of(run, cell, run.reference)) and cell.trainings and reference.trainings
        if not (certificate := pairing.parity(run, cell, reference)).holds and certificate.steps
    ]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Shows the table, and says what was written where."""
    if RUN not in config.stash:
        return
    from rich.console import Console

    from triptych.reports.page.terminal import terminal
    from triptych.reports.view.report import NothingMeasured

    terminalreporter.section("triptych")
    try:
        console = Console(width=max(MINIMAL_WIDTH, shutil.get_terminal_size().columns))
        with console.capture() as captured:
            console.print(terminal([config.stash[RUN]]))
        terminalreporter.write(captured.get().encode(console.encoding, "replace").decode(console.encoding))
    except NothingMeasured as error:
        terminalreporter.write_line(str(error), red=True)
    for line in config.stash.get(WRITTEN, []):
        terminalreporter.write_line(line)


def _short(path: Path) -> Path:
    """Relative to the current folder where it lies in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
