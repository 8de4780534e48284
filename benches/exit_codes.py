"""The exit codes of every command, and what each says."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ends."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    UNDECIDED = 3
    NOTHING = 4
    INTERRUPTED = 130
    TERMINATED = 143


MEANING: dict[Exit, str] = {
    Exit.FINE: "fine",
    Exit.FAILED: "a cell failed, regressed or a law is broken",
    Exit.USAGE: "wrong usage",
    Exit.UNDECIDED: "undecided",
    Exit.NOTHING: "nothing measured, missing or not comparable",
    Exit.INTERRUPTED: "stopped by Ctrl-C",
    Exit.TERMINATED: "asked to end",
}

SENTENCE = "Exit codes: " + "; ".join(f"{code} {words}" for code, words in MEANING.items() if code < Exit.INTERRUPTED)
