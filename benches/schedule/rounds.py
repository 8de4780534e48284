"""Who is measured when: restarts, rounds and cells in a seeded random order, over all arms.

A restart starts one fresh worker per arm, compiles and prepares every cell, trains it where that is due and takes
rounds of blocks; last, and once in a run, cells are trained from further seeds to their target loss. Where several arms
hold a cell, they take their turns at it side by side. A cell that fails is recorded as that and left out from there on;
a restart that lost a worker is cut short, and another takes its place. The record is saved whenever it has grown.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from triptych.benches.arms.process import Arm, Worker, WorkerLost, fingerprint_of
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import CellRecord, Outcome, Run
from triptych.benches.schedule.job import Job, outcome_of
from triptych.benches.schedule.sweep_budget import fit
from triptych.benches.worker import messages

RETAKES = 3
"""How often a void block is taken again; then the round goes on without it."""

TRAIN_AGAIN_BELOW_S = 1.0
"""A shorter training is repeated before and after the blocks of every restart; a longer one is done once."""

TRAIN_SLACK_S = 60.0
"""Beyond its budget a training takes its last segment of steps and the harness's own losses."""


class Plan(NamedTuple):
    """How restarts of one kind of run differ from those of another.

    Attributes:
        cold: Every cell is compiled from cleared caches before any is prepared. Else each is compiled and prepared
            after the other, which takes half the time; what neighbours share, the small programs of eager trainers, is
            then warm, and counts are taken last, from cold caches.
        full: Short trainings are repeated after the blocks, to see that what was timed still learns as certified; and
            the ceilings of the device are measured once.
        patience: How many lost workers at one place make a cell, or an arm, a failed one.
        first: The number of the first restart, if the record already has some.
    """

    cold: bool
    full: bool
    patience: int
    first: int = 0


ONE_ARM = Plan(cold=True, full=True, patience=1)
SWEEP = ONE_ARM._replace(cold=False)
TWO_SIDES = Plan(cold=False, full=False, patience=3)
"""A comparison of arms: one lost worker says nothing against an arm, since nobody knows who killed it."""


@dataclass(frozen=True)
class Rim:
    """What the schedule does to the world: starting workers, saving the record, telling how far it is."""

    start: Callable[[Arm], Worker]
    save: Callable[[], None]
    advance: Callable[[str, float], None]
    clock: Callable[[], float] = time.monotonic


def measure(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, plan: Plan = ONE_ARM) -> None:
    """Fills the run's cells; returns when all restarts are done. Stopping half-way leaves the record as it is.

    Args:
        run: The record, its settings included.
        arms: Whose workers to start.
        jobs: The cells to measure.
        rim: The world outside.
        plan: What a restart consists of, and the number of the first.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    restarts, number, left = _Restarts(run, rim, plan), plan.first, run.settings.restarts
    while left and any(map(_is_live, jobs)) and len(run.cut_short) <= run.settings.restarts:
        kept = restarts.take(number, arms, jobs, left)
        if kept is None:
            run.cut_short.append(number)
        else:
            left, jobs = left - 1, kept
        number += 1


class _Restarts:
    """One restart after another: its workers, its run order, and roughly how long a step of each cell takes in it."""

    def __init__(self, run: Run, rim: Rim, plan: Plan) -> None:
        self._run, self._rim, self._plan = run, rim, plan
        self._order = random.Random(f"{run.settings.seed} from restart {plan.first}")
        self._arms = {arm.name: arm for arm in run.arms}
        self._lost_workers = Counter[str]()
        self._workers: dict[str, Worker] = {}
        self._step_s: dict[str, float] = {}
        self._number = self._position = 0

    def take(self, number: int, arms: Sequence[Arm], jobs: Sequence[Job], left: int) -> Sequence[Job] | None:
        """Measures every live cell.

        Args:
            number: That of the restart.
            arms: Whose workers to start.
            jobs: The cells.
            left: How many restarts are to come, this one included; for the progress.

        Returns:
            The cells that a further restart is to measure; None if a worker was lost.
        """
        self._number, self._position, self._step_s = number, 0, {}
        phases, began = self._phases(jobs), self._rim.clock()
        with ExitStack() as stack:
            if not self._start(arms, stack):
                return None
            try:
                if self._run.settings.sweep_budget_s is not None and not any(job.record.blocks for job in jobs):
                    jobs = fit(jobs, self._run.settings, self._rim.clock() - began, self._try)
                    phases.remove(self._train)  # `fit` has trained every cell
                for phase in phases:
                    self._each(jobs, phase, share=1 / (left * len(phases) * max(len(jobs), 1)))
                for arm in arms:
                    self._measure_ceilings(arm)
            except WorkerLost:
                return None
        return jobs

    def _phases(self, jobs: Sequence[Job]) -> list[Callable[[Job], None]]:
        settings = self._run.settings
        ready = [self._compile, self._prepare] if self._plan.cold else [self._make_ready]
        rounds = [partial(self._time_block, round_number=number) for number in range(settings.rounds)]
        again = [self._train] if self._plan.full else []
        due = [seed for seed in range(settings.seeds) if any(is_due(job.record, seed) for job in jobs)]
        seeds = [partial(self._train_seed, seed=seed) for seed in due]
        return [*ready, self._train, *rounds, *again, self._count, *seeds]

    def _start(self, arms: Sequence[Arm], stack: ExitStack) -> bool:
        """Starts a worker per arm; False if one was lost, and the plan has patience left."""

        def start(arm: Arm) -> None:
            self._workers[arm.name] = stack.enter_context(self._rim.start(arm))

        def describe(arm: Arm) -> None:
            self._arms[arm.name].fingerprint = fingerprint_of(self._workers[arm.name], arm)

        for begin in (start, describe):
            for arm in arms:
                try:
                    begin(arm)
                except WorkerLost:
                    if self._is_too_often(arm.name):
                        raise
                    return False
        return True

    def _is_too_often(self, place: str) -> bool:
        """Counts a lost worker."""
        self._lost_workers[place] += 1
        return self._lost_workers[place] >= self._plan.patience

    def _try(self, job: Job) -> float:
        """Makes a cell ready and trains it; the seconds that it takes in every restart."""
        settings, clock = self._run.settings, self._rim.clock
        if not _is_live(job):
            return 0.0
        self._rim.advance(f"trying {job.spec.cell.id}", 0.0)
        began = clock()
        self._make_ready(job)
        ready = clock()
        if _is_live(job):
            self._train(job)
        blocks_s = settings.rounds * max(settings.block_s, self._step_s.get(job.key, 0.0))
        return (ready - began) + 2 * (clock() - ready) + blocks_s

    def _each(self, jobs: Sequence[Job], phase: Callable[[Job], None], share: float) -> None:
        """One phase over all live cells in a fresh random order; the slowest to compile is compiled last.

        A cold compile clears what was compiled before, so their order decides only which cell is still warm afterwards.
        """
        order = self._in_turns([job for job in jobs if _is_live(job)])
        if phase == self._compile and order:
            slowest = max(order, key=lambda job: job.record.compiles[-1].compile_s if job.record.compiles else 0.0)
            order.sort(key=lambda job: job is slowest)
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
            if self._is_too_often(job.key):
                job.record.outcome = Outcome(lost.kind, lost.reason)
            raise
        if isinstance(answer, messages.Failed):
            job.record.outcome = Outcome(answer.kind, answer.reason)
            return None
        return answer

    def _measure_ceilings(self, arm: Arm) -> None:
        """Once per arm, when its worker has nothing else to do."""
        if not self._plan.full or self._arms[arm.name].ceilings:
            return
        answer = self._workers[arm.name].ask(messages.MeasureCeilings(), self._run.settings.timeout_s)
        if isinstance(answer, messages.CeilingsMeasured):
            self._arms[arm.name].ceilings = answer.ceilings
            self._rim.save()

    def _make_ready(self, job: Job) -> None:
        if job.key in self._step_s:
            return
        self._compile(job)
        if _is_live(job):
            self._prepare(job)

    def _compile(self, job: Job) -> None:
        count = self._plan.cold and job.record.counts is None
        answer = self._ask(job, messages.CompileCold(job.spec, self._number, clear=self._plan.cold, count=count))
        if isinstance(answer, messages.Compiled):
            job.record.compiles.append(answer.compiled)

    def _prepare(self, job: Job) -> None:
        answer = self._ask(job, messages.Prepare(job.spec, prove=not job.record.trainings))
        if isinstance(answer, messages.Prepared):
            self._step_s[job.key] = max(answer.step_s, 1e-9)
            job.record.steps_per_call, job.record.unroll = answer.steps_per_call, answer.unroll

    def _train(self, job: Job) -> None:
        trainings = job.record.trainings
        if not MODES[job.spec.cell.mode].trained:
            job.record.outcome = Outcome("ok", "no training: an empty call learns nothing")
            return
        if trainings and not (self._plan.full and trainings[-1].train_s <= TRAIN_AGAIN_BELOW_S):
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

        Where compiles were not cold its programs are built again, from cold caches: what its neighbours built before,
        and a change of theirs, would be counted as its own.
        """
        if job.record.counts is not None or not MODES[job.spec.cell.mode].traced:
            return
        worker, timeout_s = self._workers[job.record.arm], self._run.settings.timeout_s
        if not self._plan.cold:
            worker.ask(messages.CompileCold(job.spec, self._number, count=True), timeout_s)
        answer = worker.ask(messages.Count(job.spec), timeout_s)
        if isinstance(answer, messages.Counted):
            job.record.counts = answer.counts

    def _time_block(self, job: Job, round_number: int) -> None:
        """One block; a void one is kept in the record as that and taken again."""
        cell_id = job.spec.cell.id
        steps, void = max(1, round(self._run.settings.block_s / self._step_s[job.key])), None
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


def is_due(record: CellRecord, seed: int) -> bool:
    """Whether a cell is still to be trained from a seed; seeds are taken in turn.

    A cell whose first training was cut by the budget is too slow for it whatever the seed, and is left at that.
    Other modes than "step" take the same steps to the target.
    """
    done = record.seed_trainings
    return MODES[record.cell.mode].seeded and len(done) <= seed and not (done and done[0].ending == "cut")


def _is_live(job: Job) -> bool:
    return job.record.outcome.kind in ("ok", "over_budget", "unmeasured")
