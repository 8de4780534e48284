"""What a worker answers: compile cold, prepare, time a block with the clock of `clock.py`."""

import gc
import itertools
import time
from typing import Any

import jax

from triptych.benches.record.run import Block, Compile
from triptych.benches.worker import messages
from triptych.benches.worker.ceilings import measure_ceilings
from triptych.benches.worker.cell import UNROLL, PreparedCell, Unsupported, prepare, why_it_leaves_the_device
from triptych.benches.worker.clock import BACKEND, TRACE, PhaseClock, run_calls
from triptych.benches.worker.count import count
from triptych.benches.worker.fingerprint import fingerprint, platforms
from triptych.benches.worker.survey import survey
from triptych.benches.worker.to_target import train_to_target
from triptych.benches.worker.training import train

CALIBRATION_S = 0.02
"""Calls are doubled until they take this long, to say how many steps make a block."""

WARM_UP_CALLS = 3
"""The first call compiles, the second shows a hidden second compile, the third runs as all later ones do."""


class Measurer:
    """Answers the requests of one worker; keeps its prepared cells."""

    def __init__(self) -> None:
        self._phases = PhaseClock()
        self._cells: dict[str, PreparedCell] = {}
        self._compiled_last: tuple[messages.Spec, PreparedCell] | None = None
        self._programs: dict[str, int] = {}
        self._config = dict(jax.config.values)

    def handle(self, request: messages.Request) -> messages.Answer:
        """Does what is asked; a trainer that turns a switch of jax, for itself and all others, has failed.

        Raises:
            Exception: Whatever a trainer raises.
        """
        try:
            answer = self._do(request)
        except Unsupported as error:
            answer = messages.Failed("unsupported", str(error))
        finally:
            turned = self._restore_config()
        if turned:
            return messages.Failed("raised", f"the trainer changed jax.config for everybody: {turned}")
        return answer

    def _restore_config(self) -> str:
        """Turns every switch of jax back, and says which were not where they should be."""
        now = jax.config.values
        turned = {name: now[name] for name, value in self._config.items() if now[name] != value}
        for name in turned:
            jax.config.update(name, self._config[name])
        return ", ".join(f"{name}={value}" for name, value in turned.items())

    def _do(self, request: messages.Request) -> messages.Answer:  # noqa: C901, PLR0911  one per kind
        match request:
            case messages.Import():
                return messages.Imported()
            case messages.Describe():
                return messages.Described(fingerprint())
            case messages.Platforms():
                return messages.PlatformsFound(platforms())
            case messages.Survey():
                return survey(request)
            case messages.CompileCold():
                return messages.Compiled(self._compile_cold(request))
            case messages.Prepare():
                return self._prepare(request)
            case messages.TimeBlock():
                return messages.BlockTimed(self._time_block(self._cells[request.cell_id], request))
            case messages.Train():
                cell = self._cells[request.cell_id]
                training, device = train(cell, request), next(iter(cell.inputs[0][0].devices()))
                return messages.Trained(training, (device.memory_stats() or {}).get("peak_bytes_in_use"))
            case messages.TrainSeed():
                return messages.SeedTrained(train_to_target(self._cells[request.cell_id], request))
            case messages.Count():
                compilations = self._programs.get(request.spec.cell.id)
                return messages.Counted(count(self._warm_or_new(request.spec), compilations))
            case messages.MeasureCeilings():
                return messages.CeilingsMeasured(measure_ceilings())
            case messages.StartUp():
                return messages.Failed("raised", "a start was asked of a process in use; ask it of a fresh one")

    def _compile_cold(self, request: messages.CompileCold) -> Compile:
        """The first call of a new trainer; its state is made before, so that those programs do not count."""
        cell = prepare(request.spec)
        state = cell.start()
        if request.clear:
            jax.clear_caches()
        gc.collect()
        self._phases.reset()
        with cell.running():
            began = time.perf_counter()
            state, _ = jax.block_until_ready(cell.call(state, cell.inputs[0]))
            first_call_s = time.perf_counter() - began
        trace_s, lower_s, backend_s = self._phases.seconds.values()
        programs = self._phases.events[BACKEND]
        compiled = Compile(request.restart, trace_s, lower_s, backend_s, first_call_s, programs)
        if request.count:
            with cell.running():
                for batch in itertools.islice(itertools.cycle(cell.inputs), 1, WARM_UP_CALLS):
                    state, _ = cell.call(state, batch)
                jax.block_until_ready(state)
            self._programs[request.spec.cell.id] = self._phases.events[BACKEND]
        self._compiled_last = request.spec, cell
        return compiled

    def _prepare(self, request: messages.Prepare) -> messages.Prepared | messages.Failed:
        cell = self._warm_or_new(request.spec)
        if request.prove and (reason := why_it_leaves_the_device(cell)):
            return messages.Failed("void", reason)
        run_calls(cell, WARM_UP_CALLS)
        self._cells[request.spec.cell.id] = cell
        gc.collect()
        gc.freeze()  # what other cells have built must not lengthen the collections of this one
        calls, (seconds, _, _) = 1, run_calls(cell, 1)
        while seconds < CALIBRATION_S:
            calls *= 2
            seconds, _, _ = run_calls(cell, calls)
        step_s = seconds / calls / cell.steps_per_call
        return messages.Prepared(step_s, cell.steps_per_call, UNROLL if cell.mode == "scan" else None)

    def _warm_or_new(self, spec: messages.Spec) -> PreparedCell:
        """The cell compiled last, whose programs are there whatever was cleared before, or prepared; else a new one."""
        if self._compiled_last is not None and self._compiled_last[0] == spec:
            return self._compiled_last[1]
        return self._cells.get(spec.cell.id) or prepare(spec)

    def _time_block(self, cell: PreparedCell, request: messages.TimeBlock) -> Block:
        """Times a block from fresh starting values, the device drained on both sides of the clock."""
        calls = max(1, round(request.steps / cell.steps_per_call))
        self._phases.reset()
        seconds, dispatch_s, state = run_calls(cell, calls)
        place = request.restart, request.round, request.position
        return Block(*place, calls * cell.steps_per_call, seconds, dispatch_s, self._why_void(cell, state))

    def _why_void(self, cell: PreparedCell, state: Any) -> str | None:
        built, traced = self._phases.events[BACKEND], self._phases.events[TRACE]
        if built or traced:
            return f"{traced} traces and {built} compiles inside the block"
        arrays = [leaf for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)]
        devices = set[jax.Device]().union(*(array.devices() for array in arrays))
        expected = cell.inputs[0][0].devices()
        if devices - expected:
            return f"the state moved to {sorted(map(str, devices))}, the batches are on {sorted(map(str, expected))}"
        return None
