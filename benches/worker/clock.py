"""The clocks: of a block of steps, and of the phases of a compile."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import jax

from triptych.benches.worker.cell import PreparedCell

TRACE = "/jax/core/compile/jaxpr_trace_duration"
LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
BACKEND = "/jax/core/compile/backend_compile_duration"

FEW_CALLS = 50
"""Of so few the first, which meets the caches of a process that was stopped, would weigh; of one alone it is all."""


def run_calls(cell: PreparedCell, calls: int, begin: Callable[[], None] = lambda: None) -> tuple[float, float, Any]:
    """Calls from fresh starting values; the clock runs from a drained device to a drained device.

    Where there are few, one is made beforehand on a state of its own. `begin` is called when all is ready.

    Returns:
        Seconds of all, seconds until the last call had returned, the state they ended in.
    """
    inputs = list(itertools.islice(itertools.cycle(cell.inputs), calls))
    call, state, loss = cell.call, cell.start(), None
    with cell.running(), jax.transfer_guard_device_to_host("disallow"):
        if 1 < calls <= FEW_CALLS:
            cell.finish(call(cell.start(), inputs[0]))
        begin()
        began = time.perf_counter()
        for batch in inputs:
            state, loss = call(state, batch)
        dispatched = time.perf_counter()
        cell.finish((state, loss))
        ended = time.perf_counter()
    return ended - began, dispatched - began, state


class PhaseClock:
    """Adds up jax's own compile events: seconds by phase, how many programs were built, and when each event ended."""

    def __init__(self) -> None:
        self.reset()
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration_secs: float, **_: str | int) -> None:
        if event in self.seconds:
            self.seconds[event] += duration_secs
            self.events[event] += 1
            self.moments.append((time.perf_counter(), event))

    def reset(self) -> None:
        """Starts again from nothing."""
        self.seconds = {TRACE: 0.0, LOWER: 0.0, BACKEND: 0.0}
        self.events = dict.fromkeys(self.seconds, 0)
        self.moments: list[tuple[float, str]] = []
