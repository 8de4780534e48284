"""The experiments: questions beyond the times of the cells chosen, each a row under the name of its option."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from triptych.benches.analysis.ladder import FLOOR, LADDER
from triptych.benches.arms.process import Arm
from triptych.benches.record.run import Cell, Run, Settings
from triptych.benches.run.sweep import checked, swept
from triptych.benches.schedule.defaults import DEFAULT_SWEEP_BUDGET_S
from triptych.benches.schedule.fresh_starts import measure_starts
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.rounds import Rim


class Experiment(NamedTuple):
    """What an option of this name adds to a run.

    Attributes:
        read: Makes of what was typed what `cells` takes; refuses what is wrong.
        cells: The cells to measure, of those chosen; None where they are the same.
        trainers: Measured where none are named, in place of the usual ones,
        workloads: and so are these.
        settings: How much is measured; a field of `Settings` with the option's name is set anyway.
        after: What is done when all blocks are taken.
    """

    read: Callable[[Any], Any] = bool
    cells: Callable[[Sequence[Cell], Any], list[Cell]] | None = None
    trainers: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    settings: Callable[[Settings], Settings] = lambda settings: settings
    after: Callable[[Run, Sequence[Arm], Sequence[Job], Rim], None] | None = None


def with_rungs(cells: Sequence[Cell], _: Any) -> list[Cell]:
    """The same, and every rung of the ladder with its floor in each place."""
    places = dict.fromkeys((cell.workload, cell.device) for cell in cells)
    rungs = [
        Cell(workload, change.trainer, device, change.mode)
        for workload, device in places
        for change in (*LADDER, FLOOR)
    ]
    return list(dict.fromkeys([*cells, *rungs]))


def in_many_sizes(settings: Settings) -> Settings:
    """A sweep has many cells, and asks little of each."""
    return msgspec.structs.replace(
        settings,
        block_s=min(settings.block_s, 0.04),
        train_budget_s=min(settings.train_budget_s, 0.5),
        sweep_budget_s=DEFAULT_SWEEP_BUDGET_S,
    )


EXPERIMENTS: dict[str, Experiment] = {
    "ladder": Experiment(cells=with_rungs),
    "sweep": Experiment(checked, swept, ("treemap", "flax_optax"), ("digits", "teacher"), in_many_sizes),
    "seeds": Experiment(),
    "start_up": Experiment(after=measure_starts),
}
