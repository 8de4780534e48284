"""How a command ends: its exit code and what that says, and what signals do."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from typing import NamedTuple


class Exit(IntEnum):
    """How a command ends."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    UNDECIDED = 3
    NOTHING = 4
    INTERRUPTED = 130
    TERMINATED = 143


class Words(NamedTuple):
    """What an exit code says: in the help, in the headline of a gate, and of a merge."""

    help: str
    gate: str
    merge: str


WORDS: dict[Exit, Words] = {
    Exit.FINE: Words(
        "fine",
        "the gate is open",
        "Nothing here speaks against a merge: every comparison is inside its margin, or better.",
    ),
    Exit.FAILED: Words(
        "something failed or regressed, or a law is broken",
        "the gate is shut",
        "Do not merge it as it is: at least one benchmark is slower beyond its margin, fails, or no longer computes or "
        "compiles to the same.",
    ),
    Exit.USAGE: Words("wrong usage", "", ""),
    Exit.UNDECIDED: Words(
        "undecided",
        "the gate cannot tell",
        "No reason against a merge was found, but none was ruled out either: what is undecided may hide a slowdown. "
        "More restarts, or a quieter machine, would tell.",
    ),
    Exit.NOTHING: Words(
        "nothing measured, missing or not comparable",
        "the gate cannot compare",
        "Nothing is said for or against a merge: a part of the comparison is missing or cannot be made. See its row.",
    ),
}

SENTENCE = "Exit codes: " + "; ".join(f"{code} {words.help}" for code, words in WORDS.items())


class Told(BaseException):
    """The program was told to end, with this exit code; what catches the errors of trainers does not catch this."""


@contextmanager
def ended_by_signals() -> Generator[None]:
    """Ctrl-C and termination unwind the program, so that copies and workers go; a second one does not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _tell)
    try:
        yield
    except Told as told:
        sys.exit(told.args[0])


def _tell(number: int, _: object) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise Told(Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED)
