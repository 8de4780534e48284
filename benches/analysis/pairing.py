"""What a run says: times, ratios and their parity certificates, all derived from the record.

A ratio is taken inside a restart, block against the block of the same round, so that drift of the machine
cancels; and it is given only together with a `Parity`, since the speed of a different computation means nothing.
"""

import statistics
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from triptych.benches.record.modes import MODES
from triptych.benches.record.run import WITHOUT_TIMES, Block, Cell, CellRecord, Point, Run
from triptych.benches.stats.ranks import Estimate, geometric, hodges_lehmann


class Parity(NamedTuple):
    """Whether two cells computed the same losses, over the steps that both have run."""

    holds: bool
    steps: int
    reason: str


class Tolerance(NamedTuple):
    """A share of the loss, plus so much; and what is said of it where it is a trainer's own."""

    relative: float
    absolute: float
    words: str = ""


class Ratio(NamedTuple):
    """How many times as long as the reference a cell takes per step; None, with the reason, if it cannot be said."""

    time: Estimate | None
    parity: Parity | None
    reason: str = ""


class BreakEven(NamedTuple):
    """From how many steps on a cell is ahead of its reference, compile time included.

    Attributes:
        kind: "after" it compiles longer and then steps faster; "until" the other way round; "always" and "never"
            ahead where both point the same way; "undecided" where the restarts disagree; "unknown" without data.
        steps: For "after" and "until", the step at which the two are level.
    """

    kind: Literal["after", "until", "always", "never", "undecided", "unknown"]
    steps: Estimate | None = None


def restarts(record: CellRecord) -> dict[int, list[Block]]:
    """The counted blocks of a cell by restart."""
    grouped: dict[int, list[Block]] = {}
    for block in record.counted_blocks:
        grouped.setdefault(block.restart, []).append(block)
    return grouped


def step_times(record: CellRecord) -> list[float]:
    """Seconds per step, one number per restart: the median over its blocks."""
    return [statistics.median(block.step_s for block in blocks) for blocks in restarts(record).values()]


def step_s(record: CellRecord) -> Estimate | None:
    """Seconds per step with its interval over restarts; None if nothing counted."""
    values = step_times(record)
    return geometric(values) if values else None


def compile_s(record: CellRecord) -> Estimate | None:
    """Seconds of tracing, lowering and compiling with their interval over restarts.

    Without jit nothing compiles: where a restart took no time, the seconds themselves are ranked, not their logarithms.
    """
    values = [compiled.compile_s for compiled in record.cold_compiles]
    estimate = geometric if all(values) else hodges_lehmann
    return estimate(values) if values else None


def total_s(record: CellRecord, steps: float) -> Estimate | None:
    """Seconds of compiling and of that number of steps, over the restarts that have both; None without any."""
    compiled = compile_times(record)
    step_s = dict(zip(restarts(record), step_times(record), strict=True))
    totals = [compiled[restart] + steps * step_s[restart] for restart in sorted(compiled.keys() & step_s.keys())]
    return geometric(totals) if totals else None


def paired_ratios(record: CellRecord, reference: CellRecord) -> list[float]:
    """Time per step over the reference's, one number per restart: the median over rounds that both have."""
    return list(paired(record, reference, lambda ours, theirs: ours / theirs).values())


def paired(record: CellRecord, reference: CellRecord, compare: Callable[[float, float], float]) -> dict[int, float]:
    """Seconds per step beside the reference's, one number per restart: the median over rounds that both have."""
    sides = (record, reference)
    ours, theirs = ({(one.restart, one.round): one.step_s for one in side.counted_blocks} for side in sides)
    found: dict[int, list[float]] = {}
    for key in sorted(ours.keys() & theirs.keys()):
        found.setdefault(key[0], []).append(compare(ours[key], theirs[key]))
    return {restart: statistics.median(values) for restart, values in found.items()}


def compile_times(record: CellRecord) -> dict[int, float]:
    """Seconds of the cold compile of each restart."""
    return {one.restart: one.compile_s for one in record.cold_compiles}


def ratio(run: Run, record: CellRecord, reference: CellRecord | None) -> Ratio:
    """The time ratio of a cell to its reference, certified; or why there is none."""
    if reference is None:
        return Ratio(None, None, "no reference cell was measured")
    for side in (record, reference):
        if side.outcome.kind in WITHOUT_TIMES:
            return Ratio(None, None, f"{side.cell.trainer}: {side.outcome.kind.replace('_', ' ')}")
    if not MODES[record.cell.mode].timed:
        return Ratio(None, None, record.outcome.reason)
    certificate = parity(run, record, reference)
    if not certificate.holds:
        return Ratio(None, certificate, certificate.reason)
    pairs = paired_ratios(record, reference)
    return Ratio(geometric(pairs), certificate) if pairs else Ratio(None, certificate, "no rounds in common")


def floor_share(run: Run, record: CellRecord) -> Estimate | None:
    """What an empty call takes of a step on the same arrays, with noise more than 1; None where it was not measured."""
    floor = record_of(run, record.arm, replace(record.cell, mode="floor"))
    shares = paired_ratios(floor, record) if floor and record.cell.mode == "step" else []
    return geometric(shares) if shares else None


def returned_share(record: CellRecord) -> float | None:
    """When the calls of a block had returned, before waiting for the device, as a share of its time."""
    shares = [block.dispatch_s / block.seconds for block in record.counted_blocks]
    return statistics.median(shares) if shares else None


def break_even(record: CellRecord, reference: CellRecord) -> BreakEven:
    """Extra compile time over step time saved, each taken inside a restart."""
    ours, theirs = compile_times(record), compile_times(reference)
    saved = paired(record, reference, lambda ours, theirs: theirs - ours)  # seconds per step
    common = sorted(saved.keys() & ours.keys() & theirs.keys())
    pairs = [(ours[restart] - theirs[restart], saved[restart]) for restart in common]
    if not pairs:
        return BreakEven("unknown")
    if all(extra <= 0 <= gain for extra, gain in pairs):
        return BreakEven("always")
    if all(gain <= 0 <= extra for extra, gain in pairs):
        return BreakEven("never")
    if any(extra * gain <= 0 or extra * pairs[0][0] < 0 for extra, gain in pairs):
        return BreakEven("undecided")
    return BreakEven("after" if pairs[0][0] > 0 else "until", geometric([extra / gain for extra, gain in pairs]))


def reference_of(run: Run, record: CellRecord, trainer: str) -> CellRecord | None:
    """The cell of that trainer which differs from `record` in nothing else."""
    return record_of(run, record.arm, replace(record.cell, trainer=trainer))


def record_of(run: Run, arm: str, cell: Cell) -> CellRecord | None:
    """What was measured of a cell in an arm."""
    return next((record for record in run.cells if (record.arm, record.cell) == (arm, cell)), None)


def parity(run: Run, record: CellRecord, reference: CellRecord) -> Parity:
    """Compares the loss curves at every step that both recorded, and the losses at which timed blocks ended."""
    if not record.trainings or not reference.trainings:
        return Parity(holds=False, steps=0, reason="no losses to compare")
    allowed = tolerance(run, record, reference)
    theirs = reference.trainings[0].curve
    again = [*record.trainings[1:], *reference.trainings[1:]]
    known = {point.step for point in theirs}
    timed = [*record.counted_blocks, *reference.counted_blocks]
    ends = {(one.steps, one.loss) for one in timed if one.loss is not None}
    blocks = [[Point(step, 0.0, loss)] for step, loss in sorted(ends) if step in known and step]
    curves = [*blocks, *(training.curve for training in again), record.trainings[0].curve]
    certificates = [agreement(curve, theirs, allowed) for curve in curves]
    return next((one for one in certificates if not one.holds), certificates[-1])


def tolerance(run: Run, record: CellRecord, reference: CellRecord) -> Tolerance:
    """By how much two cells may part: the workload's, or the own one of a trainer that computes in fewer bits."""
    workload = run.workload(record.cell.workload)
    own = max(one.parity_rtol or 0.0 for one in (record, reference))
    if own:
        return Tolerance(own, workload.parity_atol, f" within {100 * own:g} %, its own tolerance,")
    return Tolerance(workload.parity_rtol, workload.parity_atol)


def agreement(curve: Sequence[Point], reference: Sequence[Point], allowed: Tolerance) -> Parity:
    """One loss curve against another, at every step that both have."""
    ours, theirs = ({point.step: point.loss for point in points} for points in (curve, reference))
    common = sorted(ours.keys() & theirs.keys())
    if not common or common[-1] == 0:
        return Parity(holds=False, steps=0, reason="no losses to compare")
    for step in common:
        if not abs(ours[step] - theirs[step]) <= allowed.absolute + allowed.relative * abs(theirs[step]):
            reason = f"losses differ at step {step}: {ours[step]:.6g} against {theirs[step]:.6g}"
            return Parity(holds=False, steps=step, reason=reason)
    return Parity(holds=True, steps=common[-1], reason=f"same losses{allowed.words} over {common[-1]:,} steps")
