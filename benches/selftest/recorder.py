"""Records the series of the self-test: calibrates the injections, then takes the restarts."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from triptych.benches.arms.arm import Arm, copy_instrument, cpus_of, platform_arm
from triptych.benches.arms.checkout import commit
from triptych.benches.arms.process import START_TIMEOUT_S, Worker, Workers
from triptych.benches.gate.metrics import COMPILE
from triptych.benches.gate.scope import GATE, LEFT_OUT
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.record.files import RecordError, make_folder, scratch
from triptych.benches.record.machine import differences, facts
from triptych.benches.record.run import FAILURES, SCHEMA, ArmRecord, Cell, CellRecord, Fingerprint, Run
from triptych.benches.schedule.defaults import DEFAULT_REFERENCE, DEFAULT_TRAINERS, DEFAULT_WORKLOADS
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.plan import TWO_SIDES, Rim
from triptych.benches.schedule.rounds import measure
from triptych.benches.selftest import series
from triptych.benches.selftest.series import Header, Injection, Kind, Restart, Sample
from triptych.benches.worker import messages
from triptych.benches.worker.messages import Spec
from triptych.benches.workloads.published import WORKLOADS, describe, save

TARGET = Cell("digits", DEFAULT_REFERENCE, "cpu")  # the cell of which slowed copies are measured
SIZES: dict[Kind, tuple[float, ...]] = {"device": (0.03, 0.05), "host": (0.03, 0.05), "compile": (0.25,)}

PROBES: dict[Kind, tuple[int, int]] = {"device": (1, 600), "host": (0, 4_000), "compile": (1, 800)}
"""Two amounts of each kind, between which the wanted ones are interpolated."""

TRAINERS = "slowed.py"  # where the trainers of the injections are written, in the copy that is measured
PROBE_PROCESSES = 8  # a process has a speed of its own, so that several tell more than a long look at one

LOADS = {
    False: "no competing process",
    True: "one process computing matrix products half of the time, in bursts of 0 to 200 ms with pauses as long",
}

LOAD = """
import os, random, time
import numpy as np
a = np.ones((512, 512), np.float32)
parent = os.getppid()
while os.getppid() == parent:
    until = time.perf_counter() + random.uniform(0, 0.2)
    while time.perf_counter() < until:
        a = np.tanh(a @ a / 512)
    time.sleep(random.uniform(0, 0.2))
"""


def extend(path: Path, restarts: int, *, load: bool, tell: Callable[[str], None]) -> None:
    """Goes on with the series in that file, or begins it, until it has that number of restarts.

    Raises:
        triptych.benches.record.files.RecordError: If the file is no series, or was recorded elsewhere or otherwise.
        triptych.benches.arms.process.WorkerLost: If no worker can start.
        OSError: If the file cannot be written.
    """
    make_folder(path.parent)
    with ExitStack() as stack:
        copy = copy_instrument(stack.enter_context(scratch("self-test")))
        if load:
            competing = stack.enter_context(subprocess.Popen([sys.executable, "-c", LOAD]))
            stack.callback(competing.kill)
        workers = stack.enter_context(Workers())
        plain = replace(platform_arm("cpu", cpus_of(None)), checkout=copy)
        data = {name: str(save(WORKLOADS[name], copy)) for name in DEFAULT_WORKLOADS}
        with workers.start(plain) as worker:
            worker.pin()
            fingerprint = _asked(worker, messages.Describe()).fingerprint
        if not path.exists():
            tell("Calibrating the injections.")
            injections = _calibrated(plain, workers.start, data[TARGET.workload])
            series.append(path, _header(fingerprint, LOADS[load], injections))
        header, known = series.read(path)
        differing = differences(facts(header.fingerprint), facts(fingerprint))
        differing += [f"load: {header.load} against {LOADS[load]}"] if header.load != LOADS[load] else []
        if differing:
            raise RecordError(f"{path} was recorded on another machine ({'; '.join(differing)}); give another --output")
        write_trainers(copy, header.injections)
        missing = range(len(known), restarts)
        arms = [replace(plain, name=name) for name in (BASE, HEAD, *CANARIES)]
        run, jobs = _run(header, arms, data)
        first = max((one.number for one in known), default=-1) + 1
        for count, restart in zip(missing, restarts_of(run, arms, jobs, first, workers.start), strict=False):
            series.append(path, restart)
            tell(f"Restart {count + 1} of {restarts}")


def restarts_of(
    run: Run, arms: list[Arm], jobs: list[Job], first: int, start: Callable[[Arm], Worker]
) -> Iterator[Restart]:
    """Restart after restart, without end; one that lost a worker is left out.

    Raises:
        triptych.benches.record.files.RecordError: If a cell cannot be measured, or workers are lost time and again.
    """
    number, rim = first, Rim(start, lambda: None, lambda *_: None)
    while True:
        measure(run, arms, jobs, rim, TWO_SIDES._replace(first=number))
        if failed := [cell for cell in run.cells if cell.outcome.kind in FAILURES]:
            raise RecordError(f"{failed[0].cell.id} cannot be measured: {failed[0].outcome.reason}")
        number += len(run.cut_short)
        if len(run.cut_short) > run.settings.restarts:
            raise RecordError("two restarts one after the other lost a worker; go on with the series later")
        yield _restart(run, number)
        number += 1
        run.cut_short.clear()
        for cell in run.cells:
            cell.blocks, cell.compiles = [], []


def _run(header: Header, arms: list[Arm], data: Mapping[str, str]) -> tuple[Run, list[Job]]:
    every = [Cell(workload, trainer, "cpu") for workload in data for trainer in DEFAULT_TRAINERS]
    plain = [cell for cell in every if (cell.trainer, cell.workload) != LEFT_OUT]
    slowed = {one.cell: one.trainer for one in header.injections}
    canary = [cell for cell in plain if cell.trainer == DEFAULT_REFERENCE]
    cells = {arm.name: canary if arm.name in CANARIES else plain for arm in arms} | {HEAD: [*plain, *slowed]}
    sides = [ArmRecord(arm.name, arm.device, arm.env) for arm in arms]
    workloads = [describe(WORKLOADS[name]) for name in data]
    records = [CellRecord(cell, arm) for arm, own in cells.items() for cell in own]
    told = (header.created, header.command, header.commit, header.settings)
    run = Run(SCHEMA, *told, DEFAULT_REFERENCE, sides, workloads, records)
    specs = (Spec(one.cell, slowed.get(one.cell, one.cell.trainer), data[one.cell.workload]) for one in run.cells)
    return run, list(map(Job, run.cells, specs))


def _restart(run: Run, number: int) -> Restart:
    """What one restart measured, in the series' words, and in four digits: 0.05 % is far below what anybody decides."""
    arms: dict[str, dict[str, Sample]] = {arm.name: {} for arm in run.arms}
    for cell in run.cells:
        blocks = {block.round: float(f"{block.step_s:.4g}") for block in cell.counted_blocks if block.restart == number}
        compiled = statistics.median(COMPILE.samples(cell)[number])
        sample = Sample(float(f"{compiled:.4g}"), [blocks.get(one) for one in range(run.settings.rounds)])
        arms[cell.arm][cell.cell.id] = sample
    return Restart(number, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, arms)


def _header(fingerprint: Fingerprint, load: str, injections: list[Injection]) -> Header:
    command = "triptych gate test" + " --load" * (load != LOADS[False])
    settings = msgspec.structs.replace(GATE, restarts=1, slow_restarts=1, train_budget_s=0.2, loss_budget_s=0.2)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Header(series.SCHEMA, created, command, commit(), load, fingerprint, settings, injections)


def _calibrated(arm: Arm, start: Callable[[Arm], Worker], data_path: str) -> list[Injection]:
    """The amounts that slow the target by the wanted sizes, interpolated between two probes of each kind."""
    probes = {kind: [injection(kind, 0, amount) for amount in PROBES[kind]] for kind in SIZES}
    assert arm.checkout is not None, "a recorder measures a copy"
    write_trainers(arm.checkout, [one for pair in probes.values() for one in pair])
    specs = {TARGET.trainer: Spec(TARGET, TARGET.trainer, data_path)}
    specs |= {one.trainer: Spec(one.cell, one.trainer, data_path) for pair in probes.values() for one in pair}
    compiled: list[dict[str, float]] = []
    stepped: list[dict[str, float]] = []
    for _ in range(PROBE_PROCESSES):
        with ExitStack() as stack:
            held = {name: stack.enter_context(start(arm)) for name in specs}
            for name, spec in specs.items():
                _asked(held[name], messages.Hold(spec))
                held[name].pin()
            compiles = {name: _asked(worker, messages.Compile(0, 2)).compiles for name, worker in held.items()}
            compiled.append({name: made[-1].compile_s for name, made in compiles.items()})
            steps = _asked(held[TARGET.trainer], messages.Prepare(prove=False, block_s=GATE.block_s)).steps
            for worker in held.values():
                _asked(worker, messages.Prepare(prove=False, block_s=GATE.block_s, steps=steps))
            block = messages.TimeBlock(steps, 0, 0, 0)
            rounds = [{name: _asked(held[name], block).block.step_s for name in specs} for _ in range(GATE.rounds)]
            stepped.append(_ratios(rounds))
    stepping = {name: statistics.median(one[name] for one in stepped) for name in specs}
    found: list[Injection] = []
    for kind, sizes in SIZES.items():
        (none, much), ratios = PROBES[kind], _ratios(compiled) if kind == "compile" else stepping
        low, high = (ratios[one.trainer] - 1 for one in probes[kind])
        for size in sizes:
            amount = max(none, round(none + (size - low) / max(high - low, 1e-9) * (much - none)))
            found.append(injection(kind, size, amount))
    return found


def injection(kind: Kind, size: float, amount: int) -> Injection:
    """A copy of the target, slowed by an amount; `write_trainers` writes its trainer."""
    return Injection(kind, size, f"{TRAINERS}:{kind}_{amount}", TARGET, amount)


def write_trainers(folder: Path, injections: Sequence[Injection]) -> None:
    """Writes the file that the injections' trainers are loaded from, a line each.

    Raises:
        OSError: If the file cannot be written.
    """
    lines = [f"{one.kind}_{one.amount} = slowed.{one.kind}({one.amount})\n" for one in injections]
    (folder / TRAINERS).write_text(f"from triptych.impls.variants import slowed\n\n{''.join(lines)}", encoding="utf-8")


def _ratios(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median over rounds of each time over the target's."""
    return {name: statistics.median(one[name] / one[TARGET.trainer] for one in rounds) for name in rounds[0]}


def _asked(worker: Worker, request: messages.Request) -> Any:
    answer = worker.ask(request, START_TIMEOUT_S)
    if isinstance(answer, messages.Failed):
        raise RecordError(f"calibrating failed: {answer.reason}")
    return answer
