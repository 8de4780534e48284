"""The gate on one run of two arms: a base against a head, restart by restart and round by round.

Both sides of a pair were measured within the same second on the same processor, so what the machine does to both
cancels. A second copy of the base, the canary, is measured beside them: if it seems faster or slower than the base
itself, this machine is unfit to decide anything at this moment.
"""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from benches import pairing
from benches.policy import Policy
from benches.record import FAILURES, CellRecord, Run
from benches.stats import paired_shift
from benches.verdict import Comparison, Finding, Rule, Verdict, judge

BASE, HEAD, CANARY = "base", "head", "canary"


class Sides(NamedTuple):
    """A cell of both arms."""

    base: CellRecord
    head: CellRecord


def sides(run: Run, arm: str = HEAD) -> dict[str, Sides]:
    """Every cell that the base and the other arm hold, by its id, without the restarts that lost a worker."""
    records = {(record.arm, record.cell.id): record for record in run.cells}
    return {
        cell_id: Sides(*(_without(one, run.cut_short) for one in (records[BASE, cell_id], record)))
        for (name, cell_id), record in records.items()
        if name == arm and (BASE, cell_id) in records
    }


def settled(run: Run) -> list[Finding]:
    """What needs no statistics: a cell that fails on one side, and whether both compute the same losses."""
    return [_outcome(cell, pair) or _loss(run, cell, pair) for cell, pair in sides(run).items()]


def timed(run: Run, policy: Policy, rule: Rule, cells: Collection[str]) -> list[Finding]:
    """The times of some cells, head against base; what was never timed on both sides is undecided."""
    pairs = sides(run)
    comparisons = [one for cell in cells for one in _comparisons(cell, pairs[cell], policy)]
    known = {one.cell for one in comparisons if one.metric == "time"}
    words = "no restart was measured to its end on both sides; run the gate again"
    return judge(comparisons, rule) + [Finding("time", cell, "undecided", words) for cell in cells if cell not in known]


def canary(run: Run, policy: Policy) -> list[Finding]:
    """The times of the canary against those of the base, whose code it shares."""
    pairs = sides(run, CANARY)
    return judge([one for cell, pair in pairs.items() for one in _comparisons(cell, pair, policy)], Rule(policy.alpha))


def unfit(findings: Sequence[Finding]) -> str:
    """Why the machine cannot decide anything now; empty if it can."""
    alarms = [finding for finding in findings if finding.verdict in ("regressed", "improved")]
    if not alarms:
        return ""
    told = "; ".join(f"{finding.cell}, {finding.metric}: {finding.sentence}" for finding in alarms)
    return f"the base measured twice differs from itself ({told}), so this machine cannot decide anything now"


def _outcome(cell: str, pair: Sides) -> Finding | None:
    base, head = pair.base.outcome, pair.head.outcome
    if base.kind in FAILURES:
        words = f"{base.kind.replace('_', ' ')}: {base.reason}"
        return Finding("outcome", cell, "incomparable", f"the base cannot be measured: {words}")
    if head.kind in FAILURES:
        words = f"{head.kind.replace('_', ' ')}: {head.reason}"
        return Finding("outcome", cell, "regressed", f"the base runs, but the head does not: {words}")
    if not (pair.base.trainings and pair.head.trainings):
        return Finding("outcome", cell, "undecided", "was not measured to the end on both sides; run the gate again")
    return None


def _loss(run: Run, cell: str, pair: Sides) -> Finding:
    parity = pairing.parity(run, pair.head, pair.base)
    verdict: Verdict = "ok" if parity.holds else "regressed"
    words = parity.reason if parity.holds else f"head against base: {parity.reason}; times are not compared"
    return Finding("loss", cell, verdict, words)


def _comparisons(cell: str, pair: Sides, policy: Policy) -> list[Comparison]:
    """Time per step and compile time, one log-ratio per restart."""
    logs = {
        "time": pairing.paired_ratios(pair.head, pair.base),
        "compile": pairing.compile_ratios(pair.head, pair.base),
    }
    return [
        Comparison(metric, cell, policy.margin(metric, cell), paired_shift([math.log(ratio) for ratio in ratios]))
        for metric, ratios in logs.items()
        if ratios
    ]


def _without(record: CellRecord, restarts: Collection[int]) -> CellRecord:
    """The same record as if those restarts had never been."""
    return msgspec.structs.replace(
        record,
        compiles=[one for one in record.compiles if one.restart not in restarts],
        blocks=[one for one in record.blocks if one.restart not in restarts],
    )
