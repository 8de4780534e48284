"""How fast it should be: what each trainer's step is held against, and whether one run shows that it gets there.

A target is a ratio of two cells of one run and the most that it may be. It is met if the whole interval lies at or
below that, not met if the whole interval lies above, and undecided otherwise.
"""

from typing import Literal, NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Mode, Run
from triptych.benches.stats.ranks import Estimate, geometric
from triptych.benches.worker import c_loop
from triptych.benches.workloads.published import WORKLOADS

WIDTHS = (256, 512, 1024)
"""Of the hidden layer of `digits`, from where on the arithmetic should outweigh what libraries add."""

Verdict = Literal["met", "not met", "undecided", "not measured"]


class Side(NamedTuple):
    """A trainer in a mode."""

    trainer: str
    mode: Mode


class Target(NamedTuple):
    """`ours` shall take at most `most` times as long per step as `against`."""

    workload: str
    ours: Side
    against: Side
    most: float


STEP, SCAN, FLOOR = Side("treemap", "step"), Side("treemap", "scan"), Side("treemap", "floor")
FLAX_STEP, FLAX_SCAN = Side("flax_optax", "step"), Side("flax_optax", "scan")
C_LOOP = Side(c_loop.NAME, "limit")

TARGETS = (
    Target("xor", STEP, FLOOR, 1.25),
    Target("xor", FLAX_STEP, STEP, 1.10),
    Target("xor_adam", FLAX_STEP, STEP, 1.10),
    Target("xor", FLAX_SCAN, SCAN, 1.02),
    Target("xor_adam", FLAX_SCAN, SCAN, 1.02),
    *(Target(f"digits-width{width}", FLAX_STEP, STEP, 1.02) for width in WIDTHS),
    Target("xor", SCAN, C_LOOP, 4.0),
)

BESIDE = (
    ("xor", Side("flax_optax", "floor")),
    ("xor_adam", Side("treemap", "floor")),
    ("xor_adam", Side("flax_optax", "floor")),
    ("xor", Side("one_vector", "step")),
    ("xor_adam", Side("one_vector", "step")),
)
"""Cells that no target asks for, but that say where the time goes where one is missed."""

TRAINERS = tuple(dict.fromkeys(side.trainer for target in TARGETS for side in target[1:3])) + ("one_vector",)


def cells(device: str) -> list[Cell]:
    """Every cell that the targets need on a device; the C loop only where it can run."""
    wanted = [(target.workload, side) for target in TARGETS for side in (target.against, target.ours)]
    return [
        Cell(workload, side.trainer, device, side.mode)
        for workload, side in dict.fromkeys([*wanted, *BESIDE])
        if side != C_LOOP or (device == "cpu" and c_loop.why_not(WORKLOADS[workload].task) is None)
    ]


class Finding(NamedTuple):
    """What a run says of a target.

    Attributes:
        ratio: Time per step of `ours` over `against`; None, with the reason, if it cannot be said.
    """

    target: Target
    device: str
    ratio: Estimate | None
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the target is met."""
        if self.ratio is None:
            return "not measured"
        if self.ratio.low is None or self.ratio.high is None:
            return "undecided"
        if self.ratio.high <= self.target.most:
            return "met"
        return "not met" if self.ratio.low > self.target.most else "undecided"


def findings(run: Run) -> list[Finding]:
    """Every target on every device on which the trainers of all of them were measured; else none."""
    found: list[Finding] = []
    for device in dict.fromkeys(record.cell.device for record in run.cells):
        ours = [cell_of(run, device, target.workload, target.ours) for target in TARGETS]
        if all(ours):
            found += [_finding(run, device, target) for target in TARGETS]
    return found


def cell_of(run: Run, device: str, workload: str, side: Side) -> CellRecord | None:
    """The record of a side on a workload."""
    cell = Cell(workload, side.trainer, device, side.mode)
    return next((record for record in run.cells if record.cell == cell), None)


def _finding(run: Run, device: str, target: Target) -> Finding:
    sides = [cell_of(run, device, target.workload, side) for side in (target.ours, target.against)]
    ours, against = sides
    if ours is None or against is None:
        reason = "the C loop was not measured: it runs on the CPU only, and needs a C compiler (gcc, cc or clang)"
        return Finding(target, device, None, reason)
    for record in (ours, against):
        if record.outcome.kind in FAILURES or not record.counted_blocks:
            return Finding(target, device, None, f"{record.cell.id}: {record.outcome.reason or 'no blocks'}")
    if target.against.mode != "floor" and not (parity := pairing.parity(run, ours, against)).holds:
        return Finding(target, device, None, parity.reason)
    pairs = pairing.paired_ratios(ours, against)
    return Finding(target, device, geometric(pairs)) if pairs else Finding(target, device, None, "no rounds in common")
