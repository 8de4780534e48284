"""What is told while something is measured: how far it is, and what was typed to start it."""

import shlex
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def command_line() -> str:
    """What was typed, without the folders in which the program happens to lie."""
    program = Path(sys.argv[0])
    return shlex.join(["pytest" if program.stem == "__main__" else program.stem, *sys.argv[1:]])


def progress() -> AbstractContextManager[Progress]:
    """Live progress with time left on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
