"""A sweep: one axis of a workload doubled from size to size, everything else left as it is.

What is asked for may take longer than anyone waits. So a sweep is tried first, each cell once in one worker, small
sizes before large ones; what it would cost is estimated from that, and what does not fit into the budget is left
out with its reason: the largest sizes of the slowest trainer first.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self, get_args

from triptych.benches.arms.process import START_TIMEOUT_S, Arm, WorkerLost
from triptych.benches.record.run import Outcome, Run, Settings
from triptych.benches.schedule.rounds import TRAIN_SLACK_S, Job, Rim
from triptych.benches.worker import messages
from triptych.benches.workloads.sizes import LARGEST, Axis, Size, size_of, workload_named

DEFAULT_TRAINERS = ("treemap", "flax_optax")
DEFAULT_WORKLOADS = ("digits", "teacher")
DEFAULT_BUDGET_S = 180.0

GROWTH = 2.0
"""A cell not tried is taken to cost this many times the one of half its size: work grows with size at least so."""


TRAININGS = 2
"""Of every restart: one before its blocks and one after."""


class SweepError(Exception):
    """A sweep that cannot be made; the message says what was got, what was expected, what to do."""


class Sweep(NamedTuple):
    """An axis and the sizes on it, doubling."""

    axis: Axis
    sizes: tuple[int, ...]


def parse(words: str) -> Sweep:
    """Reads "width=16:4096".

    Raises:
        SweepError: If it is not an axis and two powers of two in order.
    """
    wanted = "expected AXIS=FROM:TO with two powers of two, such as width=16:4096"
    name, equals, span = words.partition("=")
    axis: Axis | None = next((axis for axis in LARGEST if axis == name), None)
    if axis is None:
        raise SweepError(f"--sweep {words!r} names no axis; {wanted}; the axes are {', '.join(LARGEST)}")
    ends = span.split(":")
    if not equals or len(ends) != 2 or not all(end.isascii() and end.isdigit() and len(end) < 20 for end in ends):
        raise SweepError(f"--sweep {words!r} is not a range; {wanted}")
    low, high = map(int, ends)
    if any(size < 1 or size & (size - 1) for size in (low, high)):
        raise SweepError(f"--sweep {words!r} has an end that is no power of two; {wanted}")
    if low >= high:
        raise SweepError(f"--sweep {words!r} does not grow; {wanted}, the smaller first")
    most = LARGEST[axis]
    if high > most:
        raise SweepError(f"--sweep {words!r} goes too far: a {axis} of at most {most:,} can be measured; lower its end")
    return Sweep(axis, tuple(1 << power for power in range(low.bit_length() - 1, high.bit_length())))


def checked(words: Sequence[str]) -> tuple[Sweep, ...]:
    """All sweeps that were asked for.

    Raises:
        SweepError: If one cannot be read, or two share an axis.
    """
    sweeps = tuple(map(parse, words))
    for axis in get_args(Axis):
        if sum(sweep.axis == axis for sweep in sweeps) > 1:
            raise SweepError(f"--sweep names {axis} twice; expected each axis once; give one range that holds both")
    return sweeps


def sweep_names(bases: Sequence[str], sweeps: Sequence[Sweep]) -> tuple[str, ...]:
    """The workloads of sweeps: every base along every axis, one axis at a time."""
    return tuple(Size(base, sweep.axis, size).name for base in bases for sweep in sweeps for size in sweep.sizes)


class Costed(NamedTuple):
    """A cell of a sweep, and the seconds that it would take in the whole run."""

    job: Job
    size: Size
    seconds: float

    @property
    def line(self) -> tuple[str, ...]:
        """What the sizes of one curve have in common."""
        cell = self.job.record.cell
        return self.job.record.arm, self.size.base, self.size.axis, cell.trainer, cell.mode

    @property
    def point(self) -> tuple[str, ...]:
        """What the trainers that are compared at one size have in common."""
        cell = self.job.record.cell
        return self.job.record.arm, cell.workload, cell.mode


def plan(
    run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, clock: Callable[[], float] = time.monotonic
) -> list[Job]:
    """The jobs that can be measured; the others are marked in the record with the reason.

    Args:
        run: Without a budget in its settings only batches that no data can fill are left out.
        arms: Those of the run.
        jobs: Every cell asked for.
        rim: How workers are started, and whom to tell.
        clock: Seconds.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    possible = [job for job in jobs if _has_rows(job)]
    budget_s = run.settings.sweep_budget_s
    if budget_s is None:
        return possible
    began, starts_s = clock(), 0.0
    costed: list[Costed] = []
    for arm in arms:
        with _Trial(run.settings, arm, rim, clock) as trial:
            costed += trial.estimate([job for job in possible if job.record.arm == arm.name])
            starts_s += trial.starts_s
    beside_s = clock() - began + starts_s
    out = left_out(costed, budget_s - beside_s)
    _say_why(out, beside_s + sum(one.seconds for one in costed), budget_s)
    return [one.job for one in costed if one not in out]


def _say_why(out: Sequence[Costed], total_s: float, budget_s: float) -> None:
    for one in out:
        one.job.record.outcome = Outcome(
            "unmeasured",
            f"left out: an estimated {one.seconds:.2g} s of {total_s:.0f} s for the whole sweep, over its budget of "
            f"{budget_s:g} s; the largest sizes of the slowest trainer go first; --sweep-budget gives more",
        )


def _has_rows(job: Job) -> bool:
    """Real data end: a batch larger than all of them cannot be filled."""
    size = size_of(job.record.cell.workload)
    if size is None or size.axis != "batch":
        return True
    rows = len(workload_named(size.name).load().x)
    if size.size > rows:
        reason = f"left out: {size.base} has {rows:,} training rows, too few for a batch of {size.size:,}"
        job.record.outcome = Outcome("unmeasured", reason)
    return size.size <= rows


def left_out(costed: Sequence[Costed], budget_s: float) -> list[Costed]:
    """What must go so that the rest fits: always the largest size of the trainer that takes longest in all.

    Where that leaves one trainer alone at a size, it goes too: there is nothing left to compare it with.
    """
    kept, gone = list(costed), list[Costed]()
    while kept and sum(one.seconds for one in kept) > budget_s:
        totals: dict[str, float] = {}
        for one in kept:
            trainer = one.job.record.cell.trainer
            totals[trainer] = totals.get(trainer, 0.0) + one.seconds
        slowest = max(totals, key=lambda trainer: totals[trainer])
        largest: dict[tuple[str, ...], Costed] = {}
        for one in sorted(kept, key=lambda one: one.size.size):
            if one.job.record.cell.trainer == slowest:
                largest[one.line] = one
        first = max(largest.values(), key=lambda one: one.seconds)
        beside = [one for one in kept if one.point == first.point]
        going = beside if len(beside) == 2 else [first]
        gone += going
        kept = [one for one in kept if one not in going]
    return gone


class _Trial:
    """One worker that tries the cells of an arm, and the clock beside it."""

    def __init__(self, settings: Settings, arm: Arm, rim: Rim, clock: Callable[[], float]) -> None:
        self._settings, self._arm, self._rim, self._clock = settings, arm, rim, clock
        self._worker = rim.start(arm)
        start_s, _ = self._timed(messages.Describe(), START_TIMEOUT_S)
        self.starts_s = settings.restarts * start_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.end()

    def estimate(self, jobs: Sequence[Job]) -> list[Costed]:
        """Seconds of each cell, small sizes first; what cannot fit any more is guessed from the size before it."""
        sized = [(job, size) for job in jobs if (size := size_of(job.record.cell.workload))]
        costed: list[Costed] = []
        before: dict[tuple[str, ...], float] = {}
        left_s = self._settings.sweep_budget_s or 0.0
        for job, size in sorted(sized, key=lambda one: one[1].size):
            line = Costed(job, size, 0.0).line
            guess_s = GROWTH * before.get(line, 0.0)
            seconds = guess_s if guess_s > left_s else self._try(job)
            if seconds is not None:
                before[line] = seconds
                left_s -= seconds
                costed.append(Costed(job, size, seconds))
        return costed

    def _try(self, job: Job) -> float | None:
        """What the cell will take in all restarts, or None after it was marked as failed."""
        settings, cell_id = self._settings, job.spec.cell.id
        self._rim.advance(f"trying {cell_id}", 0.0)
        took: list[float] = []
        step_s = 0.0
        for request in (
            messages.CompileCold(job.spec, 0),
            messages.Prepare(job.spec, prove=False),
            messages.Train(cell_id, 0, settings.train_budget_s),
        ):
            try:
                seconds, answer = self._timed(request, settings.timeout_s + TRAIN_SLACK_S)
            except WorkerLost as lost:
                self._worker = self._rim.start(self._arm)
                answer, seconds = messages.Failed(lost.kind, lost.reason), 0.0
            if isinstance(answer, messages.Failed):
                job.record.outcome = Outcome(answer.kind, answer.reason)
                return None
            step_s = answer.step_s if isinstance(answer, messages.Prepared) else step_s
            took.append(seconds)
        compile_s, prepare_s, train_s = took
        blocks_s = settings.rounds * max(settings.block_s, step_s)
        return compile_s + settings.restarts * (compile_s + prepare_s + TRAININGS * train_s + blocks_s)

    def _timed(self, request: messages.Request, timeout_s: float) -> tuple[float, messages.Answer]:
        began = self._clock()
        answer = self._worker.ask(request, timeout_s)
        return self._clock() - began, answer
