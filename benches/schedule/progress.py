"""What is told while something is measured: how far it is, and what was typed to start it."""

import shlex
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from triptych.benches.record.run import Settings
from triptych.benches.schedule.job import Job, is_live

GUESS_S = 2.0
"""A restart of a cell beside its blocks, before one was seen."""


class Forecast:
    """How many seconds are left, by what each cell has taken in its restarts so far."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings, self._clock = settings, clock
        self._spent_s: dict[str, float] = {}
        self._restarts = 0

    @contextmanager
    def spending(self, job: Job) -> Generator[None]:
        """Adds what is done to the cell's seconds."""
        began = self._clock()
        yield
        self._spent_s[job.key] = self._spent_s.get(job.key, 0.0) + self._clock() - began

    def left_s(self, jobs: Sequence[Job], index: int) -> float:
        """Of restarts and trainings that are put off, in the middle of a restart."""
        settings = self._settings
        guess_s = GUESS_S + settings.rounds * settings.block_s
        left_s = 0.0
        for job in filter(is_live, jobs):
            slow = (job.step_s or 0.0) > settings.block_s
            restarts = min(settings.slow_restarts, settings.restarts) if slow else settings.restarts
            done = index * restarts / settings.restarts
            spent_s = self._spent_s.get(job.key, 0.0)
            left_s += max(restarts * max(spent_s / (done + 1), guess_s if done < 1 else 0.0) - spent_s, 0.0)
        return left_s


def command_line() -> str:
    """What was typed, without the folders in which the program happens to lie."""
    program = Path(sys.argv[0])
    return shlex.join(["pytest" if program.stem == "__main__" else program.stem, *sys.argv[1:]])


def progress() -> AbstractContextManager[Progress]:
    """Live progress with time left on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
