"""The forkserver of an arm, seen from the parent: what is said to it, and what comes back, line by line."""

import contextlib
import re
import socket
import subprocess
import tempfile
import time
from typing import IO, Any

import psutil

from triptych.benches.arms.arm import Arm
from triptych.benches.record.run import OutcomeKind
from triptych.benches.worker import messages

START_TIMEOUT_S = 120.0
PRELOAD = "jax.numpy,triptych.benches.worker.answers"  # no backend is started by importing these, so it may fork

CHATTER = re.compile(r"WARNING: All log messages before absl::InitializeLog|[IW]\d{4} ")
"""What compilers say whose device is not there, to nobody's use."""


class WorkerLost(Exception):
    """The worker died or fell silent; `kind` is the outcome that its cell gets."""

    def __init__(self, kind: OutcomeKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: OutcomeKind = kind
        self.reason = reason


class Lines:
    """The lines that come from a socket, each awaited for a limited time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel, self._buffer = channel, b""

    def next(self, timeout_s: float) -> bytes | None:
        """The next line; empty where the other end has gone, None where nothing came in time."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            self._channel.settimeout(max(1e-6, deadline - time.monotonic()))
            try:
                chunk = self._channel.recv(1 << 16)
            except (TimeoutError, ConnectionError) as error:
                return None if isinstance(error, TimeoutError) else b""
            if not chunk:
                return b""
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


class Forkserver:
    """One process of an arm that makes its workers and, should this process die, ends them."""

    def __init__(self, arm: Arm) -> None:
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        self._process, self._control = start_process(arm, self._words, [",".join((PRELOAD, *arm.preload))])
        self._lines, self._ready, self._pids = Lines(self._control), False, set[int]()

    def fork(self, channel: socket.socket, words: IO[bytes]) -> int:
        """Makes a worker that is asked on a socket; gives its process.

        Raises:
            WorkerLost: If it is not there.
        """
        if not self._ready:
            line = self._lines.next(START_TIMEOUT_S) or b""
            if line != f"triptych forkserver {messages.PROTOCOL}".encode():
                told = f"it does not start as this instrument's workers do{last_words(self._words)}"
                raise WorkerLost("killed", told)
            self._ready = True
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [b"0"], [channel.fileno(), words.fileno()])
        pid = self._answer()
        self._pids.add(pid)
        return pid

    def end_worker(self, pid: int) -> int | None:
        """Ends one and all below it; gives its status, or None if the forkserver itself is gone."""
        self._pids.discard(pid)
        try:
            self._control.sendall(b"%d" % pid)
            return self._answer()
        except (OSError, WorkerLost):
            return None

    def below(self, pid: int) -> list[psutil.Process]:
        """What a worker has started, and what has lost its parent, which nobody can tell whose it was."""
        with contextlib.suppress(psutil.NoSuchProcess):
            orphans = [one for one in psutil.Process(self._process.pid).children() if one.pid not in self._pids]
            return [*psutil.Process(pid).children(recursive=True), *orphans]
        return []

    def end(self) -> None:
        """Hangs up, on which it ends all its workers and itself."""
        self._control.close()
        try:
            self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._words.close()

    def _answer(self) -> int:
        if line := self._lines.next(START_TIMEOUT_S):
            return int(line)
        raise WorkerLost("killed", f"the process that makes workers is gone{last_words(self._words)}")


def last_words(words: IO[bytes]) -> str:
    """The last lines that a process wrote, for the end of a sentence."""
    words.seek(0)
    lines = words.read().decode(errors="replace").strip().splitlines()
    last = [line for line in lines if not CHATTER.match(line)][-3:]
    return f"; its last words: {' | '.join(last)}" if last else ""


def start_process(arm: Arm, words: IO[bytes], preload: list[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """A new interpreter of an arm, and the socket on which it is asked."""
    ours, theirs = socket.socketpair()
    with theirs:
        fd = theirs.fileno()
        process: Any = subprocess.Popen(
            [arm.python, "-P", "-m", "triptych.benches.worker", str(fd), *preload],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env=arm.environment,
            cwd=arm.checkout,
            pass_fds=[fd],
            start_new_session=True,
        )
    return process, ours
