"""What a worker does: compile cold, prepare, time a block, train. The only file with a clock around a trainer."""

import gc
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import monitoring

from benches import messages
from benches.fingerprint import fingerprint, platforms
from benches.record import Block, Compile, Mode, Point, Training
from benches.workloads import WORKLOADS, Data, Layers, Workload, batches, read
from impls import reference
from impls.registry import load

TRACE = "/jax/core/compile/jaxpr_trace_duration"
LOWER = "/jax/core/compile/jaxpr_to_mlir_module_duration"
BACKEND = "/jax/core/compile/backend_compile_duration"

CURVE_POINTS = 100
"""About as many points of a loss curve are kept, the first ten steps among them."""

WARM_UP_CALLS = 3
"""The first call compiles, the second shows a hidden second compile, the third runs as all later ones do."""


class PhaseClock:
    """Adds up jax's own compile events: seconds by phase, and how many programs were built."""

    def __init__(self) -> None:
        self.seconds = {TRACE: 0.0, LOWER: 0.0, BACKEND: 0.0}
        self.events = dict.fromkeys(self.seconds, 0)
        monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration: float, **_: object) -> None:
        if event in self.seconds:
            self.seconds[event] += duration
            self.events[event] += 1

    def reset(self) -> None:
        """Starts again from nothing."""
        for event in self.seconds:
            self.seconds[event], self.events[event] = 0.0, 0


@dataclass
class Bench:
    """A cell made ready: `call` makes `steps_per_call` updates from a state and one of `inputs`."""

    workload: Workload
    data: Data
    trainer: Any
    call: Callable[[Any, Any], tuple[Any, Any]]
    inputs: list[Any]
    steps_per_call: int
    mode: Mode

    def start(self) -> Any:
        """A fresh state from the starting values, ready on the device."""
        layers = starting_values(self.workload.name)
        params = [{name: jnp.asarray(value) for name, value in layer.items()} for layer in layers]
        return jax.block_until_ready(self.trainer.init(params))

    def running(self) -> AbstractContextManager[Any]:
        """The mode's own way to run: as it is, or with jit switched off."""
        return jax.disable_jit() if self.mode == "eager" else nullcontext()


@lru_cache
def starting_values(workload: str) -> Layers:
    """Drawn once per worker: some recipes draw by jax, whose programs would be compiled anew after every cold start."""
    return WORKLOADS[workload].initial_params()


def make_bench(spec: messages.Spec) -> Bench:
    """Builds a fresh trainer, so that nothing it has compiled before is there, and puts the batches on the device."""
    workload = WORKLOADS[spec.cell.workload]
    data = read(spec.data_path)
    trainer = load(spec.reference)(workload.task)
    inputs = [jax.block_until_ready((jnp.asarray(x), jnp.asarray(y))) for x, y in batches(workload, data)]
    if spec.cell.mode != "scan":
        return Bench(workload, data, trainer, trainer.step, inputs, 1, spec.cell.mode)
    xs, ys = (jnp.stack(parts) for parts in zip(*inputs, strict=True))
    call = jax.jit(scan_of(trainer.step, len(inputs), workload.steps), donate_argnums=0)
    return Bench(workload, data, trainer, call, [(xs, ys)], workload.steps, "scan")


def scan_of(step: Callable[..., Any], n_batches: int, steps: int) -> Callable[..., Any]:
    """A whole training as one program: `steps` steps over batches stacked along the first axis."""

    def train(state: Any, stacked: Any) -> tuple[Any, Any]:
        def body(state: Any, t: Any) -> tuple[Any, Any]:
            batch = jax.tree.map(lambda rows: rows[t % n_batches], stacked)
            return step(state, batch)

        return jax.lax.scan(body, state, jnp.arange(steps))

    return train


class Measurer:
    """Answers the requests of one worker; keeps its prepared cells."""

    def __init__(self) -> None:
        self._phases = PhaseClock()
        self._benches: dict[str, Bench] = {}

    def handle(self, request: messages.Request) -> messages.Answer:
        """Does what is asked.

        Raises:
            Exception: Whatever a trainer raises.
        """
        match request:
            case messages.Describe():
                return messages.Described(fingerprint())
            case messages.Platforms():
                return messages.PlatformsFound(platforms())
            case messages.CompileCold():
                return messages.Compiled(self._compile_cold(make_bench(request.spec), request.restart))
            case messages.Prepare():
                return self._prepare(request)
            case messages.TimeBlock():
                return messages.BlockTimed(self._time_block(self._benches[request.cell_id], request))
            case messages.Train():
                bench = self._benches[request.cell_id]
                return messages.Trained(train(bench, request), peak_bytes(bench))

    def _compile_cold(self, bench: Bench, restart: int) -> Compile:
        """The first call with nothing in any cache; the state is made before, so its own programs do not count."""
        jax.clear_caches()
        state = bench.start()
        gc.collect()
        self._phases.reset()
        with bench.running():
            began = time.perf_counter()
            jax.block_until_ready(bench.call(state, bench.inputs[0]))
            first_call_s = time.perf_counter() - began
        seconds, events = self._phases.seconds, self._phases.events
        return Compile(restart, seconds[TRACE], seconds[LOWER], seconds[BACKEND], first_call_s, events[BACKEND])

    def _prepare(self, request: messages.Prepare) -> messages.Prepared | messages.Failed:
        bench = make_bench(request.spec)
        if request.prove and (reason := why_it_leaves_the_device(bench)):
            return messages.Failed("void", reason)
        call_s = 0.0
        with bench.running():
            state = bench.start()
            for batch in itertools.islice(itertools.cycle(bench.inputs), WARM_UP_CALLS):
                began = time.perf_counter()
                state, _ = jax.block_until_ready(bench.call(state, batch))
                call_s = time.perf_counter() - began
        self._benches[request.spec.cell.id] = bench
        gc.collect()
        gc.freeze()  # what other cells have built must not lengthen the collections of this one
        return messages.Prepared(call_s / bench.steps_per_call)

    def _time_block(self, bench: Bench, request: messages.TimeBlock) -> Block:
        """Times a block from fresh starting values, the device drained on both sides of the clock."""
        calls = max(1, round(request.steps / bench.steps_per_call))
        inputs = list(itertools.islice(itertools.cycle(bench.inputs), calls))
        call, state, loss = bench.call, bench.start(), None
        self._phases.reset()
        with bench.running(), jax.transfer_guard_device_to_host("disallow"):
            began = time.perf_counter()
            for batch in inputs:
                state, loss = call(state, batch)
            dispatched = time.perf_counter()
            jax.block_until_ready((state, loss))
            ended = time.perf_counter()
        return Block(
            restart=request.restart,
            round=request.round,
            position=request.position,
            steps=calls * bench.steps_per_call,
            seconds=ended - began,
            dispatch_s=dispatched - began,
            void=self._why_void(bench, state),
        )

    def _why_void(self, bench: Bench, state: Any) -> str | None:
        built, traced = self._phases.events[BACKEND], self._phases.events[TRACE]
        if built or traced:
            return f"{traced} traces and {built} compiles inside the block"
        arrays = [leaf for leaf in jax.tree.leaves(state) if isinstance(leaf, jax.Array)]
        devices = set[jax.Device]().union(*(array.devices() for array in arrays))
        expected = bench.inputs[0][0].devices()
        if devices - expected:
            return f"the state moved to {sorted(map(str, devices))}, the batches are on {sorted(map(str, expected))}"
        return None


def why_it_leaves_the_device(bench: Bench) -> str | None:
    """Runs one step on abstract arrays: a step that asks for a value on the host cannot go on without one.

    A transfer guard sees the same on an accelerator, but on the CPU device and host share their memory and no
    transfer ever happens that it could see.
    """
    try:
        jax.eval_shape(bench.call, bench.start(), bench.inputs[0])
    except jax.errors.JAXTypeError as error:
        return f"a step moves data to the host ({type(error).__name__}), so every block has a transfer inside"
    return None


def train(bench: Bench, request: messages.Train) -> Training:
    """Trains from the starting values; the clock stands still while the harness takes a loss."""
    state, done, train_s, diverged_at = bench.start(), 0, 0.0, None
    curve = [Point(0, 0.0, training_loss(bench, state))]
    inputs = itertools.cycle(bench.inputs)
    with bench.running():
        for until in curve_steps(bench.workload.steps, bench.steps_per_call)[1:]:
            state, losses, seconds = timed_calls(bench, state, inputs, (until - done) // bench.steps_per_call)
            loss = training_loss(bench, state)
            diverged_at = first_not_finite([*losses, loss], done)
            done, train_s = until, train_s + seconds
            if diverged_at is not None:
                break
            curve.append(Point(done, train_s, loss))
            if train_s > request.budget_s:
                break
    has_diverged = diverged_at is not None
    final_loss, scores = (None, Scores()) if has_diverged else (curve[-1].loss, held_out_scores(bench, state))
    return Training(request.restart, done, train_s, curve, final_loss, *scores, diverged_at)


def curve_steps(steps: int, stride: int) -> list[int]:
    """The numbers of updates after which the loss is taken: 0 to 10, then evenly, and the last."""
    early = range(11)
    even = range(0, steps, max(1, steps // CURVE_POINTS))
    return sorted({step for step in (*early, *even, steps) if step <= steps and step % stride == 0})


def timed_calls(bench: Bench, state: Any, inputs: Iterator[Any], calls: int) -> tuple[Any, list[Any], float]:
    """Some calls of a training, with their losses and seconds."""
    losses: list[Any] = []
    began = time.perf_counter()
    for batch in itertools.islice(inputs, calls):
        state, loss = bench.call(state, batch)
        losses.append(loss)
    jax.block_until_ready((state, losses))
    return state, losses, time.perf_counter() - began


def first_not_finite(losses: list[Any], done: int) -> int | None:
    """The first step, counted from `done`, whose loss is not finite."""
    values = np.concatenate([np.ravel(loss) for loss in jax.device_get(losses)])
    bad = np.flatnonzero(~np.isfinite(values))
    return done + int(bad[0]) if len(bad) else None


def host_params(bench: Bench, state: Any) -> list[Any]:
    """The canonical parameters, copied to the host in float64."""
    layers = bench.trainer.params(state)
    return [{name: np.asarray(value, np.float64) for name, value in layer.items()} for layer in layers]


def training_loss(bench: Bench, state: Any) -> float:
    """The loss over all training rows, from the parameters, by the harness's own arithmetic."""
    return reference.loss(bench.workload.task, host_params(bench, state), bench.data.x, bench.data.y)


class Scores(NamedTuple):
    """What is said of a trained network beside its training loss; absent for a diverged one."""

    held_out_loss: float | None = None
    accuracy: float | None = None


def held_out_scores(bench: Bench, state: Any) -> Scores:
    """Loss and accuracy on the held-out rows; without any, the accuracy on the training rows alone."""
    task, data, params = bench.workload.task, bench.data, host_params(bench, state)
    if len(data.held_out_x) == 0:
        return Scores(None, reference.accuracy(task, reference.predict(task, params, data.x), data.y))
    outputs = reference.predict(task, params, data.held_out_x)
    held_out_loss = reference.loss(task, params, data.held_out_x, data.held_out_y)
    return Scores(held_out_loss, reference.accuracy(task, outputs, data.held_out_y))


def peak_bytes(bench: Bench) -> int | None:
    """The device's peak memory, where it tells."""
    device = next(iter(bench.inputs[0][0].devices()))
    return (device.memory_stats() or {}).get("peak_bytes_in_use")
