"""Who is measured when: restarts, places, rounds and cells in a seeded random order, over all arms.

A restart measures place after place: each trainer and arm there gets a fresh worker that holds its one cell, compiles
and prepares it, trains it, and takes its turns at short blocks, the arms of a cell side by side. Trainings that take
long come last of all. A cell that fails is recorded as that and left out from there on; between arms a restart that
lost a worker is cut short, and another takes its place. The record is saved whenever a place is done.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from triptych.benches.arms.arm import ONE_PROCESS_DEVICES, Arm, present_cpus
from triptych.benches.arms.process import Worker, WorkerLost, fingerprint_of
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import ArmRecord, CellRecord, Outcome, Run
from triptych.benches.schedule.job import Job, is_live, outcome_of
from triptych.benches.schedule.progress import Forecast
from triptych.benches.schedule.sweep_budget import fit
from triptych.benches.worker import messages
from triptych.impls.registry import BUILT_IN

RETAKES = 3
"""How often a void block is taken again; then the round goes on without it."""

LEAST_ROUNDS = 3
"""However long the steps of a cell are."""

TRAIN_AGAIN_BELOW_S = 1.0
"""A shorter training is timed in every restart; a longer one is done once."""

TRAIN_SLACK_S = 60.0
"""Beyond its budget a training takes its last segment of steps and the harness's own losses."""

BUSY = 0.25
"""Of what the busiest thread of a worker computes: a thread that computes less is none that needs a processor."""


class Plan(NamedTuple):
    """How one kind of run differs from another.

    Attributes:
        full: Short trainings are timed in every restart, long ones made last, and the ceilings of the device measured.
        patience: How many lost workers make a cell, or an arm, a failed one; before that, a restart is taken again.
        first: The number of the first restart, if the record already has some.
    """

    full: bool
    patience: int
    first: int = 0


ONE_ARM = Plan(full=True, patience=1)
TWO_SIDES = Plan(full=False, patience=3)
"""A comparison of arms: one lost worker says nothing against an arm, since nobody knows who killed it."""


@dataclass(frozen=True)
class Rim:
    """What the schedule does to the world: starting workers, saving the record, telling how many seconds are left."""

    start: Callable[[Arm], Worker]
    save: Callable[[], None]
    advance: Callable[[str, float], None]
    clock: Callable[[], float] = time.monotonic


def measure(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, plan: Plan = ONE_ARM) -> None:
    """Fills the run's cells with what is missing. Stopping half-way leaves the record as it is.

    Args:
        run: The record, its settings included; what it says is done is not done again.
        arms: Whose workers to start.
        jobs: The cells to measure.
        rim: The world outside.
        plan: What a restart consists of, and the number of the first.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    restarts, number, done = _Restarts(run, arms, jobs, rim, plan), plan.first, 0
    while done < run.settings.restarts and any(map(is_live, jobs)) and len(run.cut_short) <= run.settings.restarts:
        if number not in run.cut_short:
            if restarts.take(number, done):
                done += 1
            else:
                run.cut_short.append(number)
        number += 1
    restarts.train_last()


def is_among(index: int, some: float, many: int) -> bool:
    """Whether this one of many belongs to an even selection of some of them, the first included."""
    return int(index * some // many) > int((index - 1) * some // many)


class _Restarts:
    """One restart after another: its workers, its run order, and how many steps make a block of each cell."""

    def __init__(self, run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, plan: Plan) -> None:
        self._run, self._rim, self._plan = run, rim, plan
        self._arms = {arm.name: arm for arm in arms}
        self._jobs = jobs
        self._lost_workers = Counter[str]()
        self._workers: dict[str, Worker] = {}
        self._forecast = Forecast(run.settings, rim.clock)
        self._order = random.Random()
        self._number = self._position = 0

    def take(self, number: int, index: int) -> bool:
        """Measures every live cell in its place; False if a worker was lost, and the plan has patience left.

        Args:
            number: That of the restart.
            index: How many came before it in this run.
        """
        positions = [one.position for job in self._jobs for one in job.record.blocks if one.restart == number]
        self._number, self._position = number, max(positions, default=-1) + 1
        taking_part = [job for job in self._jobs if is_live(job) and self._takes_part(job, index)]
        places: dict[tuple[str, str, str], list[Job]] = {}
        for job in taking_part:
            places.setdefault(job.place, []).append(job)
        order = random.Random(f"{self._run.settings.seed} restart {number}")
        shuffled = order.sample(list(places.values()), len(places))
        try:
            if self._run.settings.sweep_budget_s is not None and index == 0:
                fit(shuffled, self._run.settings, self._rim.clock, self._measure_place)
            else:
                for jobs in shuffled:
                    self._measure_place(jobs)
        except WorkerLost:
            if self._plan.patience == 1 or max(self._lost_workers[arm] for arm in self._arms) >= self._plan.patience:
                raise
            return False
        return True

    def train_last(self) -> None:
        """The trainings that are only about the loss, side by side on all processors; nothing is timed any more."""
        self._number = self._plan.first
        waiting = [job for job in self._jobs if is_live(job) and self._plan.full and not job.record.trainings]
        waiting = [job for job in waiting if MODES[job.record.cell.mode].trained and job.record.blocks]
        waiting.sort(key=self._expected_s, reverse=True)
        cpus = present_cpus()[::-1]  # the last is often the quietest
        while waiting:
            many = len(cpus) if cpus and waiting[0].record.cell.device == "cpu" else 1
            chunk, waiting = waiting[:many], waiting[many:]
            with ExitStack() as stack:
                arms = [
                    replace(self._arms[job.record.arm], cpus=tuple(cpus[at : at + 1])) for at, job in enumerate(chunk)
                ]
                self._begin(list(zip(chunk, arms, strict=True)), stack)
                names = ", ".join(job.spec.cell.id for job in chunk)
                self._rim.advance(f"training {names}", max(map(self._expected_s, chunk)))
                self._ask_all(chunk, lambda _: messages.Compile(self._number))
                self._ask_all(chunk, lambda job: self._training(job, self._budget_s(job)))
            self._rim.save()

    def _takes_part(self, job: Job, index: int) -> bool:
        """A cell whose step takes longer than a block takes part in fewer restarts."""
        settings = self._run.settings
        slow = job.step_s is not None and job.step_s > settings.block_s
        return not slow or is_among(index, min(settings.slow_restarts, settings.restarts), settings.restarts)

    def _measure_place(self, jobs: Sequence[Job]) -> None:
        """All that one restart measures of the cells of a place, if that is not done already."""
        key = f"{self._number} {' '.join(jobs[0].place)}"
        if key in self._run.done:
            return
        self._order = random.Random(f"{self._run.settings.seed} {key}")
        in_turn = jobs[0].record.cell.device in ONE_PROCESS_DEVICES
        for together in [[job] for job in jobs] if in_turn else [jobs]:
            with ExitStack() as stack:
                self._measure_together(together, stack)
        self._run.done.append(key)
        self._rim.save()

    def _measure_together(self, jobs: Sequence[Job], stack: ExitStack) -> None:
        self._begin([(job, self._arms[job.record.arm]) for job in jobs], stack)
        for phase in (self._describe, self._compile, self._prepare, self._train):
            self._each(jobs, phase)
        before = {job.key: self._workers[job.key].busy_threads() for job in jobs if is_live(job)}
        for number in range(self._run.settings.rounds):
            self._each([job for job in jobs if self._is_in_round(job, number)], self._time_block, number)
        for job in jobs:
            if is_live(job):
                self._note_threads(job, before[job.key])
        for phase in (self._record_tail, self._train_seeds, self._measure_ceilings, self._count):
            self._each(jobs, phase)

    def _begin(self, jobs: Sequence[tuple[Job, Arm]], stack: ExitStack) -> None:
        """Starts workers, has them build their cells on all processors, and pins them then.

        Raises:
            WorkerLost: If one cannot start.
        """
        for job, arm in jobs:
            try:
                libraries = BUILT_IN[job.spec.reference].libraries if job.spec.reference in BUILT_IN else ()
                self._workers[job.key] = stack.enter_context(self._rim.start(replace(arm, preload=libraries)))
            except WorkerLost:
                self._lost_workers[arm.name] += 1
                raise
        self._ask_all([job for job, _ in jobs], lambda job: messages.Hold(job.spec))
        for job, _ in jobs:
            self._workers[job.key].pin()

    def _describe(self, job: Job) -> None:
        """Once per arm."""
        arm = self._arm_record(job.record.arm)
        if arm.fingerprint is not None:
            return
        try:
            arm.fingerprint = fingerprint_of(self._workers[job.key], self._arms[arm.name])
        except WorkerLost:
            self._lost_workers[arm.name] += 1
            raise

    def _each(self, jobs: Sequence[Job], phase: Callable[..., None], *args: int) -> None:
        """One phase over all live cells in a fresh random order, the arms of each side by side in random order too."""
        cells: dict[str, list[Job]] = {}
        for job in filter(is_live, jobs):
            cells.setdefault(job.spec.cell.id, []).append(job)
        for arms in self._order.sample(list(cells.values()), len(cells)):
            for job in self._order.sample(arms, len(arms)):
                doing = f"restart {self._number + 1}: {job.spec.cell.id}"
                self._rim.advance(doing, self._forecast.left_s(self._jobs, self._number - self._plan.first))
                with self._forecast.spending(job):
                    phase(job, *args)

    def _ask(self, job: Job, request: messages.Request, expected_s: float = 0.0) -> messages.Answer | None:
        """The answer, or None after the cell was marked as failed."""
        self._workers[job.key].send(request)
        return self._answer(job, request, expected_s)

    def _answer(self, job: Job, request: messages.Request, expected_s: float) -> messages.Answer | None:
        try:
            answer = self._workers[job.key].receive(type(request).__name__, self._run.settings.timeout_s + expected_s)
        except WorkerLost as lost:
            self._lost_workers[job.key] += 1
            if self._lost_workers[job.key] >= self._plan.patience:
                job.record.outcome = Outcome(lost.kind, lost.reason)
            if self._plan.patience > 1:
                raise
            return None
        if isinstance(answer, messages.Failed):
            job.record.outcome = Outcome(answer.kind, answer.reason)
            return None
        return answer

    def _ask_all(self, jobs: Sequence[Job], request_of: Callable[[Job], messages.Request]) -> None:
        """The same of several workers at a time; what they answer is kept."""
        requests = [(job, request_of(job)) for job in jobs if is_live(job)]
        for job, request in requests:
            self._workers[job.key].send(request)
        for job, request in requests:
            budget_s = request.budget_s if isinstance(request, messages.Train) else 0.0
            answer = self._answer(job, request, 2 * budget_s + TRAIN_SLACK_S)
            if isinstance(answer, messages.Trained):
                self._keep_training(job, answer)

    def _compile(self, job: Job) -> None:
        answer = self._ask(job, messages.Compile(self._number, self._run.settings.compiles))
        if isinstance(answer, messages.Compiled):
            job.record.compiles.extend(answer.compiles)

    def _prepare(self, job: Job) -> None:
        """Warms up; a block is of as many steps in every restart, and in every arm."""
        blocks = job.record.counted_blocks
        known = next((one for one in self._jobs if one.spec.cell == job.spec.cell and one.calibrated), None)
        steps = blocks[-1].steps if blocks else known.calibrated[-1][0] if known else None
        answer = self._ask(job, messages.Prepare(not blocks, self._run.settings.block_s, steps if blocks else None))
        if isinstance(answer, messages.Prepared):
            job.record.steps_per_call, job.record.unroll = answer.steps_per_call, answer.unroll
            job.calibrated.append((steps or answer.steps, answer.step_s))

    def _train(self, job: Job) -> None:
        settings, trainings = self._run.settings, job.record.trainings
        if not MODES[job.spec.cell.mode].trained:
            job.record.outcome = Outcome("ok", "no training: an empty call learns nothing")
        elif trainings:
            if self._plan.full and trainings[0].train_s <= TRAIN_AGAIN_BELOW_S and job.record.outcome.kind == "ok":
                self._ask_training(job, settings.train_budget_s)
        elif not self._plan.full or self._expected_s(job) <= settings.train_budget_s:
            self._ask_training(job, settings.train_budget_s)

    def _budget_s(self, job: Job) -> float:
        """Of a training that was put off: to its end, if that can be had."""
        settings = self._run.settings
        return settings.loss_budget_s if self._expected_s(job) <= settings.loss_budget_s else settings.train_budget_s

    def _expected_s(self, job: Job) -> float:
        """Of a whole training."""
        return (job.step_s or 0.0) * self._run.workload(job.spec.cell.workload).steps

    def _ask_training(self, job: Job, budget_s: float) -> None:
        answer = self._ask(job, self._training(job, budget_s), 2 * budget_s + TRAIN_SLACK_S)
        if isinstance(answer, messages.Trained):
            self._keep_training(job, answer)

    def _training(self, job: Job, budget_s: float) -> messages.Train:
        return messages.Train(self._number, budget_s, curve=not job.record.trainings)

    def _keep_training(self, job: Job, answer: messages.Trained) -> None:
        job.record.trainings.append(answer.training)
        job.record.peak_bytes = answer.peak_bytes
        job.record.outcome = outcome_of(answer.training, self._run.workload(job.spec.cell.workload).steps)

    def _is_in_round(self, job: Job, number: int) -> bool:
        """A cell whose blocks are longer than those of the others takes part in fewer rounds."""
        if not job.calibrated:
            return False
        steps, _ = job.calibrated[-1]
        rounds, block_s = self._run.settings.rounds, self._run.settings.block_s
        if steps > (job.record.steps_per_call or 1):
            return True
        share = block_s / max(steps * (job.step_s or 0.0), 1e-9)
        return is_among(number, min(max(LEAST_ROUNDS, rounds * share), rounds), rounds)

    def _time_block(self, job: Job, round_number: int) -> None:
        """One block; a void one is kept in the record as that and taken again."""
        (steps, _), void = job.calibrated[-1], None
        for _ in range(1 + RETAKES):
            answer = self._ask(job, messages.TimeBlock(steps, self._number, round_number, self._position))
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

    def _note_threads(self, job: Job, before: dict[int, float]) -> None:
        """How many threads computed while blocks were timed."""
        now = self._workers[job.key].busy_threads()
        busy = sorted(seconds - before.get(thread, 0.0) for thread, seconds in now.items())
        if busy and busy[-1] > 0:
            number = sum(seconds >= BUSY * busy[-1] for seconds in busy)
            job.record.busy_threads = max(number, job.record.busy_threads or 0)

    def _record_tail(self, job: Job) -> None:
        mode = MODES[job.spec.cell.mode]
        if self._run.settings.tail_s and mode.single and mode.ranked:
            answer = self._ask(job, messages.RecordTail(self._number, self._run.settings.tail_s))
            if isinstance(answer, messages.TailRecorded):
                job.record.tails.append(answer.tail)

    def _count(self, job: Job) -> None:
        """Once per cell; a trainer that cannot be counted keeps its times and has no counts."""
        if job.record.counts is not None or not MODES[job.spec.cell.mode].traced:
            return
        with suppress(WorkerLost):
            answer = self._workers[job.key].ask(messages.Count(), self._run.settings.timeout_s)
            job.record.counts = getattr(answer, "counts", None)

    def _train_seeds(self, job: Job) -> None:
        """Trains to the target loss from the starting values of every seed, where that is still to be done."""
        budget_s = self._run.settings.train_budget_s
        for seed in range(self._run.settings.seeds):
            if is_due(job.record, seed):
                answer = self._ask(job, messages.TrainSeed(seed, self._number, budget_s), 3 * budget_s + TRAIN_SLACK_S)
                if not isinstance(answer, messages.SeedTrained):
                    return
                job.record.seed_trainings.append(answer.training)

    def _measure_ceilings(self, job: Job) -> None:
        """Once per arm, by a worker that has nothing else to do."""
        arm = self._arm_record(job.record.arm)
        if self._plan.full and arm.ceilings is None:
            with suppress(WorkerLost):
                answer = self._workers[job.key].ask(messages.MeasureCeilings(), self._run.settings.timeout_s)
                arm.ceilings = getattr(answer, "ceilings", None)

    def _arm_record(self, name: str) -> ArmRecord:
        return next(arm for arm in self._run.arms if arm.name == name)


def is_due(record: CellRecord, seed: int) -> bool:
    """Whether a cell is still to be trained from a seed; seeds are taken in turn.

    A cell whose first training was cut by the budget is too slow for it whatever the seed, and is left at that.
    Other modes than "step" take the same steps to the target.
    """
    done = record.seed_trainings
    return MODES[record.cell.mode].seeded and len(done) <= seed and not (done and done[0].ending == "cut")
