"""How one kind of run differs from another, and what every run does to the world."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker


class Plan(NamedTuple):
    """How one kind of run differs from another."""

    full: bool  # short trainings are timed in every restart, and long ones made last
    patience: int  # so many lost workers make a cell, or an arm, a failed one; before that, a restart is taken again
    first: int = 0  # the number of the first restart, if the record already has some


ONE_ARM = Plan(full=True, patience=1)
TWO_SIDES = Plan(full=False, patience=3)  # one lost worker says nothing against an arm: nobody knows who killed it


@dataclass(frozen=True)
class Rim:
    """What the schedule does to the world: starting workers, saving the record, telling how many seconds are left."""

    start: Callable[[Arm], Worker]
    save: Callable[[], None]
    advance: Callable[[str, float], None]
    clock: Callable[[], float] = time.monotonic
