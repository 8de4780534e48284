"""The gate on two arms that took turns: a base against a head, restart by restart and round by round.

Both sides of a pair were measured within the same second on the same processor, so what the machine does to both
cancels. Two more arms with the base's code, the canaries, are measured beside them: if one seems faster than the
other, this machine is unfit to decide anything at this moment.
"""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.gate.exact import compare_counts
from triptych.benches.gate.metrics import TIME, Logs, Subject, logs
from triptych.benches.gate.verdict import Finding, Verdict
from triptych.benches.record.run import FAILURES, CellRecord, Run

BASE, HEAD = "base", "head"

CANARIES = ("canary again", "canary")
"""Two more arms of the base's code, with fewer cells: equal in everything, so that what they differ in is noise."""


class Pair(NamedTuple):
    """A cell in the base and in another arm."""

    base: CellRecord
    other: CellRecord


def pairs(run: Run, arm: str = HEAD, base: str = BASE) -> dict[str, Pair]:
    """Every cell that two arms hold, by its id, without the restarts that lost a worker."""
    records = {(record.arm, record.cell.id): _without(record, run.cut_short) for record in run.cells}
    return {
        cell: Pair(records[base, cell], record)
        for (name, cell), record in records.items()
        if name == arm and (base, cell) in records
    }


def settled(run: Run) -> list[Finding]:
    """What needs no statistics: a cell that fails on one side, and whether both compute the same losses."""
    return [_outcome(cell, pair) or _loss(run, cell, pair) for cell, pair in pairs(run).items()]


def seen(run: Run, arm: str = HEAD, base: str = BASE) -> dict[Subject, list[float]]:
    """The log-ratios of every metric that was measured on both sides."""
    return {
        subject: values
        for cell, pair in pairs(run, arm, base).items()
        for subject, values in logs(cell, pair.other, pair.base).items()
    }


def untimed(run: Run, found: Logs) -> list[Finding]:
    """The cells without a whole restart on both sides."""
    words = "no restart was measured to its end on both sides; run the gate again"
    cells = [cell for cell in pairs(run) if Subject(TIME.name, cell) not in found]
    return [Finding(TIME.name, cell, "undecided", words) for cell in cells]


def counts_compared(run: Run) -> list[Finding]:
    """What is compared without statistics: programs, flops, memory."""
    both = pairs(run).values()
    return [one for pair in both for one in compare_counts(pair.base.cell, pair.base.counts, pair.other.counts)]


def _outcome(cell: str, pair: Pair) -> Finding | None:
    base, head = pair.base.outcome, pair.other.outcome
    if base.kind in FAILURES:
        words = f"{base.kind.replace('_', ' ')}: {base.reason}"
        return Finding("outcome", cell, "incomparable", f"the base cannot be measured: {words}")
    if head.kind in FAILURES:
        words = f"{head.kind.replace('_', ' ')}: {head.reason}"
        return Finding("outcome", cell, "regressed", f"the base runs, but the head does not: {words}")
    if not (pair.base.trainings and pair.other.trainings):
        return Finding("outcome", cell, "undecided", "was not measured to the end on both sides; run the gate again")
    return None


def _loss(run: Run, cell: str, pair: Pair) -> Finding:
    parity = pairing.parity(run, pair.other, pair.base)
    verdict: Verdict = "ok" if parity.holds else "regressed"
    words = parity.reason if parity.holds else f"head against base: {parity.reason}; times are not compared"
    return Finding("loss", cell, verdict, words)


def _without(record: CellRecord, restarts: Collection[int]) -> CellRecord:
    """The same record as if those restarts had never been."""
    return msgspec.structs.replace(
        record,
        compiles=[one for one in record.compiles if one.restart not in restarts],
        blocks=[one for one in record.blocks if one.restart not in restarts],
    )
