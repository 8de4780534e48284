"""A cell to be measured, and how its training ended."""

from dataclasses import dataclass, field

from triptych.benches.record.run import CellRecord, Outcome, Training
from triptych.benches.worker.messages import Spec

LEFT_OUT = "left out: "
"""How the reason begins why a cell is not measured at all."""


FIRST_BLOCKS = 5
"""The fastest of these says roughly how long a step takes."""


@dataclass(frozen=True)
class Job:
    """A cell's record and what its worker needs to know of it.

    Attributes:
        calibrated: Steps of a block and seconds of a step, restart by restart; 0 where the steps were known.
    """

    record: CellRecord
    spec: Spec
    calibrated: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])

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
    def step_s(self) -> float | None:
        """Roughly, if that is known."""
        blocks = [block.step_s for block in self.record.blocks[:FIRST_BLOCKS] if block.void is None]
        return min(blocks) if blocks else self.calibrated[-1][1] if self.calibrated else None


def is_live(job: Job) -> bool:
    """Whether there is still something to be measured of it."""
    outcome = job.record.outcome
    return outcome.kind in ("ok", "over_budget", "unmeasured") and not outcome.reason.startswith(LEFT_OUT)


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
