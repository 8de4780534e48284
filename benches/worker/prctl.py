"""What Linux can be asked to do for a process; elsewhere nothing is asked."""

import ctypes
import signal
import sys
from typing import Any

PDEATHSIG, CHILD_SUBREAPER = 1, 36  # of prctl(2)


def die_with_parent() -> None:
    """This process is killed when the one that made it dies, even while it is stopped."""
    _ask(PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """What loses its parent anywhere below this process becomes its child."""
    _ask(CHILD_SUBREAPER, 1)


def _ask(option: int, value: int) -> None:
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None)
        libc.prctl(option, value, 0, 0, 0)
