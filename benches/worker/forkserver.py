"""The forkserver: a process of an arm that has imported jax, and makes workers of itself by forking.

It is their guardian too. A worker that is stopped cannot see that its parent has died, so the forkserver ends all of
them, and all that they have started, when its own socket closes; and if it dies, they die with it.
"""

import contextlib
import importlib
import os
import signal
import socket
from collections.abc import Sequence

import psutil

from triptych.benches.worker import messages
from triptych.benches.worker.prctl import adopt_orphans

READY = b"triptych forkserver %d\n" % messages.PROTOCOL
"""The first line from a forkserver; an instrument of another age says something else, or nothing."""


def serve_forks(control: socket.socket, preload: Sequence[str]) -> socket.socket:
    """Makes and ends workers until the socket to the parent closes, and then ends everything below.

    Asked with 0, a socket and a file for its words, it makes a worker and answers its process; asked with a worker's
    process, it ends that and all that it has started, and answers how it had ended, as `os.waitpid` says it. A module
    of `preload` that cannot be imported beforehand is left to the workers, who can say so.

    Returns:
        In a worker: its own socket to the parent, on which it is to be asked.
    """
    adopt_orphans()
    for name in preload:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    control.sendall(READY)
    workers: set[int] = set()
    while True:
        line, fds, _, _ = socket.recv_fds(control, 1 << 16, 2)
        if not line:
            for pid in workers:
                _end(pid, set())
            os._exit(0)
        if asked := int(line):
            workers.discard(asked)
            answer = _end(asked, workers)
        elif (answer := os.fork()) == 0:
            control.close()
            return _become_worker(fds)
        else:
            workers.add(answer)
            for fd in fds:
                os.close(fd)
        control.sendall(b"%d\n" % answer)


def _become_worker(fds: Sequence[int]) -> socket.socket:
    """A group of its own, with nothing to read, and its words going to a file."""
    channel, words = fds
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name in (1, 2):
        os.dup2(words, name)
    os.close(words)
    return socket.socket(fileno=channel)


def _end(pid: int, others: set[int]) -> int:
    """Kills a worker, all below it, and whatever has lost its parent; says how the worker had ended."""
    _kill(pid)
    status = os.waitpid(pid, 0)[1]
    while orphans := [one.pid for one in psutil.Process().children() if one.pid not in others]:
        for orphan in orphans:
            _kill(orphan)
            os.waitpid(orphan, 0)
    return status


def _kill(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
