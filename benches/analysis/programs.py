"""What XLA made of a step: whether two trainers become the same program, and how large a step fits a device.

Both are answered for the devices that a run measured on, and for those that it only compiled for.
"""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from triptych.benches.analysis import pairing
from triptych.benches.analysis.pairing import Parity
from triptych.benches.record.counts import Counts, Program, needed_bytes
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.workloads.sizes import size_of


class Built(NamedTuple):
    """A cell's program and its counts."""

    record: CellRecord
    program: Program
    counts: Counts


class Twins(NamedTuple):
    """Two programs of one place, and why it is not known that both compute the same; empty where this run certifies."""

    ours: Built
    theirs: Built
    uncertified: str

    @property
    def same(self) -> bool:
        """Whether they are equal but for names, metadata and the compiler's notes."""
        return self.ours.program.digest == self.theirs.program.digest

    @property
    def more(self) -> dict[str, int]:
        """Instructions that ours has more (or less, below 0) of, by kind, the largest differences first."""
        ours, theirs = self.ours.program.operations, self.theirs.program.operations
        moved = {kind: ours.get(kind, 0) - theirs.get(kind, 0) for kind in {**theirs, **ours}}
        return dict(sorted(((kind, by) for kind, by in moved.items() if by), key=lambda one: (-abs(one[1]), one[0])))


class Fit(NamedTuple):
    """The largest size along an axis that `fits` a device that is not there, and its bytes; None if not even one does.

    `fails` is the smallest size that does not fit, None where all that were compiled do; `has` is the device's bytes.
    """

    workload: str
    axis: str
    trainer: str
    device: str
    fits: tuple[int, int] | None
    fails: int | None
    has: int


def built(record: CellRecord | None) -> Built | None:
    """A cell whose call is one program that was counted."""
    return Built(record, record.program, record.counts) if record and record.program and record.counts else None


def twins(run: Run) -> Iterator[Twins]:
    """Every program beside that of the run's reference in its place, where both were run, there or on the CPU."""
    for record in run.cells:
        ours, theirs = built(record), built(pairing.reference_of(run, record, run.reference))
        certificate = _certificate(run, record)
        if ours and theirs and certificate and record.cell.trainer != run.reference:
            yield Twins(ours, theirs, "" if certificate.holds else certificate.reason)


def _certificate(run: Run, record: CellRecord) -> Parity | None:
    """A program says nothing of another that computes something else; what only compiles is certified on the CPU."""
    arms = {arm.name: arm for arm in run.arms}
    is_aimed = bool(arms[record.arm].target)
    arm, cell = ("cpu", replace(record.cell, device="cpu", mode="step")) if is_aimed else (record.arm, record.cell)
    ours, theirs = (pairing.record_of(run, arm, replace(cell, trainer=name)) for name in (cell.trainer, run.reference))
    return pairing.parity(run, ours, theirs) if ours and theirs else None


def fits(run: Run) -> list[Fit]:
    """What a sweep of sizes that were only compiled says of memory."""
    memory = {arm.name: arm.memory_bytes for arm in run.arms if arm.memory_bytes}
    sizes: dict[tuple[str, str, str, str], dict[int, CellRecord]] = {}
    for record in run.cells:
        if record.arm in memory and (size := size_of(record.cell.workload)):
            key = (size.base, size.axis, record.cell.trainer, record.arm)
            sizes.setdefault(key, {})[size.size] = record
    found = (_fit(key, records, memory[key[-1]]) for key, records in sizes.items())
    return [one for one in found if one.fits or one.fails]


def _fit(key: tuple[str, str, str, str], records: dict[int, CellRecord], has: int) -> Fit:
    counted = {size: needed_bytes(one.counts, one.arm) for size, one in records.items() if one.counts}
    used = {size: needs for size, needs in counted.items() if needs is not None}
    fitting = {size: needs for size, needs in used.items() if needs <= has}
    failing = [size for size, one in records.items() if one.outcome.kind == "out_of_memory" or used.get(size, 0) > has]
    return Fit(*key, max(fitting.items(), default=None), min(failing, default=None), has)
