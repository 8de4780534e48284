"""Workloads in other sizes: `digits-width256` is `digits` with one thing changed, and its name says which.

The name is all that a worker, a record and a page need: each makes the same workload of it.
"""

import re
from dataclasses import replace
from functools import lru_cache, partial
from typing import Literal, NamedTuple, get_args

from triptych.benches.workloads import teacher
from triptych.benches.workloads.published import WORKLOADS, Workload
from triptych.impls import registry

Axis = Literal["width", "depth", "batch"]
"""What is changed: the width of every hidden layer, the number of hidden layers, the rows of a batch."""

LARGEST: dict[Axis, int] = {"width": 16_384, "depth": 64, "batch": 65_536}

BASES: dict[str, Workload] = {**WORKLOADS, teacher.TEACHER.name: teacher.TEACHER}
"""Everything that can be measured at its own size, and changed to others; `adopt` adds those of somebody else."""

STEPS = 10
"""Updates of a training at another size: enough for a certificate of parity, and cheap where a step is long."""

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
    """Makes a workload of somebody else known, `path/to/file.py:WORKLOAD` or `package.module:WORKLOAD`.

    Returns:
        Its name.

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


def size_of(name: str) -> Size | None:
    """What a name says, or None if it is not that of another size."""
    found = NAME.fullmatch(name)
    if found is None:
        return None
    size = Size(found["base"], found["axis"], int(found["size"]))  # pyright: ignore[reportArgumentType]  matched
    return size if size.size <= LARGEST[size.axis] else None


def base_of(name: str) -> str:
    """The workload that this one is, or is made of."""
    size = size_of(name)
    return size.base if size else name


@lru_cache
def workload_named(name: str, reference: str = "") -> Workload:
    """The workload of that name, at its own size or at another.

    Args:
        name: Its own, or a size's.
        reference: Of somebody else's, if it is not known yet.

    Raises:
        KeyError: If there is none; `base_of(name) in BASES` tells beforehand.
        RegistryError: If somebody else's cannot be loaded.
    """
    if reference and base_of(name) not in BASES:
        adopt(reference)
    size = size_of(name)
    if size is None:
        return BASES[name]
    base = BASES[size.base]
    inputs, *hidden, outputs = base.task.layer_sizes
    if size.axis == "width":
        hidden = [size.size] * len(hidden)
    elif size.axis == "depth":
        hidden = hidden[:1] * size.size
    batch_size = size.size if size.axis == "batch" else base.batch_size
    is_taught = base.load is teacher.load
    load = partial(teacher.load, max(teacher.ROWS, batch_size)) if is_taught else base.load
    task = replace(base.task, layer_sizes=(inputs, *hidden, outputs))
    return replace(base, name=size.name, task=task, batch_size=batch_size, steps=STEPS, load=load)
