"""A worker: the child process that alone imports jax, times blocks and trains.

It reads requests and writes answers as JSON lines. Its real standard output is kept for the answers; whatever
libraries print goes to standard error. When its parent goes away, so does it, whatever it is doing.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from triptych.benches.worker import messages


def main() -> None:
    """Answers requests from standard input until it closes."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()

    decode = msgspec.json.Decoder(messages.Request).decode
    handle = None
    while True:
        line = requests.get()
        try:
            request = decode(line)
            handle = handle or _handler(request)
            answer = handle(request)
        except (Exception, SystemExit) as error:  # noqa: BLE001  a trainer may raise anything, a younger parent ask it
            answer = _failed(error)
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


def _handler(first: messages.Request) -> Callable[[messages.Request], messages.Answer]:
    """A start is timed in a process that has imported nothing yet; all else is the measurer's."""
    if isinstance(first, messages.StartUp):
        from triptych.benches.worker.first_step import answer

        return answer
    from triptych.benches.worker.answers import Measurer

    return Measurer().handle


def _listen(stream: BinaryIO, requests: queue.SimpleQueue[bytes]) -> None:
    """Passes lines on; at the end of the stream the parent is gone and the process ends at once."""
    for line in stream:
        requests.put(line)
    os._exit(0)


def _failed(error: BaseException) -> messages.Failed:
    """An exception's type and message as an answer."""
    out_of_memory = isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error)
    reason = f"{type(error).__name__}: {error}".strip()
    return messages.Failed("out_of_memory" if out_of_memory else "raised", reason[:2000])


if __name__ == "__main__":
    main()
