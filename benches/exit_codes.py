"""The exit codes of every command, and what each says."""

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
