"""One side of a comparison of result files: any pytest-benchmark JSON, ours or a stranger's.

Several files of a side are its restarts. A stranger's file gives one value per benchmark, the median of its rounds;
the rounds of one process are not independent and count as one. A file of ours brings its restarts along.
"""

import hashlib
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from triptych.benches.gate.metrics import METRICS, TIME
from triptych.benches.record import files, machine
from triptych.benches.record.files import RecordError, decode_as
from triptych.benches.record.machine import Facts
from triptych.benches.record.run import FAILURES, CellRecord, Run

SHORTEST_S, LONGEST_S = 1e-12, 1e9  # durations outside are no measurements
MOST_RESTARTS = 200  # on a side; the exact distributions take seconds beyond


@dataclass(frozen=True)
class Measured:
    """One benchmark on one side."""

    name: str
    kind: str  # what a renamed benchmark would still have in common with it
    times: dict[str, tuple[float, ...]]  # seconds by metric, one number per restart
    failure: str = ""  # why it has no times; "" if it has
    failed: bool = False  # whether that is the trainer's fault, and not that nobody measured it
    trained: tuple[tuple[Run, CellRecord], ...] = ()  # of ours, the cell in every file, with its run


@dataclass(frozen=True)
class Side:
    """One or several result files of one machine, written by triptych (`ours`) or not; `moments` is when, as they say.

    `machines` are what each arm ran on, as far as the files say; of a stranger's file one without a name.
    """

    name: str
    machines: dict[str, Facts]
    benchmarks: dict[str, Measured]
    moments: tuple[str, ...]
    ours: bool


class _Stats(msgspec.Struct):
    median: float | None = None
    rounds: int | None = None
    data: list[float] = []


class _Benchmark(msgspec.Struct):
    name: str
    stats: _Stats
    fullname: str | None = None
    group: str | None = None
    params: dict[str, Any] | None = None


class _File(msgspec.Struct):
    benchmarks: list[_Benchmark]
    machine_info: dict[str, Any] | None = None
    datetime: str = ""


def read_side(paths: Sequence[Path]) -> Side:
    """Reads the files of one side.

    Raises:
        RecordError: If one cannot be used, is given twice, or was measured on another machine than the rest.
    """
    refuse_copies(paths)
    texts = [files.read_bytes(path) for path in paths]
    sides = [_side(text, str(path)) for path, text in zip(paths, texts, strict=True)]
    for side in sides[1:]:
        if differing := differences(sides[0], side):
            words = f"{sides[0].name} and {side.name} are of one side but not of one machine ({'; '.join(differing)})"
            raise RecordError(f"{words}; the files of a side are restarts on one machine: give those of one")
    return _merged(sides)


def differences(one: Side, other: Side) -> list[str]:
    """In which respects two sides come from different machines, in words."""
    if one.ours != other.ours:
        return ["only one was written by triptych"]
    both = [(arm, found, other.machines[arm]) for arm, found in one.machines.items() if arm in other.machines]
    return [f"{arm} {words}".strip() for arm, found, against in both for words in machine.differences(found, against)]


def refuse_copies(paths: Sequence[Path]) -> None:
    """Refuses a file that is given twice, on one side or on both.

    Raises:
        RecordError: If one is, or cannot be read.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        digest = hashlib.sha256(files.read_bytes(path)).hexdigest()
        if digest in seen:
            raise RecordError(f"{path} is the same as {seen[digest]}; a copy is no restart: measure again, or drop it")
        seen[digest] = path


def _side(text: bytes, name: str) -> Side:
    what, wrote = "benchmarks", "expected a whole file that `pytest --benchmark-json` or `triptych run` wrote"
    if loose := _with_nan(text):
        return _theirs(loose, name)
    if "triptych" in decode_as(dict[str, msgspec.Raw], text, name, what, wrote):
        run = files.decode(text, name)
        machines = {arm.name: machine.facts(arm.fingerprint) for arm in run.arms}
        benchmarks = {one.name: one for one in (_cell(run, cell, name) for cell in run.cells)}
        return Side(name, machines, benchmarks, (run.created,), ours=True)
    return _theirs(decode_as(_File, text, name, what, wrote), name)


def _with_nan(text: bytes) -> _File | None:
    """A stranger's file with a NaN or infinity, which Python writes though they are no JSON: a benchmark has a name."""
    if not any(one in text for one in (b"NaN", b"Infinity")) or b'"triptych"' in text:
        return None
    try:
        return msgspec.convert(json.loads(text), _File)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None


def _theirs(file: _File, name: str) -> Side:
    benchmarks: dict[str, Measured] = {}
    for benchmark in file.benchmarks:
        key = benchmark.fullname or benchmark.name
        if key in benchmarks:
            raise RecordError(f"{name} holds benchmark {key!r} twice; expected every name once")
        kind = json.dumps([benchmark.group, benchmark.params], sort_keys=True)
        benchmarks[key] = Measured(key, kind, {TIME.name: (_time_s(benchmark.stats, f"{name}: {key!r}"),)})
    return Side(name, {"": machine.strangers_facts(file.machine_info or {})}, benchmarks, (file.datetime,), ours=False)


def _time_s(stats: _Stats, what: str) -> float:
    """The one value of a process: the median of its rounds."""
    if stats.rounds == 0 or (stats.median is None and not stats.data):
        raise RecordError(f"{what} has no rounds; nothing was measured: run it again without --benchmark-disable")
    value = statistics.median(stats.data) if stats.data else stats.median or 0.0
    _refuse_absurd(what, value, *filter(None, stats.data))  # a single round may be below a clock's resolution
    return value


def _refuse_absurd(what: str, *durations: float) -> None:
    if absurd := [one for one in durations if not SHORTEST_S <= one <= LONGEST_S]:
        between = f"expected durations from {SHORTEST_S:g} to {LONGEST_S:g} s: measure it again"
        raise RecordError(f"{what} took {absurd[0]:g} s; {between}")


def _cell(run: Run, found: CellRecord, file: str) -> Measured:
    cell, outcome = found.cell, found.outcome
    name = cell.id if found.arm == cell.device else f"{found.arm}: {cell.id}"
    kind = json.dumps([found.arm, cell.workload, cell.device, cell.mode])
    times = {metric.name: metric.by_restart(found) for metric in METRICS}
    failed = outcome.kind in FAILURES
    if failed or not times[TIME.name]:
        why = f"{outcome.kind.replace('_', ' ')}: {outcome.reason}" if outcome.reason else "no block was measured"
        return Measured(name, kind, {}, why, failed)
    _refuse_absurd(f"{file}: {name!r}", *times[TIME.name])
    return Measured(name, kind, {metric: values for metric, values in times.items() if values}, trained=((run, found),))


def _merged(sides: Sequence[Side]) -> Side:
    """The files of one side as one, every benchmark with the restarts of all."""
    names = dict.fromkeys(chain.from_iterable(side.benchmarks for side in sides))
    benchmarks = {name: _joined([side.benchmarks[name] for side in sides if name in side.benchmarks]) for name in names}
    moments = tuple(chain.from_iterable(side.moments for side in sides))
    machines: dict[str, Facts] = {}
    for side in sides:
        machines |= {arm: {**machines.get(arm, {}), **found} for arm, found in side.machines.items()}
    return Side(", ".join(side.name for side in sides), machines, benchmarks, moments, sides[0].ours)


def _joined(parts: Sequence[Measured]) -> Measured:
    """One benchmark from several files; a failure in one of them is the benchmark's."""
    first = next((part for part in parts if part.failed), None) or next((p for p in parts if p.failure), parts[0])
    if first.failure:
        return first
    metrics = dict.fromkeys(chain.from_iterable(part.times for part in parts))
    times = {metric: tuple(chain.from_iterable(p.times.get(metric, ()) for p in parts)) for metric in metrics}
    if max(map(len, times.values())) > MOST_RESTARTS:
        raise RecordError(f"{first.name!r} has more than {MOST_RESTARTS} restarts on one side; give fewer files")
    return Measured(first.name, first.kind, times, trained=tuple(chain.from_iterable(p.trained for p in parts)))
