"""What a worker answers: it compiles the one cell that it holds, prepares it, and times blocks of it."""

import gc
import itertools
import time
from typing import Any

import jax
import numpy as np

from triptych.benches.record import run
from triptych.benches.record.modes import MODES
from triptych.benches.worker import messages
from triptych.benches.worker.cell import UNROLL, PreparedCell, prepare, why_it_leaves_the_device
from triptych.benches.worker.clock import BACKEND, TRACE, PhaseClock, run_calls
from triptych.benches.worker.count import Built, count
from triptych.benches.worker.fingerprint import fingerprint, platforms
from triptych.benches.worker.nvml import why_throttled
from triptych.benches.worker.survey import survey
from triptych.benches.worker.tail import record_tail
from triptych.benches.worker.to_target import train_to_target
from triptych.benches.worker.training import curve_steps, host_params, train, training_loss

CALIBRATION_S = 0.01  # calls are doubled until they take this long, to say how many steps make a block
LEAST_STEPS, LONGEST_S = 10, 0.1  # a block has that many steps, though longer than asked for; but no longer than that
WARM_UP_CALLS = 3  # the first compiles, the second shows a hidden second compile, the third runs as all later ones do
AGAIN_S = 0.35  # so long a worker may spend on compiling again what it has compiled already


class Measurer:
    """Answers the requests of one worker."""

    def __init__(self) -> None:
        self._phases = PhaseClock()
        self._config = dict(jax.config.values)
        self._cell: Any = None
        self._state: Any = None
        self._spec: Any = None
        self._compilations: int | None = None
        self._end: tuple[Any, float] | None = None
        self._built: Built | None = None

    def handle(self, request: messages.Request) -> messages.Answer:
        """Does what is asked; a trainer that turns a switch of jax has failed, for all run under the same.

        Raises:
            Exception: Whatever a trainer raises.
        """
        try:
            answer = self._do(request)
        except NotImplementedError as error:
            return messages.Failed("unsupported", str(error) or "the trainer does not run this task")
        now = jax.config.values
        if turned := [f"{name}={now[name]}" for name, value in self._config.items() if now[name] != value]:
            return messages.Failed("raised", f"the trainer changed jax.config: {', '.join(turned)}")
        return answer

    def _do(self, request: messages.Request) -> messages.Answer:  # noqa: C901, PLR0911  one per kind
        match request:
            case messages.Describe():
                return messages.Described(fingerprint())
            case messages.Platforms():
                return messages.PlatformsFound(platforms())
            case messages.Survey():
                return survey(request)
            case messages.Hold():
                self._build(request.spec)
                return messages.Held()
            case messages.Compile():
                return self._compile(request)
            case messages.Prepare():
                return self._prepare(self._cell, request)
            case messages.TimeBlock():
                return messages.BlockTimed(self._time_block(self._cell, request))
            case messages.RecordTail():
                return messages.TailRecorded(record_tail(self._cell, request.restart, request.seconds, self._phases))
            case messages.Train():
                training, memory = train(self._cell, request), jax.devices()[0].memory_stats() or {}
                return messages.Trained(training, memory.get("peak_bytes_in_use"))
            case messages.TrainSeed():
                return messages.SeedTrained(train_to_target(self._cell, request))
            case messages.Count():
                return messages.Counted(*count(self._cell, self._compilations, self._built))
            case messages.StartUp():
                return messages.Failed("raised", "a start was asked of a process in use; ask it of a fresh one")

    def _build(self, spec: messages.Spec) -> None:
        """A new build of the cell, with its first state: the programs of that do not count as its own."""
        self._spec, self._cell = spec, prepare(spec)
        self._state = self._cell.start()

    def _compile(self, request: messages.Compile) -> messages.Compiled:
        """First calls, and two more of the last build, off the clock, to count the programs that three calls build."""
        compiles = [self._first_call(self._cell, request.restart, again=False)]
        most = int(AGAIN_S / max(compiles[0].compile_s, 1e-9))
        for _ in range(min(request.samples - 1, most)):
            self._build(self._spec)
            compiles.append(self._first_call(self._cell, request.restart, again=True))
        if MODES[self._cell.mode].timed:
            with self._cell.running():
                for batch in itertools.islice(itertools.cycle(self._cell.inputs), 1, WARM_UP_CALLS):
                    self._state, _ = self._cell.call(self._state, batch)
                self._cell.finish((self._state, None))
        self._state, self._compilations = None, self._phases.events[BACKEND]
        return messages.Compiled(compiles)

    def _first_call(self, cell: PreparedCell, restart: int, *, again: bool) -> run.Compile:
        """Of a new build; where it is more than one program, that of the state may not lend it any."""
        if again or not hasattr(cell.call, "lower"):
            jax.clear_caches()
        gc.collect()
        arguments = cell.arguments() if cell.target else (self._state, cell.inputs[0])
        call: Any = cell.call
        self._phases.reset()
        with cell.running():
            began = time.perf_counter()
            if cell.target:
                lowered = call.lower(*arguments)
                self._built = lowered, lowered.compile()
            else:
                self._state, _ = cell.finish(call(*arguments))
            first_call_s = time.perf_counter() - began
        trace_s, lower_s, backend_s = self._phases.seconds.values()
        if not cell.of_jax:  # what it takes longer than the second call
            began = time.perf_counter()
            self._state, _ = cell.finish(call(self._state, cell.inputs[0]))
            backend_s = max(0.0, first_call_s - (time.perf_counter() - began))
        programs = self._phases.events[BACKEND]
        return run.Compile(restart, trace_s, lower_s, backend_s, first_call_s, programs, again)

    def _prepare(self, cell: PreparedCell, request: messages.Prepare) -> messages.Prepared | messages.Failed:
        if request.prove and (reason := why_it_leaves_the_device(cell)):
            return messages.Failed("void", reason)
        gc.collect()
        unroll = UNROLL if cell.mode == "scan" else None
        if request.steps is not None:
            return messages.Prepared(0.0, request.steps, cell.steps_per_call, unroll)
        calls = 1
        while (seconds := min(run_calls(cell, calls)[0], run_calls(cell, calls)[0])) < CALIBRATION_S:
            calls *= 2
        step_s = seconds / calls / cell.steps_per_call
        least = min(LEAST_STEPS, LONGEST_S / step_s)
        most = max(request.block_s / step_s, least, cell.steps_per_call, 1)
        steps = max(step for step in curve_steps(cell.workload.steps, cell.steps_per_call) if step <= most)
        return messages.Prepared(step_s, max(steps, 1), cell.steps_per_call, unroll)

    def _time_block(self, cell: PreparedCell, request: messages.TimeBlock) -> run.Block:
        """Times a block from fresh starting values, the device drained on both sides of the clock."""
        calls = max(1, round(request.steps / cell.steps_per_call))
        seconds, dispatch_s, state = run_calls(cell, calls, begin=self._phases.reset)
        place = request.restart, request.round, request.position
        void = self._why_void(cell, state)
        loss = None if void else self._loss_after(cell, state)
        return run.Block(*place, calls * cell.steps_per_call, seconds, dispatch_s, void, loss)

    def _why_void(self, cell: PreparedCell, state: Any) -> str | None:
        built, traced = self._phases.events[BACKEND], self._phases.events[TRACE]
        if built or traced:
            return f"{traced} traces and {built} compiles inside the block"
        arrays = [leaf for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)]
        devices = set[jax.Device]().union(*(array.devices() for array in arrays))
        expected = cell.inputs[0][0].devices() if arrays else devices
        if devices - expected:
            return f"the state moved to {sorted(map(str, devices))}, the batches are on {sorted(map(str, expected))}"
        return why_throttled()

    def _loss_after(self, cell: PreparedCell, state: Any) -> float | None:
        """The loss that a block ends at; not computed again where its parameters are those of the block before."""
        if not MODES[cell.mode].trained:
            return None
        leaves = jax.tree.leaves(host_params(cell, state))
        if self._end is None or not all(map(np.array_equal, leaves, self._end[0])):
            self._end = leaves, training_loss(cell, state)
        return self._end[1]
