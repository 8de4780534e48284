"""A cell to be measured, and how its training ended."""

from typing import NamedTuple

from triptych.benches.record.run import CellRecord, Outcome, Training
from triptych.benches.worker.messages import Spec


class Job(NamedTuple):
    """A cell's record and what its worker needs to know of it."""

    record: CellRecord
    spec: Spec

    @property
    def key(self) -> str:
        """The arm and the cell."""
        return f"{self.record.arm} {self.spec.cell.id}"


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
