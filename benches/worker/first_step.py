"""A start inside a fresh process: import, build, first step, second step, each under its own clock.

What only the harness needs (its own modules, the data, the starting values) is fetched between the clocks, so the
phases add up to what a script of this trainer would take. Nothing is imported at the top that a phase is to time.
"""

import importlib
import time
from pathlib import Path
from typing import Any

from triptych.benches.record.run import Start
from triptych.benches.worker import messages

HIT = "/jax/compilation_cache/cache_hits"  # heard for every program fetched from disk


def answer(request: messages.Request) -> messages.Answer:
    """Times everything to the second step; the only request that a process of this kind takes is its first.

    Raises:
        Exception: Whatever a trainer raises.
    """
    if not isinstance(request, messages.StartUp):
        return messages.Failed("raised", "this process was started to time its start; expected no other request")
    interpreter_s = time.monotonic() - request.began_s
    jax_s, _ = _timed(lambda: importlib.import_module("jax.numpy"))  # jax and numpy come with it
    import jax

    from triptych.impls import registry

    stack_s, factory = _timed(lambda: registry.load(request.spec.reference))
    hits: list[str] = []
    jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event == HIT else None)
    device_s, _ = _timed(jax.devices)
    values = _starting_values(request.spec)
    build_s, (trainer, state, batch) = _timed(lambda: _build(factory, *values))
    wait = getattr(trainer, "wait", lambda _: None)

    def step(state: Any) -> Any:
        state, _ = jax.block_until_ready(trainer.step(state, batch))
        wait(state)
        return state

    from triptych.benches.worker.clock import BACKEND, PhaseClock

    phases = PhaseClock()
    first_call_s, state = _timed(lambda: step(state))
    compile_s, programs = min(first_call_s, sum(phases.seconds.values())), phases.events[BACKEND]
    warm_call_s, _ = _timed(lambda: step(state))
    imports_s, calls_s = (interpreter_s, jax_s, stack_s), (compile_s, first_call_s - compile_s, warm_call_s)
    start = Start(request.number, request.cache, *imports_s, device_s, build_s, *calls_s, programs, len(hits))
    return messages.Started(start)


def _timed(do: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    value = do()
    return time.perf_counter() - began, value


def _starting_values(spec: messages.Spec) -> tuple[Any, Any, tuple[Any, Any]]:
    """Task, parameters and first batch as NumPy has them; drawing the workload's own values would compile programs.

    A step takes as long from any other values, so every matrix is full of 0.1 and every vector of 0.
    """
    import numpy as np

    from triptych.benches.workloads.published import batches, read
    from triptych.benches.workloads.sizes import workload_named
    from triptych.impls.networks import map_leaves

    workload = workload_named(spec.cell.workload, spec.workload)
    task = workload.task
    params = map_leaves(lambda shape: np.full(shape, 0.1 * (len(shape) > 1), np.float32), task.network.shapes())
    return task, params, batches(workload, read(Path(spec.data_path)))[0]


def _build(factory: Any, task: Any, params: Any, batch: Any) -> tuple[Any, Any, Any]:
    import jax

    trainer = factory(task)
    params, batch = jax.block_until_ready(jax.tree.map(jax.numpy.asarray, (params, batch)))
    batch = getattr(trainer, "take_batch", lambda arrays: arrays)(batch)
    return trainer, jax.block_until_ready(trainer.init(params)), batch
