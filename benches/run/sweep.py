"""A sweep: one axis of a workload doubled from size to size, everything else left as it is."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from triptych.benches.record.run import Cell
from triptych.benches.workloads.sizes import BASES, LARGEST, Axis, Size, base_of

RANGE = re.compile(r"(\d{1,19}):(\d{1,19})", re.ASCII)


class SweepError(Exception):
    """A sweep that cannot be made; the message says what was got, what was expected, what to do."""


class Sweep(NamedTuple):
    """An axis and the sizes on it, doubling."""

    axis: Axis
    sizes: tuple[int, ...]


def parse(words: str) -> Sweep:
    """Reads "width=16:4096".

    Raises:
        SweepError: If it is not an axis and two powers of two in order.
    """
    wanted = "expected AXIS=FROM:TO with two powers of two, such as width=16:4096"
    name, _, span = words.partition("=")
    axis: Axis | None = next((axis for axis in LARGEST if axis == name), None)
    if axis is None:
        raise SweepError(f"--sweep {words!r} names no axis; {wanted}; the axes are {', '.join(LARGEST)}")
    if (ends := RANGE.fullmatch(span)) is None:
        raise SweepError(f"--sweep {words!r} is not a range; {wanted}")
    low, high = map(int, ends.groups())
    if any(size < 1 or size & (size - 1) for size in (low, high)):
        raise SweepError(f"--sweep {words!r} has an end that is no power of two; {wanted}")
    if low >= high:
        raise SweepError(f"--sweep {words!r} does not grow; {wanted}, the smaller first")
    if high > LARGEST[axis]:
        most = f"a {axis} of at most {LARGEST[axis]:,} can be measured"
        raise SweepError(f"--sweep {words!r} goes too far: {most}; lower its end")
    return Sweep(axis, tuple(1 << power for power in range(low.bit_length() - 1, high.bit_length())))


def checked(words: Sequence[str]) -> tuple[Sweep, ...]:
    """All sweeps that were asked for.

    Raises:
        SweepError: If one cannot be read, or two share an axis.
    """
    sweeps = tuple(map(parse, words))
    axes = [sweep.axis for sweep in sweeps]
    if twice := [axis for axis in axes if axes.count(axis) > 1]:
        raise SweepError(f"--sweep names {twice[0]} twice; expected each axis once; give one range that holds both")
    return sweeps


def swept(cells: Sequence[Cell], sweeps: Sequence[Sweep]) -> list[Cell]:
    """The cells with every workload in the sizes of each sweep, one axis at a time.

    Raises:
        SweepError: If a workload has a size already.
    """
    bases = dict.fromkeys(cell.workload for cell in cells)
    if sized := [name for name in bases if name not in BASES]:
        raise SweepError(f"workload {sized[0]!r} has a size already; give --sweep the name {base_of(sized[0])!r}")
    names = {base: [Size(base, sweep.axis, size).name for sweep in sweeps for size in sweep.sizes] for base in bases}
    return [
        msgspec.structs.replace(cell, workload=name)
        for base in bases
        for name in names[base]
        for cell in cells
        if cell.workload == base
    ]
