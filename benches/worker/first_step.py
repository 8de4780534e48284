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

HIT = "/jax/compilation_cache/cache_hits"


def answer(request: messages.Request) -> messages.Answer:
    """The only request that a process of this kind takes is its first.

    Raises:
        Exception: Whatever a trainer raises.
    """
    if not isinstance(request, messages.StartUp):
        return messages.Failed("raised", "this process was started to time its start; expected no other request")
    return messages.Started(start(request))


def start(request: messages.StartUp) -> Start:
    """From the start of this process to its second step."""
    interpreter_s = time.monotonic() - request.began_s
    jax_s, _ = _timed(_import_jax)
    from triptych.impls import registry

    stack_s, factory = _timed(lambda: registry.load(request.spec.reference))
    hits = _count_hits()
    device_s, _ = _timed(_find_device)
    values = _starting_values(request.spec)
    build_s, (step, state, batch) = _timed(lambda: _build(factory, values))
    first_call_s, state, compile_s, programs = _first_call(step, state, batch)
    warm_call_s, _ = _timed(lambda: _ready(step(state, batch)))
    return Start(
        request.number, request.cache, interpreter_s, jax_s, stack_s, device_s, build_s,
        compile_s, first_call_s - compile_s, warm_call_s, programs, len(hits),
    )  # fmt: skip


def _timed(do: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    value = do()
    return time.perf_counter() - began, value


def _import_jax() -> None:
    for name in ("jax", "jax.numpy", "numpy"):
        importlib.import_module(name)


def _find_device() -> None:
    import jax

    jax.devices()


def _count_hits() -> list[str]:
    """A list that grows by every program fetched from disk."""
    from jax import monitoring

    hits: list[str] = []
    monitoring.register_event_listener(lambda event, **_: hits.append(event) if event == HIT else None)
    return hits


def _starting_values(spec: messages.Spec) -> tuple[Any, Any, tuple[Any, Any]]:
    """Task, layers and first batch as NumPy has them; drawing the workload's own values would compile programs.

    A step takes as long from any other values, so every weight is 0.1 and every bias 0.
    """
    import itertools

    import numpy as np

    from triptych.benches.workloads.published import batches, read
    from triptych.benches.workloads.sizes import workload_named

    workload = workload_named(spec.cell.workload)
    layers = [
        {"w": np.full((inputs, outputs), 0.1, np.float32), "b": np.zeros(outputs, np.float32)}
        for inputs, outputs in itertools.pairwise(workload.task.layer_sizes)
    ]
    return workload.task, layers, batches(workload, read(Path(spec.data_path)))[0]


def _build(factory: Any, values: tuple[Any, Any, tuple[Any, Any]]) -> tuple[Any, Any, Any]:
    import jax.numpy as jnp

    task, layers, batch = values
    trainer = factory(task)
    params = [{name: jnp.asarray(value) for name, value in layer.items()} for layer in layers]
    return _ready((trainer.step, trainer.init(params), tuple(map(jnp.asarray, batch))))


def _first_call(step: Any, state: Any, batch: Any) -> tuple[float, Any, float, int]:
    """Seconds of the call, the new state, the part that went into compiling, and how many programs it took."""
    from triptych.benches.worker.answers import BACKEND, PhaseClock

    phases = PhaseClock()
    first_call_s, (state, _) = _timed(lambda: _ready(step(state, batch)))
    return first_call_s, state, min(first_call_s, sum(phases.seconds.values())), phases.events[BACKEND]


def _ready(value: Any) -> Any:
    import jax

    return jax.block_until_ready(value)
