"""What is told while something is measured: how far it is, and what was typed to start it."""

import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from triptych.benches.record.run import Settings
from triptych.benches.schedule.job import Job

GUESS_S = 2.0  # a restart of a cell beside its blocks, before one was seen


class Forecast:
    """How many seconds are left, by what each cell has taken in its restarts so far."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings, self._clock = settings, clock
        self._spent_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def spending(self, job: Job) -> Generator[None]:
        """Adds what is done to the cell's seconds."""
        began = self._clock()
        yield
        self._spent_s[job.key] += self._clock() - began

    def left_s(self, jobs: Iterable[Job], index: int) -> float:
        """Of the restarts of these cells, in the middle of that one."""
        settings = self._settings
        guess_s = GUESS_S + settings.rounds * settings.block_s
        left_s = 0.0
        for job in jobs:
            restarts, spent_s = job.restarts(settings), self._spent_s[job.key]
            done = index * restarts / settings.restarts
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


def follow(shown: Progress, began: float) -> Callable[[str, float], None]:
    """Shows what is being done and how much is left of what began then; takes both, the latter in seconds."""
    bar = shown.add_task("starting", total=1.0)

    def tell(doing: str, left_s: float) -> None:
        done_s = time.monotonic() - began
        shown.update(bar, description=doing, completed=done_s, total=done_s + left_s)

    return tell
