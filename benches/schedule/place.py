"""One place in one restart: the workers that hold its cells, and what each is asked of its own."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker, WorkerLost, fingerprint_of
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import CellRecord, Outcome, Run
from triptych.benches.schedule.job import Job, is_live, outcome_of
from triptych.benches.schedule.plan import Plan, Rim
from triptych.benches.schedule.progress import Forecast
from triptych.benches.worker import messages
from triptych.impls.styles import STYLES

RETAKES = 3  # how often a void block is taken again; then the round goes on without it
LEAST_ROUNDS = 3  # however long the steps of a cell are
TRAIN_AGAIN_BELOW_S = 1.0  # a shorter training is timed in every restart; a longer one is done once
TRAIN_SLACK_S = 60.0  # beyond its budget a training takes its last segment of steps and the harness's own losses
ALIKE = 2.0  # times as many steps as a cell's own block may have, to be as long as another's
BUSY = 0.25  # of what a worker's busiest thread computes: one that computes less is none that needs a processor


@dataclass
class Course:
    """What the restarts of a run share."""

    run: Run
    arms: dict[str, Arm]
    jobs: Sequence[Job]
    rim: Rim
    plan: Plan
    forecast: Forecast
    lost: Counter[str] = field(default_factory=Counter[str])  # workers, by arm that could not start one, or by cell
    number: int = 0  # of the restart
    position: int = 0  # how many blocks were taken in it

    def expected_s(self, job: Job) -> float:
        """Of a whole training."""
        return job.step_s * self.run.workload(job.spec.cell.workload).steps

    def budget_s(self, job: Job) -> float:
        """Of a training that is put off: to its end, if that can be had."""
        settings = self.run.settings
        return settings.loss_budget_s if self.expected_s(job) <= settings.loss_budget_s else settings.train_budget_s

    def left_s(self) -> float:
        """Of restarts, and of trainings that are put off."""
        live = [job for job in self.jobs if is_live(job)]
        waiting = [min(self.expected_s(job), self.budget_s(job)) for job in live if self.is_put_off(job)]
        return self.forecast.left_s(live, self.number - self.plan.first) + max(waiting, default=0.0)

    def is_put_off(self, job: Job) -> bool:
        """Whether it is too long for now, and trained when nothing is timed any more."""
        return self.is_untrained(job) and self.expected_s(job) > self.run.settings.train_budget_s

    def is_untrained(self, job: Job) -> bool:
        """Whether it is to be trained at the end, if it is not before."""
        return self.plan.full and MODES[job.record.cell.mode].trained and not job.record.trainings


class Place:
    """Workers side by side, each with one cell.

    Raises:
        WorkerLost: If one cannot start, here; and in every method, between arms, if one was lost.
    """

    def __init__(self, course: Course, jobs: Sequence[tuple[Job, Arm]], stack: ExitStack, order: random.Random) -> None:
        self._course, self._run, self._order = course, course.run, order
        self._jobs = [job for job, _ in jobs]
        self._workers: dict[str, Worker] = {}
        for job, arm in jobs:
            try:
                style = STYLES.get(job.spec.reference)
                preload = (style.reference.partition(":")[0],) if style else ()
                self._workers[job.key] = stack.enter_context(course.rim.start(replace(arm, preload=preload)))
            except WorkerLost:
                course.lost[arm.name] += 1
                raise
        self._ask_all(lambda job: messages.Hold(job.spec))  # on all processors
        for worker in self._workers.values():
            worker.pin()

    def measure(self) -> None:
        """All that one restart measures."""
        for phase in (self._describe, self._compile):
            self._each(phase)
        if MODES[self._jobs[0].spec.cell.mode].timed:
            self._run_steps()
        self._each(self._count)

    def _run_steps(self) -> None:
        """What needs the device: trainings, blocks in turns, single steps."""
        self._each(self._prepare)
        self._make_blocks_alike()
        self._each(self._train)
        before = {key: worker.thread_seconds() for key, worker in self._workers.items()}
        for number in range(self._run.settings.rounds):
            self._each(self._time_block, number)
        for job in filter(is_live, self._jobs):
            self._note_threads(job, before[job.key])
        for phase in (self._record_tail, self._train_seeds):
            self._each(phase)

    def train(self) -> None:
        """Whole trainings and nothing else, side by side."""
        self._ask_all(lambda _: messages.Compile(self._course.number))
        self._ask_all(lambda job: self._training(job, self._course.budget_s(job)))

    def _describe(self, job: Job) -> None:
        """Once per arm."""
        arm = next(arm for arm in self._run.arms if arm.name == job.record.arm)
        if arm.fingerprint is not None:
            return
        try:
            arm.fingerprint = fingerprint_of(self._workers[job.key], self._course.arms[arm.name])
        except WorkerLost:
            self._course.lost[arm.name] += 1
            raise

    def _each(self, phase: Callable[..., None], *args: int) -> None:
        """One phase over all live cells in a fresh random order, the arms of each side by side in random order too."""
        cells: dict[str, list[Job]] = {}
        for job in filter(is_live, self._jobs):
            cells.setdefault(job.spec.cell.id, []).append(job)
        course = self._course
        for arms in self._order.sample(list(cells.values()), len(cells)):
            for job in self._order.sample(arms, len(arms)):
                course.rim.advance(f"restart {course.number + 1}: {job.spec.cell.id}", course.left_s())
                with course.forecast.spending(job):
                    phase(job, *args)

    def _ask(self, job: Job, request: messages.Request) -> messages.Answer | None:
        """The answer, or None after the cell was marked as failed."""
        self._workers[job.key].send(request)
        return self._answer(job, request)

    def _answer(self, job: Job, request: messages.Request) -> messages.Answer | None:
        timeout_s = self._run.settings.timeout_s + expected_s(request)
        try:
            answer = self._workers[job.key].receive(type(request).__name__, timeout_s)
        except WorkerLost as lost:
            self._course.lost[job.key] += 1
            if self._course.lost[job.key] >= self._course.plan.patience:
                job.record.outcome = Outcome(lost.kind, lost.reason)
            if self._course.plan.patience > 1:
                raise
            return None
        if isinstance(answer, messages.Failed):
            job.record.outcome = Outcome(answer.kind, answer.reason)
            return None
        return answer

    def _ask_all(self, request_of: Callable[[Job], messages.Request]) -> None:
        """The same of all workers at a time."""
        requests = [(job, request_of(job)) for job in filter(is_live, self._jobs)]
        for job, request in requests:
            self._workers[job.key].send(request)
        for job, request in requests:
            self._keep_training(job, self._answer(job, request))

    def _compile(self, job: Job) -> None:
        answer = self._ask(job, messages.Compile(self._course.number, self._run.settings.compiles))
        if isinstance(answer, messages.Compiled):
            job.record.compiles.extend(answer.compiles)
            if not MODES[job.spec.cell.mode].timed:
                job.record.outcome = Outcome("ok", "compiled, and never run")

    def _prepare(self, job: Job) -> None:
        """Warms up; a block is of as many steps in every restart, and in every arm."""
        blocks = job.record.counted_blocks
        known = blocks[-1].steps if blocks else None
        answer = self._ask(job, messages.Prepare(not blocks, self._run.settings.block_s, known))
        if isinstance(answer, messages.Prepared):
            job.record.steps_per_call, job.record.unroll = answer.steps_per_call, answer.unroll
            arms = [one.block_steps for one in self._course.jobs if one.spec.cell == job.spec.cell]
            job.block_steps = known or next(filter(None, arms), answer.steps)
            job.calibrated_s = job.calibrated_s or answer.step_s

    def _make_blocks_alike(self) -> None:
        """What a block costs by itself weighs less in a longer one, so cells about as fast take as many steps."""
        new = {job.key: job.block_steps for job in self._jobs if job.block_steps and not job.record.counted_blocks}
        for job in self._jobs:
            if own := new.get(job.key):
                job.block_steps = max(steps for steps in new.values() if steps <= ALIKE * own)

    def _train(self, job: Job) -> None:
        """Once, unless that is put off; and where it is short, in every restart, for its time."""
        if not MODES[job.spec.cell.mode].trained:
            job.record.outcome = Outcome("ok", "no training: an empty call learns nothing")
            return
        done = job.record.trainings
        is_short = done and job.record.outcome.kind == "ok" and done[0].train_s <= TRAIN_AGAIN_BELOW_S
        if (self._course.plan.full and is_short) if done else not self._course.is_put_off(job):
            self._keep_training(job, self._ask(job, self._training(job, self._run.settings.train_budget_s)))

    def _training(self, job: Job, budget_s: float) -> messages.Train:
        return messages.Train(self._course.number, budget_s, curve=not job.record.trainings)

    def _keep_training(self, job: Job, answer: messages.Answer | None) -> None:
        if isinstance(answer, messages.Trained):
            job.record.trainings.append(answer.training)
            job.record.peak_bytes = answer.peak_bytes
            job.record.outcome = outcome_of(answer.training, self._run.workload(job.spec.cell.workload).steps)

    def _is_in_round(self, job: Job, number: int) -> bool:
        """A cell whose blocks are longer than those of the others takes part in fewer rounds."""
        steps, rounds = job.block_steps or 1, self._run.settings.rounds
        if steps > (job.record.steps_per_call or 1):
            return True
        share = self._run.settings.block_s / max(steps * job.step_s, 1e-9)
        return is_among(number, min(max(LEAST_ROUNDS, rounds * share), rounds), rounds)

    def _time_block(self, job: Job, round_number: int) -> None:
        """One block; a void one is kept in the record as that and taken again."""
        if job.block_steps is None or not self._is_in_round(job, round_number):
            return
        void, course = None, self._course
        for _ in range(1 + RETAKES):
            place = course.number, round_number, course.position
            answer = self._ask(job, messages.TimeBlock(job.block_steps, *place))
            if not isinstance(answer, messages.BlockTimed):
                return
            job.record.blocks.append(answer.block)
            course.position += 1
            void = answer.block.void
            if void is None:
                return
        blocks, counted = len(job.record.blocks), len(job.record.counted_blocks)
        if counted <= blocks / 2:
            job.record.outcome = Outcome("void", f"{blocks - counted} of {blocks} blocks were void: {void}")

    def _note_threads(self, job: Job, before: dict[int, float]) -> None:
        """How many threads computed while blocks were timed."""
        now = self._workers[job.key].thread_seconds()
        busy = sorted(seconds - before.get(thread, 0.0) for thread, seconds in now.items())
        if busy and busy[-1] > 0:
            number = sum(seconds >= BUSY * busy[-1] for seconds in busy)
            job.record.busy_threads = max(number, job.record.busy_threads or 0)

    def _record_tail(self, job: Job) -> None:
        mode = MODES[job.spec.cell.mode]
        if self._run.settings.tail_s and mode.single and mode.ranked:
            answer = self._ask(job, messages.RecordTail(self._course.number, self._run.settings.tail_s))
            if isinstance(answer, messages.TailRecorded):
                job.record.tails.append(answer.tail)

    def _count(self, job: Job) -> None:
        """Once per cell; a trainer that cannot be counted keeps its times and has no counts."""
        if job.record.counts is not None or not MODES[job.spec.cell.mode].traced:
            return
        with suppress(WorkerLost):
            answer = self._workers[job.key].ask(messages.Count(), self._run.settings.timeout_s)
            job.record.counts, job.record.program = (getattr(answer, part, None) for part in ("counts", "program"))

    def _train_seeds(self, job: Job) -> None:
        """Trains to the target loss from the starting values of every seed, where that is still to be done."""
        budget_s = self._run.settings.train_budget_s
        for seed in range(self._run.settings.seeds):
            if is_due(job.record, seed):
                answer = self._ask(job, messages.TrainSeed(seed, self._course.number, budget_s))
                if not isinstance(answer, messages.SeedTrained):
                    return
                job.record.seed_trainings.append(answer.training)


def expected_s(request: messages.Request) -> float:
    """How long a worker may take for it, beyond the time after which a silent one counts as hung."""
    match request:
        case messages.Train():
            return 2 * request.budget_s + TRAIN_SLACK_S
        case messages.TrainSeed():
            return 3 * request.budget_s + TRAIN_SLACK_S
        case _:
            return 0.0


def is_among(index: int, some: float, many: int) -> bool:
    """Whether this one of many belongs to an even selection of some of them, the first included."""
    return int(index * some // many) > int((index - 1) * some // many)


def is_due(record: CellRecord, seed: int) -> bool:
    """Whether a cell is still to be trained from a seed; seeds are taken in turn.

    A cell whose first training was cut by the budget is too slow for it whatever the seed, and is left at that.
    Other modes than "step" take the same steps to the target.
    """
    done = record.seed_trainings
    return MODES[record.cell.mode].seeded and len(done) <= seed and not (done and done[0].ending == "cut")
