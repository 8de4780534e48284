"""A cell to be measured, and how its training ended."""

from dataclasses import dataclass

from triptych.benches.record.modes import MODES
from triptych.benches.record.run import UNMEASURED, CellRecord, Outcome, Settings, Training
from triptych.benches.worker.messages import Spec
from triptych.benches.workloads.arrays import ARRAYS
from triptych.benches.workloads.sizes import base_of

FIRST_BLOCKS = 5  # the fastest of these says roughly how long a step takes
COMPILED_ONLY = 3  # restarts of a cell that is never run: samples of its compile time; its counts do not vary
CUT = 3  # restarts of what is cut into many arrays: a law is drawn through all its sizes


@dataclass
class Job:
    """A cell's record and what its worker needs to know of it."""

    record: CellRecord
    spec: Spec
    block_steps: int | None = None  # of a block, once a worker has calibrated it
    calibrated_s: float | None = None  # seconds of a step as that worker found it

    @property
    def key(self) -> str:
        """The arm and the cell."""
        return f"{self.record.arm} {self.spec.cell.id}"

    @property
    def place(self) -> tuple[str, str, str]:
        """Where trainers meet: the cell less its trainer."""
        cell = self.spec.cell
        return cell.workload, cell.device, cell.mode

    @property
    def step_s(self) -> float:
        """Roughly; 0 if nothing is known."""
        blocks = [block.step_s for block in self.record.blocks[:FIRST_BLOCKS] if block.void is None]
        return min(blocks, default=self.calibrated_s or 0.0)

    def restarts(self, settings: Settings) -> int:
        """In how many it takes part: in fewer where a step takes longer than a block, or is compiled and never run."""
        if not MODES[self.spec.cell.mode].timed:
            return min(COMPILED_ONLY, settings.restarts)
        if base_of(self.spec.cell.workload) in ARRAYS:
            return min(CUT, settings.restarts)
        fewer = min(settings.slow_restarts, settings.restarts)
        return fewer if self.step_s > settings.block_s else settings.restarts


def is_live(job: Job) -> bool:
    """Whether there is still something to be measured of it: it has not failed, and was not left out."""
    outcome = job.record.outcome
    return outcome.kind in ("ok", "over_budget") or outcome == UNMEASURED


def outcome_of(training: Training, steps: int) -> Outcome:
    """How a training ended, in the record's words."""
    if training.diverged_at is not None:
        reason = f"the loss was no longer finite at step {training.diverged_at:,}"
        return Outcome("diverged", reason, training.steps_done)
    if training.steps_done < steps:
        rest_s = training.train_s / training.steps_done * (steps - training.steps_done)
        way = f"came to step {training.steps_done:,} of {steps:,} in {training.train_s:.3g} s"
        return Outcome("over_budget", f"{way}; the rest would take {rest_s:.3g} s", training.steps_done, rest_s)
    return Outcome("ok", "", training.steps_done)
