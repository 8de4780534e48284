"""The experiments: questions beyond the times of the cells chosen, each a row under the name of its option."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from triptych.benches.analysis.ladder import FLOOR, LADDER
from triptych.benches.arms.arm import Arm
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import Cell, Run, Settings
from triptych.benches.run.options import ChoiceError
from triptych.benches.schedule.defaults import DEFAULT_REFERENCE, DEFAULT_SWEEP_BUDGET_S, DEFAULT_WORKLOADS, NETWORKS
from triptych.benches.schedule.fresh_starts import measure_starts
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.plan import Rim
from triptych.benches.stats.ranks import smallest_n
from triptych.benches.workloads.arrays import CUTS
from triptych.benches.workloads.sizes import LARGEST, Axis, Size, base_of, known_as, size_of
from triptych.impls import registry
from triptych.impls.styles import BUILT_IN, RUNGS, STYLES

RANGE = re.compile(r"(\w+)=(\d{1,19}):(\d{1,19})", re.ASCII)
"""A sweep as it is typed: an axis, its first and its last size."""


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
    """The same, and every rung of the ladder with its floor in each place.

    Raises:
        ChoiceError: If there is no place where a rung could be timed.
    """
    places = dict.fromkeys((cell.workload, cell.device) for cell in cells if MODES[cell.mode].timed)
    if not places:
        raise ChoiceError("--ladder times its rungs, and --mode compile times nothing; leave one of them out")
    changes = (*LADDER, FLOOR)
    rungs = [Cell(workload, one.trainer, device, one.mode) for workload, device in places for one in changes]
    return list(dict.fromkeys([*cells, *rungs]))


def parse(words: str) -> tuple[Axis, tuple[int, ...]]:
    """Reads "width=16:4096": an axis and the sizes on it, doubling.

    Raises:
        ChoiceError: If it is not an axis and two powers of two in order, or goes farther than can be measured.
    """
    found = RANGE.fullmatch(words)
    axis: Axis | None = next((axis for axis in LARGEST if found and axis == found[1]), None)
    low, high = (int(found[2]), int(found[3])) if found else (0, 0)
    if axis is None or not 0 < low < high or low & (low - 1) or high & (high - 1):
        wanted = "AXIS=FROM:TO with two powers of two, the smaller first, such as width=16:4096"
        raise ChoiceError(f"--sweep {words!r} cannot be read; expected {wanted}; the axes are {', '.join(LARGEST)}")
    if high > LARGEST[axis]:
        most = f"a {axis} of at most {LARGEST[axis]:,} can be measured"
        raise ChoiceError(f"--sweep {words!r} goes too far: {most}; lower its end")
    return axis, tuple(1 << power for power in range(low.bit_length() - 1, high.bit_length()))


def checked(words: Sequence[str]) -> dict[Axis, tuple[int, ...]]:
    """All sweeps that were asked for: sizes by axis.

    Raises:
        ChoiceError: If one cannot be read, or two share an axis.
    """
    sweeps = list(map(parse, words))
    axes = [axis for axis, _ in sweeps]
    if twice := [axis for axis in axes if axes.count(axis) > 1]:
        raise ChoiceError(f"--sweep names {twice[0]} twice; expected each axis once; give one range that holds both")
    return dict(sweeps)


def swept(cells: Sequence[Cell], sweeps: Mapping[Axis, Sequence[int]]) -> list[Cell]:
    """The cells with every workload in the sizes of each sweep, one axis at a time.

    Raises:
        ChoiceError: If a workload has a size already, on that axis or one that comes after it in a name.
        triptych.impls.registry.RegistryError: If a network cannot have one of these sizes.
    """
    bases = dict.fromkeys(cell.workload for cell in cells)
    sized = [Size(base, axis, size) for base in bases for axis, sizes in sweeps.items() for size in sizes]
    if odd := [one for one in sized if size_of(one.name) != one]:
        words = f"workload {odd[0].base!r} has a size already, which no {odd[0].axis} can follow"
        raise ChoiceError(f"{words}; give --sweep the name {base_of(odd[0].base)!r}")
    for one in sized:
        known_as(one.name)
    return [replace(cell, workload=one.name) for one in sized for cell in cells if cell.workload == one.base]


def in_two_hours(settings: Settings) -> Settings:
    """As many restarts as an interval needs, on two cores."""
    return replace(settings, restarts=min(settings.restarts, smallest_n()))


def of_the_law(settings: Settings) -> Settings:
    """Trainings are just long enough for a certificate."""
    train_s = min(settings.train_budget_s, 0.5)
    return replace(in_two_hours(settings), tail_s=0.0, train_budget_s=train_s, loss_budget_s=train_s)


def in_many_sizes(settings: Settings) -> Settings:
    """A sweep has many cells, asks little of each, and leaves out what does not fit into its budget."""
    return replace(of_the_law(settings), sweep_budget_s=DEFAULT_SWEEP_BUDGET_S)


def with_arrays(cells: Sequence[Cell], _: Any) -> list[Cell]:
    """The same, and every trainer whose step may be one call on what is cut into more and more arrays.

    An empty call stands beside them. The law is held to account on what is among the cells beside that.

    Raises:
        ChoiceError: If pure JAX, beside which a cost is told, is not among them, or nothing would be timed.
    """
    named = dict.fromkeys(cell.trainer for cell in cells if MODES[cell.mode].timed)
    others = {*STYLES, *RUNGS} - {*ONE_CALL}
    trainers = [name for name in named if name not in others]
    if DEFAULT_REFERENCE not in trainers:
        raise ChoiceError(f"a cost is what a step takes longer than {DEFAULT_REFERENCE}'s; time that too")
    ways = [*((name, "step") for name in trainers), (DEFAULT_REFERENCE, "floor")]
    names = [Size(base, "arrays", size).name for base, sizes in CUTS.items() for size in sizes]
    new = [
        Cell(name, trainer, device, mode)  # pyright: ignore[reportArgumentType]  two modes of three
        for device in dict.fromkeys(cell.device for cell in cells if MODES[cell.mode].timed)
        for name in names
        for trainer, mode in ways
    ]
    return list(dict.fromkeys([*cells, *new]))


def of_everything(cells: Sequence[Cell], _: Any) -> list[Cell]:
    """The same, what the lessons' claims ask for beside them, and the law with deeper transformers to hold it to."""
    devices = dict.fromkeys(cell.device for cell in cells if MODES[cell.mode].timed)
    asked = [*((work, "compiled_gradient") for work in DEFAULT_WORKLOADS), *OF_CLAIMS]
    rungs = [Cell(*one, device) for device in devices for one in asked]
    deeper = [Cell(work, name, device) for device in devices for work in DEEPER for name in ONE_CALL]
    return with_arrays(list(dict.fromkeys([*cells, *rungs, *deeper])), None)


ONE_CALL = tuple(filter(registry.is_one_call, STYLES))
OF_CLAIMS = [(work, name) for work in ("xnor_online", "xor_adam") for name in BUILT_IN]
DEEPER = ("text-depth4", "text-depth8")

EXPERIMENTS: dict[str, Experiment] = {
    "ladder": Experiment(cells=with_rungs),
    "sweep": Experiment(checked, swept, ("treemap", "flax_optax"), ("digits", "teacher"), in_many_sizes),
    "law": Experiment(cells=with_arrays, trainers=ONE_CALL, workloads=(*NETWORKS[1:], *DEEPER), settings=of_the_law),
    "gallery": Experiment(
        cells=of_everything, trainers=registry.installed(), workloads=NETWORKS, settings=in_two_hours
    ),
    "seeds": Experiment(),
    "start_up": Experiment(after=measure_starts),
}
