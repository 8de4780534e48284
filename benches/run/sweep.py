"""A sweep: one axis of a workload doubled from size to size, everything else left as it is."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from triptych.benches.record.run import Cell
from triptych.benches.run.options import ChoiceError
from triptych.benches.workloads.sizes import BASES, LARGEST, Axis, Size, base_of

RANGE = re.compile(r"(\w+)=(\d{1,19}):(\d{1,19})", re.ASCII)


class Sweep(NamedTuple):
    """An axis and the sizes on it, doubling."""

    axis: Axis
    sizes: tuple[int, ...]


def parse(words: str) -> Sweep:
    """Reads "width=16:4096".

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
    return Sweep(axis, tuple(1 << power for power in range(low.bit_length() - 1, high.bit_length())))


def checked(words: Sequence[str]) -> tuple[Sweep, ...]:
    """All sweeps that were asked for.

    Raises:
        ChoiceError: If one cannot be read, or two share an axis.
    """
    sweeps = tuple(map(parse, words))
    axes = [sweep.axis for sweep in sweeps]
    if twice := [axis for axis in axes if axes.count(axis) > 1]:
        raise ChoiceError(f"--sweep names {twice[0]} twice; expected each axis once; give one range that holds both")
    return sweeps


def swept(cells: Sequence[Cell], sweeps: Sequence[Sweep]) -> list[Cell]:
    """The cells with every workload in the sizes of each sweep, one axis at a time.

    Raises:
        ChoiceError: If a workload has a size already.
    """
    bases = dict.fromkeys(cell.workload for cell in cells)
    if sized := [name for name in bases if name not in BASES]:
        raise ChoiceError(f"workload {sized[0]!r} has a size already; give --sweep the name {base_of(sized[0])!r}")
    names = {base: [Size(base, sweep.axis, size).name for sweep in sweeps for size in sweep.sizes] for base in bases}
    return [
        msgspec.structs.replace(cell, workload=name)
        for base in bases
        for name in names[base]
        for cell in cells
        if cell.workload == base
    ]
