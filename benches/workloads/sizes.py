"""Workloads in other sizes: `digits-width256` is `digits` with one thing changed, and its name says which.

`text-width128-batch64` has two things changed, always named in the order of `Axis`. The name is all that a worker, a
record and a page need: each makes the same workload of it.
"""

import re
from dataclasses import replace
from functools import lru_cache, partial
from importlib.metadata import entry_points
from typing import Literal, NamedTuple, get_args

from triptych.benches.workloads import teacher, text
from triptych.benches.workloads.arrays import ARRAYS
from triptych.benches.workloads.published import WORKLOADS, Workload
from triptych.impls import registry
from triptych.impls.networks import TaskError

Axis = Literal["width", "depth", "batch", "arrays"]
"""What is changed: the width of every hidden layer, the number of hidden layers, the rows of a batch, or the number of
arrays that a perceptron's parameters are cut into, two to a layer.

What is a layer of another network than a perceptron is said by its `resized`.
"""

LARGEST: dict[Axis, int] = {"width": 16_384, "depth": 64, "batch": 65_536, "arrays": 512}

BASES: dict[str, Workload] = {**WORKLOADS, **{one.name: one for one in (text.TEXT, teacher.TEACHER)}, **ARRAYS}
"""Everything that can be measured at its own size, and changed to others; `adopt` adds those of somebody else."""

ENTRY_POINT_GROUP = "triptych.workloads"
STEPS = 10  # of a training at another size: enough for a certificate of parity, and cheap where a step is long

NAME = re.compile(rf"(?P<base>.+)-(?P<axis>{'|'.join(get_args(Axis))})(?P<size>[1-9][0-9]{{0,5}})")


class Size(NamedTuple):
    """One workload in one other size."""

    base: str
    axis: Axis
    size: int

    @property
    def name(self) -> str:
        """For instance "digits-width256"; it keys the history."""
        return f"{self.base}-{self.axis}{self.size}"


def adopt(reference: str) -> str:
    """Makes a workload of somebody else known, `file.py:WORKLOAD` or `package.module:WORKLOAD`, and gives its name.

    Raises:
        RegistryError: If it cannot be loaded, is no workload, or has a name that cannot be part of a benchmark's id.
    """
    found, _ = registry.value_of(reference)
    if not isinstance(found, Workload):
        words = f"{reference} is of type {type(found).__name__}; expected a Workload"
        raise registry.RegistryError(f"{words}, such as those in triptych.benches.workloads.published")
    known = BASES.get(found.name)
    if re.fullmatch(r"[\w.]+", found.name) is None or (known and known.reference != reference):
        words = f"the workload of {reference} is called {found.name!r}"
        raise registry.RegistryError(f"{words}; give it a name of letters, digits and _ that no other workload has")
    BASES[found.name] = replace(found, reference=reference)
    return found.name


def announced() -> dict[str, str]:
    """The workloads that other packages announce, and their references; none of them is loaded."""
    return {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP) if point.name not in BASES}


def known_as(named: str) -> str:
    """The name of a workload, which is known from now on if it is a reference or announced.

    Raises:
        RegistryError: As `adopt` does, if an announced one is called otherwise, or if there is none of that size.
    """
    if ":" in named:
        return adopt(named)
    base = base_of(named)
    reference = None if base in BASES else announced().get(base)
    if reference and (own := adopt(reference)) != base:
        raise registry.RegistryError(f"workload {base!r} is announced as {reference}, which is called {own!r}")
    try:
        if base in BASES:
            workload_named(named)
    except TaskError as error:
        raise registry.RegistryError(f"there is no workload {named!r}: {error}") from error
    return named


def size_of(name: str) -> Size | None:
    """What a name says, or None if it is not that of another size."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    size = Size(found["base"], found["axis"], int(found["size"]))  # pyright: ignore[reportArgumentType]  matched
    before, axes = size_of(size.base), get_args(Axis)
    in_order = before is None or axes.index(before.axis) < axes.index(size.axis)
    return size if size.size <= LARGEST[size.axis] and in_order else None


def base_of(name: str) -> str:
    """The workload that this one is, or is made of."""
    size = size_of(name)
    return base_of(size.base) if size else name


@lru_cache
def workload_named(name: str, reference: str = "") -> Workload:
    """The workload of that name, at its own size or at another; somebody else's is adopted if it is not known yet.

    Raises:
        KeyError: If there is none; `base_of(name) in BASES` tells beforehand.
        RegistryError: If somebody else's cannot be loaded.
        TaskError: If its network cannot have that size.
    """
    if reference and base_of(name) not in BASES:
        adopt(reference)
    size = size_of(name)
    if size is None:
        return BASES[name]
    base = workload_named(size.base)
    task = base.task
    if size.axis != "batch":
        task = replace(task, network=task.network.resized(size.axis, size.size))
    batch_size = size.size if size.axis == "batch" else base.batch_size
    is_taught = base_of(name) == teacher.TEACHER.name
    load = partial(teacher.load, max(teacher.ROWS, batch_size)) if is_taught else base.load
    return replace(base, name=size.name, task=task, batch_size=batch_size, steps=STEPS, load=load, write=None)
