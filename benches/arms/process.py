"""Workers, seen from the parent: start, ask, stop, lose, end. No worker outlives its `Workers`.

A forkserver of each arm makes them; see `triptych.benches.worker.forkserver`. POSIX only.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from typing import IO, Self

import msgspec
import psutil

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.forkserver import START_TIMEOUT_S, Forkserver, Lines, WorkerLost, last_words, start_process
from triptych.benches.record.run import Fingerprint
from triptych.benches.worker import messages

LOOK_S = 1.0  # how often a silent worker is looked at: what it has started may hold its socket open when it is gone


class Worker:
    """One process that holds one cell. On the CPU it runs only while it is asked, else it is stopped.

    It leads a process group, so that Ctrl-C reaches only the parent; what it has started is stopped with it. `began_s`
    is the monotonic clock, which all processes share, just before it was started.
    """

    def __init__(self, arm: Arm, server: Forkserver | None) -> None:
        self._server, self._stops = server, server is not None and arm.device == "cpu"
        self._below: list[psutil.Process] = []
        self._alone: subprocess.Popen[bytes] | None = None
        self.began_s = time.monotonic()
        with ExitStack() as stack:
            self._words: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
            if server is None:
                self._alone, self._channel = start_process(arm, self._words, [])
                self.pid = self._alone.pid
            else:
                self._channel, theirs = map(stack.enter_context, socket.socketpair())
                self.pid = server.fork(theirs, self._words)
                theirs.close()
            stack.pop_all()  # closed by end()
        self._lines, self._cpus = Lines(self._channel), arm.cpus

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def ask(self, request: messages.Request, timeout_s: float) -> messages.Answer:
        """Sends a request and waits for its answer.

        Raises:
            WorkerLost: If it ends, says nothing for `timeout_s` seconds, or what is no answer; it is dead afterwards.
        """
        self.send(request)
        return self.receive(type(request).__name__, timeout_s)

    def send(self, request: messages.Request) -> None:
        """Lets it run, with something to do; `receive` gives its answer."""
        self._signal(signal.SIGCONT)
        with contextlib.suppress(OSError):  # then it is gone, which receive will find
            self._channel.sendall(msgspec.json.encode(request) + b"\n")

    def receive(self, asked: str, timeout_s: float) -> messages.Answer:
        """Waits for an answer, and stops the worker.

        Raises:
            WorkerLost: See `ask`.
        """
        if self._words.closed:
            raise WorkerLost("killed", "it has been ended already")
        deadline, line = time.monotonic() + timeout_s, None
        while line is None and (left := deadline - time.monotonic()) > 0:
            line = self._lines.next(min(left, LOOK_S))
            line = b"" if line is None and not self._is_alive() else line
        if line is None:
            self.end()
            raise WorkerLost("hung", f"no answer within {timeout_s:.0f} s, so its process was ended")
        if not line:
            raise self._lost()
        self._signal(signal.SIGSTOP)
        try:
            return msgspec.json.decode(line, type=messages.Answer)
        except msgspec.DecodeError as error:
            self.end()
            raise WorkerLost("killed", f"its answer to {asked} is none ({error})") from error

    def pin(self) -> None:
        """Keeps it, and the threads that it has made or will make, on its processors, where the system can do that.

        As a batch process: else XLA's own thread, woken by the step's, takes the one processor from it, more or less
        often with every program, so that a step with more to compute could take less time.
        """
        if not self._cpus or not hasattr(os, "sched_setaffinity"):
            return
        for thread in self.thread_seconds():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(thread, self._cpus)
                os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))

    def thread_seconds(self) -> dict[int, float]:
        """Seconds that each of its threads has computed so far."""
        with contextlib.suppress(psutil.Error):
            return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process(self.pid).threads()}
        return {}

    def end(self) -> int | None:
        """Ends the process and all that it has started; gives its status if that is known."""
        self._channel.close()
        status = self._end_process()
        for one in self._below:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self._words.close()
        return status

    def _end_process(self) -> int | None:
        if self._words.closed:
            return None
        if self._server and (status := self._server.end_worker(self.pid)) is not None:
            return os.waitstatus_to_exitcode(status)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._below += psutil.Process(self.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        return self._alone.wait() if self._alone else None

    def _signal(self, sent: signal.Signals) -> None:
        """Stops it with all below it, or lets them go on."""
        if not self._stops:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, sent)
        if sent == signal.SIGSTOP and self._server:
            self._below = self._server.below(self.pid)
        for one in self._below:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(sent)

    def _is_alive(self) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def _lost(self) -> WorkerLost:
        """What to say of a process that has ended by itself."""
        told = last_words(self._words)
        status = self.end()
        how = "nobody knows how" if status is None else f"exit status {status}"
        if status is not None and status < 0:
            how = f"signal {signal.Signals(-status).name}"
        return WorkerLost("killed", f"its process ended with {how}{told}")


class Workers:
    """Starts the workers of all arms, and ends them with what made them."""

    def __init__(self) -> None:
        self._servers: dict[str, Forkserver] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for server in self._servers.values():
            server.end()

    def start(self, arm: Arm) -> Worker:
        """A worker of that arm.

        Raises:
            WorkerLost: If it cannot start.
        """
        if not arm.forked:
            return Worker(arm, None)
        key = json.dumps([arm.python, str(arm.checkout), str(arm.instrument), arm.env, arm.preload])
        if key in self._servers:
            with contextlib.suppress(WorkerLost):
                return Worker(arm, self._servers[key])
            self._servers.pop(key).end()
        self._servers[key] = Forkserver(arm)
        return Worker(arm, self._servers[key])


def find_platforms() -> list[str]:
    """Asks a short-lived worker which platforms jax finds, CPU first.

    Raises:
        WorkerLost: If it cannot start, for instance because jax is not installed.
    """
    with Worker(Arm("probe", "any"), None) as worker:
        answer = worker.ask(messages.Platforms(), START_TIMEOUT_S)
    if not isinstance(answer, messages.PlatformsFound):
        raise WorkerLost("killed", f"jax cannot list its platforms: {getattr(answer, 'reason', answer)}")
    return answer.names


def fingerprint_of(worker: Worker, arm: Arm) -> Fingerprint:
    """What a worker says of its machine and its libraries.

    Raises:
        WorkerLost: If it cannot use its device.
    """
    answer = worker.ask(messages.Describe(), START_TIMEOUT_S)
    if not isinstance(answer, messages.Described):
        reason = getattr(answer, "reason", answer)
        raise WorkerLost("killed", f"the worker of arm {arm.name} cannot use its device: {reason}")
    return answer.fingerprint
