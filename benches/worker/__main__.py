"""A worker: the process that imports jax, compiles, times and trains one cell, and a forkserver that makes workers.

It reads requests and writes answers as JSON lines on a socket. Whatever a trainer prints goes to a file of its last
words; what it reads is empty.
"""

import socket
import sys
from collections.abc import Callable

import msgspec

from triptych.benches.worker import messages
from triptych.benches.worker.prctl import die_with_parent


def main() -> None:
    """Takes the number of an open socket, and what a forkserver is to import; without it, this is a worker at once."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    if sys.argv[2:]:
        from triptych.benches.worker.forkserver import serve_forks

        channel = serve_forks(channel, sys.argv[2].split(","))
    die_with_parent()
    serve(channel)


def serve(channel: socket.socket) -> None:
    """Answers requests until the parent hangs up."""
    decode = msgspec.json.Decoder(messages.Request).decode
    handle = None
    for line in channel.makefile("rb"):
        try:
            request = decode(line)
            handle = handle or _handler(request)
            answer = handle(request)
        except BaseException as error:  # noqa: BLE001  a trainer may raise anything, a younger parent ask it
            out_of_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
            reason = f"{type(error).__name__}: {error}".strip().removesuffix(":")
            answer = messages.Failed("out_of_memory" if out_of_memory else "raised", reason[:2000])
        channel.sendall(msgspec.json.encode(answer) + b"\n")


def _handler(first: messages.Request) -> Callable[[messages.Request], messages.Answer]:
    """A start is timed in a process that has imported nothing yet; all else is the measurer's."""
    if isinstance(first, messages.StartUp):
        from triptych.benches.worker.first_step import answer

        return answer
    from triptych.benches.worker.answers import Measurer

    return Measurer().handle


if __name__ == "__main__":
    main()
