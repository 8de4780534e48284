"""Who is measured when: restarts, rounds and cells in a seeded random order, over all arms.

A restart starts one fresh worker per arm, compiles every cell cold, prepares it, trains it where that is due and
then takes rounds of blocks, after which it trains once more what is short to train: what was timed must still learn
as certified. Last, and once in a run, cells are trained from further seeds to their target loss. A cell that fails
is recorded as that and left out from there on; a restart that lost a worker is cut short there, and one more is added
in its place. The record is saved whenever it has grown.

Where arms hold the same cells, to be compared with each other, the arms of a cell always take their turns side by
side, and each worker compiles and prepares cell after cell, in the same order in every arm, without clearing its
caches between them: that takes half the time. What neighbours share, the little programs of eager trainers, is then
warm in both arms alike, unless one of them became eager, or ceased to be; so counts are taken from cold caches.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from triptych.benches.arms.process import START_TIMEOUT_S, Arm, Worker, WorkerLost
from triptych.benches.record.run import ArmRecord, CellRecord, Outcome, Run, Training
from triptych.benches.worker import messages

RETAKES = 3
"""A void block is taken again this often; then the round goes on without it."""

TRAIN_AGAIN_BELOW_S = 1.0
"""A training shorter than this is repeated before and after the blocks of every restart; a longer one is done once."""

TRAIN_SLACK_S = 60.0
"""Beyond its budget a training takes its last segment of steps and the harness's own losses."""


PATIENCE = 3
"""A cell whose worker was lost this often while it was asked for it, in a comparison of arms, has failed."""


class Job(NamedTuple):
    """A cell's record and what its worker needs to know of it."""

    record: CellRecord
    spec: messages.Spec


@dataclass(frozen=True)
class Rim:
    """What the schedule does to the world: starting workers, saving the record, telling how far it is."""

    start: Callable[[Arm], Worker]
    save: Callable[[], None]
    advance: Callable[[str, float], None]


def measure(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, first: int = 0) -> None:
    """Fills the run's cells; returns when all restarts are done. Stopping half-way leaves the record as it is.

    Args:
        run: The record, its settings included.
        arms: Whose workers to start.
        jobs: The cells to measure.
        rim: The world outside.
        first: The number of the first restart, if the record already has some.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    order = random.Random(f"{run.settings.seed} from restart {first}")
    losses = Counter[str]()
    complete, restart = 0, first
    while complete < run.settings.restarts and any(map(_is_live, jobs)) and len(run.cut_short) <= run.settings.restarts:
        taken = _Restart(run, restart, order, rim, losses).take(arms, jobs, left=run.settings.restarts - complete)
        if not taken:
            run.cut_short.append(restart)
        complete += taken
        restart += 1


class _Restart:
    """One restart: its workers, its place in the run order and the steps of a block of each cell."""

    def __init__(self, run: Run, number: int, order: random.Random, rim: Rim, losses: Counter[str]) -> None:
        self._run, self._number, self._order, self._rim, self._losses = run, number, order, rim, losses
        self._workers: dict[str, Worker] = {}
        self._block_steps: dict[tuple[str, str], int] = {}
        self._position = 0
        self._between_arms = False

    def take(self, arms: Sequence[Arm], jobs: Sequence[Job], left: int) -> bool:
        """Measures every live cell; False if a worker was lost. `left` restarts are to come, this one included."""
        self._between_arms = len({job.spec.cell.id for job in jobs}) < len(jobs)
        phases = self._phases()
        records = [job.record for job in jobs]
        phases += [partial(self._train_seed, seed=seed) for seed in seeds_due(records, self._run.settings.seeds)]
        with ExitStack() as stack:
            if not self._start(arms, stack):
                return False
            try:
                for phase in phases:
                    self._each(jobs, phase, share=1 / (left * len(phases) * len(jobs)))
                for arm in arms:
                    self._measure_ceilings(arm)
            except WorkerLost:
                return False
        return True

    def _start(self, arms: Sequence[Arm], stack: ExitStack) -> bool:
        """Starts a worker per arm; False if one was lost, though not so often yet that it seems unable to start."""
        for begin in (partial(self._enter, stack), self._describe):
            for arm in arms:
                try:
                    begin(arm)
                except WorkerLost:
                    if self._is_too_often(arm.name):
                        raise
                    return False
        return True

    def _enter(self, stack: ExitStack, arm: Arm) -> None:
        self._workers[arm.name] = stack.enter_context(self._rim.start(arm))

    def _is_too_often(self, place: str) -> bool:
        """Counts a lost worker. Between arms one loss says nothing of the arm: who knows who killed it."""
        self._losses[place] += 1
        return self._losses[place] >= (PATIENCE if self._between_arms else 1)

    def _phases(self) -> list[Callable[[Job], None]]:
        rounds = [partial(self._time_block, round_number=number) for number in range(self._run.settings.rounds)]
        if self._between_arms:
            return [self._make_ready, self._train, *rounds, self._count]
        # training once more where it is short: what was timed must still train as certified
        return [self._compile, self._prepare, self._train, *rounds, self._train, self._count]

    def _each(self, jobs: Sequence[Job], phase: Callable[[Job], None], share: float) -> None:
        """One phase over all live cells in a fresh random order; the slowest to compile is compiled last.

        Each compile is cold, so the order of compiles decides nothing but which cell is still warm afterwards.
        """
        order = self._in_turns([job for job in jobs if _is_live(job)])
        if phase == self._compile and order:
            order.append(order.pop(order.index(max(order, key=_last_compile_s))))
        for job in order:
            self._rim.advance(f"restart {self._number + 1}: {job.spec.cell.id}", share)
            phase(job)
            self._rim.save()

    def _in_turns(self, jobs: Sequence[Job]) -> list[Job]:
        """Cells in random order, the arms of each side by side, in random order too."""
        cells: dict[str, list[Job]] = {}
        for job in jobs:
            cells.setdefault(job.spec.cell.id, []).append(job)
        shuffled = self._order.sample(list(cells.values()), len(cells))
        return [job for arms in shuffled for job in self._order.sample(arms, len(arms))]

    def _ask(self, job: Job, request: messages.Request, expected_s: float = 0.0) -> messages.Answer | None:
        """The answer, or None after the cell was marked as failed."""
        try:
            answer = self._workers[job.record.arm].ask(request, self._run.settings.timeout_s + expected_s)
        except WorkerLost as lost:
            if self._is_too_often(f"{job.record.arm} {job.spec.cell.id}"):
                job.record.outcome = Outcome(lost.kind, lost.reason)
            raise
        if isinstance(answer, messages.Failed):
            job.record.outcome = Outcome(answer.kind, answer.reason)
            return None
        return answer

    def _describe(self, arm: Arm) -> None:
        answer = self._workers[arm.name].ask(messages.Describe(), START_TIMEOUT_S)
        if not isinstance(answer, messages.Described):
            raise WorkerLost(
                "killed", f"the worker of arm {arm.name} cannot use its device: {getattr(answer, 'reason', answer)}"
            )
        self._keep(msgspec.structs.replace(self._known(arm), fingerprint=answer.fingerprint))

    def _known(self, arm: Arm) -> ArmRecord:
        return next(known for known in self._run.arms if known.name == arm.name)

    def _keep(self, found: ArmRecord) -> None:
        """Replaces what was known of an arm."""
        self._run.arms = [found if known.name == found.name else known for known in self._run.arms]

    def _measure_ceilings(self, arm: Arm) -> None:
        """Once per arm, when its worker has nothing else to do; a comparison of arms needs none."""
        if self._between_arms or self._known(arm).ceilings:
            return
        answer = self._workers[arm.name].ask(messages.MeasureCeilings(), self._run.settings.timeout_s)
        if isinstance(answer, messages.CeilingsMeasured):
            self._keep(msgspec.structs.replace(self._known(arm), ceilings=answer.ceilings))
            self._rim.save()

    def _make_ready(self, job: Job) -> None:
        self._compile(job)
        if _is_live(job):
            self._prepare(job)

    def _compile(self, job: Job) -> None:
        if self._run.settings.sweep_budget_s is not None and job.record.compiles:
            return  # a sweep asks how a step grows: one cold compile of each of its many cells is enough
        clear, count = not self._between_arms, not self._between_arms and job.record.counts is None
        answer = self._ask(job, messages.CompileCold(job.spec, self._number, clear=clear, count=count))
        if isinstance(answer, messages.Compiled):
            job.record.compiles.append(answer.compiled)

    def _prepare(self, job: Job) -> None:
        answer = self._ask(job, messages.Prepare(job.spec, prove=not job.record.trainings))
        if isinstance(answer, messages.Prepared):
            steps = max(1, round(self._run.settings.block_s / max(answer.step_s, 1e-9)))
            self._block_steps[job.record.arm, job.spec.cell.id] = steps
            job.record.steps_per_call, job.record.unroll = answer.steps_per_call, answer.unroll

    def _train(self, job: Job) -> None:
        trainings = job.record.trainings
        if job.spec.cell.mode == "floor":
            job.record.outcome = Outcome("ok", "no training: an empty call learns nothing")
            return
        if trainings and (self._between_arms or trainings[-1].train_s > TRAIN_AGAIN_BELOW_S):
            return
        budget_s = self._run.settings.train_budget_s
        answer = self._ask(job, messages.Train(job.spec.cell.id, self._number, budget_s), 2 * budget_s + TRAIN_SLACK_S)
        if isinstance(answer, messages.Trained):
            trainings.append(answer.training)
            job.record.peak_bytes = answer.peak_bytes
            job.record.outcome = outcome_of(answer.training, self._run.workload(job.spec.cell.workload).steps)

    def _train_seed(self, job: Job, seed: int) -> None:
        """Trains to the target loss from one seed's starting values, where that is still to be done."""
        if not is_due(job.record, seed):
            return
        budget_s = self._run.settings.train_budget_s
        request = messages.TrainSeed(job.spec.cell.id, seed, self._number, budget_s)
        answer = self._ask(job, request, 3 * budget_s + TRAIN_SLACK_S)
        if isinstance(answer, messages.SeedTrained):
            job.record.seed_trainings.append(answer.training)

    def _count(self, job: Job) -> None:
        """Once per cell; a trainer that cannot be counted keeps its times and has no counts.

        Between arms its programs are built again, from cold caches: what its neighbours built before, and a change of
        theirs would be counted as its own.
        """
        if job.record.counts is not None or job.spec.cell.mode == "floor":
            return
        worker, timeout_s = self._workers[job.record.arm], self._run.settings.timeout_s
        if self._between_arms:
            worker.ask(messages.CompileCold(job.spec, self._number, count=True), timeout_s)
        answer = worker.ask(messages.Count(job.spec), timeout_s)
        if isinstance(answer, messages.Counted):
            job.record.counts = answer.counts

    def _time_block(self, job: Job, round_number: int) -> None:
        """One block; a void one is kept in the record as that and taken again."""
        cell_id = job.spec.cell.id
        steps, void = self._block_steps[job.record.arm, cell_id], None
        for _ in range(1 + RETAKES):
            answer = self._ask(job, messages.TimeBlock(cell_id, steps, self._number, round_number, self._position))
            if not isinstance(answer, messages.BlockTimed):
                return
            job.record.blocks.append(answer.block)
            self._position += 1
            void = answer.block.void
            if void is None:
                return
        blocks, counted = len(job.record.blocks), len(job.record.counted_blocks)
        if counted <= blocks / 2:
            job.record.outcome = Outcome("void", f"{blocks - counted} of {blocks} blocks were void: {void}")


def seeds_due(records: Iterable[CellRecord], seeds: int) -> list[int]:
    """The seeds from which some cell is still to be trained."""
    return [seed for seed in range(seeds) if any(is_due(record, seed) for record in list(records))]


def is_due(record: CellRecord, seed: int) -> bool:
    """Whether a cell is still to be trained from a seed; seeds are taken in turn.

    A cell whose first training was cut by the budget is too slow for it whatever the seed, and is left at that.
    Other modes than "step" take the same steps to the target.
    """
    done = record.seed_trainings
    return record.cell.mode == "step" and len(done) <= seed and not (done and done[0].ending == "cut")


def outcome_of(training: Training, steps: int) -> Outcome:
    """How a training ended, in the record's words."""
    if training.diverged_at is not None:
        reason = f"the loss was no longer finite at step {training.diverged_at:,}"
        return Outcome("diverged", reason, training.steps_done)
    if training.steps_done < steps:
        rest_s = training.train_s / training.steps_done * (steps - training.steps_done)
        reason = (
            f"came to step {training.steps_done:,} of {steps:,} in {training.train_s:.3g} s; "
            f"the rest would take {rest_s:.3g} s"
        )
        return Outcome("over_budget", reason, training.steps_done, rest_s)
    return Outcome("ok", "", training.steps_done)


def _last_compile_s(job: Job) -> float:
    return job.record.compiles[-1].compile_s if job.record.compiles else 0.0


def _is_live(job: Job) -> bool:
    return job.record.outcome.kind in ("ok", "over_budget", "unmeasured")
