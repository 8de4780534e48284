"""Who is measured when: restarts, rounds and cells in a seeded random order, over all arms.

A restart starts one fresh worker per arm, compiles every cell cold, prepares it, trains it where that is due and
then takes rounds of blocks, after which it trains once more what is short to train: what was timed must still learn
as certified. A cell that fails is recorded as that and left out from there on; a restart that lost a worker is cut
short there, and one more is added in its place. The record is saved whenever it has grown.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from benches import messages
from benches.arms import START_TIMEOUT_S, Arm, Worker, WorkerLost
from benches.record import ArmRecord, CellRecord, Outcome, Run, Training

RETAKES = 3
"""A void block is taken again this often; then the round goes on without it."""

TRAIN_AGAIN_BELOW_S = 1.0
"""A training shorter than this is repeated before and after the blocks of every restart; a longer one is done once."""

TRAIN_SLACK_S = 60.0
"""Beyond its budget a training takes its last segment of steps and the harness's own losses."""


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


def measure(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim) -> None:
    """Fills the run's cells; returns when all restarts are done. Stopping half-way leaves the record as it is.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    order = random.Random(run.settings.seed)
    complete, restart = 0, 0
    while complete < run.settings.restarts and any(_is_live(job) for job in jobs):
        complete += _Restart(run, restart, order, rim).take(arms, jobs, left=run.settings.restarts - complete)
        restart += 1


class _Restart:
    """One restart: its workers, its place in the run order and the steps of a block of each cell."""

    def __init__(self, run: Run, number: int, order: random.Random, rim: Rim) -> None:
        self._run, self._number, self._order, self._rim = run, number, order, rim
        self._workers: dict[str, Worker] = {}
        self._block_steps: dict[tuple[str, str], int] = {}
        self._position = 0

    def take(self, arms: Sequence[Arm], jobs: Sequence[Job], left: int) -> bool:
        """Measures every live cell; False if a worker was lost. `left` restarts are to come, this one included."""
        settings = self._run.settings
        phases = [self._compile, self._prepare, self._train]
        phases += [partial(self._time_block, round_number=number) for number in range(settings.rounds)]
        phases.append(self._train)  # once more where it is short: what was timed must still train as certified
        with ExitStack() as stack:
            for arm in arms:
                self._workers[arm.name] = stack.enter_context(self._rim.start(arm))
                self._describe(arm)
            try:
                for phase in phases:
                    self._each(jobs, phase, share=1 / (left * len(phases) * len(jobs)))
            except WorkerLost:
                return False
        return True

    def _each(self, jobs: Sequence[Job], phase: Callable[[Job], None], share: float) -> None:
        """One phase over all live cells in a fresh random order; the slowest to compile is compiled last.

        Each compile is cold, so the order of compiles decides nothing but which cell is still warm afterwards.
        """
        live = [job for job in jobs if _is_live(job)]
        order = self._order.sample(live, len(live))
        if phase == self._compile and live:
            order.append(order.pop(order.index(max(live, key=_last_compile_s))))
        for job in order:
            self._rim.advance(f"restart {self._number + 1}: {job.spec.cell.id}", share)
            phase(job)
            self._rim.save()

    def _ask(self, job: Job, request: messages.Request, expected_s: float = 0.0) -> messages.Answer | None:
        """The answer, or None after the cell was marked as failed."""
        try:
            answer = self._workers[job.record.arm].ask(request, self._run.settings.timeout_s + expected_s)
        except WorkerLost as lost:
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
        described = ArmRecord(arm.name, arm.device, arm.env, answer.fingerprint)
        self._run.arms = [described if known.name == arm.name else known for known in self._run.arms]

    def _compile(self, job: Job) -> None:
        answer = self._ask(job, messages.CompileCold(job.spec, self._number))
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
        if trainings and trainings[-1].train_s > TRAIN_AGAIN_BELOW_S:
            return
        budget_s = self._run.settings.train_budget_s
        answer = self._ask(job, messages.Train(job.spec.cell.id, self._number, budget_s), 2 * budget_s + TRAIN_SLACK_S)
        if isinstance(answer, messages.Trained):
            trainings.append(answer.training)
            job.record.peak_bytes = answer.peak_bytes
            job.record.outcome = outcome_of(answer.training, self._run.workload(job.spec.cell.workload).steps)

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
