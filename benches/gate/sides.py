"""The gate on two arms that took turns: a base against a head, restart by restart and round by round.

Both sides of a pair were measured within the same second on the same processor, so what the machine does to both
cancels. Two more arms with the base's code, the canaries, are measured beside them: if one seems faster than the
other, this machine is unfit to decide anything at this moment.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.gate.exact import compare_counts
from triptych.benches.gate.verdict import Comparison, Finding, Rule, Verdict, judge
from triptych.benches.record.run import FAILURES, CellRecord, Run
from triptych.benches.stats.power import smallest_restarts
from triptych.benches.stats.ranks import paired_shift

BASE, HEAD = "base", "head"

CANARIES = ("canary again", "canary")
"""Two more arms of the base's code, with fewer cells: equal in everything, so that what they differ in is noise."""

LOOKS = 2
"""What is undecided is looked at once more; each look gets its share of the error rate."""


class Metric(NamedTuple):
    """What is compared: "time" per step or "compile" time, of a cell."""

    name: str
    cell: str


class Margins(Protocol):
    """How strict to be."""

    @property
    def alpha(self) -> float:
        """Largest chance that a run without any change calls anything `regressed`."""
        ...

    def margin(self, metric: str, cell: str) -> float:
        """The change of no account of a metric of a cell, a fraction."""
        ...


Logs = Mapping[Metric, Sequence[float]]
"""log(other arm / base), one number per restart."""


class Sides(NamedTuple):
    """A cell in the base and in another arm."""

    base: CellRecord
    other: CellRecord


def sides(run: Run, arm: str = HEAD, base: str = BASE) -> dict[str, Sides]:
    """Every cell that two arms hold, by its id, without the restarts that lost a worker."""
    records = {(record.arm, record.cell.id): _without(record, run.cut_short) for record in run.cells}
    return {
        cell: Sides(records[base, cell], record)
        for (name, cell), record in records.items()
        if name == arm and (base, cell) in records
    }


def settled(run: Run) -> list[Finding]:
    """What needs no statistics: a cell that fails on one side, and whether both compute the same losses."""
    return [_outcome(cell, pair) or _loss(run, cell, pair) for cell, pair in sides(run).items()]


def logs(run: Run, arm: str = HEAD, base: str = BASE) -> dict[Metric, list[float]]:
    """The log-ratios of every metric that was measured on both sides."""
    ratios = {
        Metric(name, cell): take(pair.other, pair.base)
        for cell, pair in sides(run, arm, base).items()
        for name, take in (("time", pairing.paired_ratios), ("compile", pairing.compile_ratios))
    }
    return {metric: list(map(math.log, values)) for metric, values in ratios.items() if values}


def untimed(run: Run, found: Logs) -> list[Finding]:
    """The cells without a whole restart on both sides."""
    words = "no restart was measured to its end on both sides; run the gate again"
    cells = [cell for cell in sides(run) if Metric("time", cell) not in found]
    return [Finding("time", cell, "undecided", words) for cell in cells]


def counted(run: Run) -> list[Finding]:
    """What is compared without statistics: programs, flops, memory."""
    pairs = sides(run).values()
    return [one for pair in pairs for one in compare_counts(pair.base.cell, pair.base.counts, pair.other.counts)]


def first_look(found: Logs, policy: Margins) -> list[Finding]:
    """The verdicts after the first look."""
    return _look(found, policy, Rule(policy.alpha, LOOKS))


def undecided(first: Sequence[Finding], policy: Margins, restarts: int) -> set[str]:
    """The cells that a second look of so many restarts more may decide."""
    needed = smallest_restarts(Rule(policy.alpha, LOOKS, family=len(first)).strictest, paired=True)
    return {one.cell for one in first if one.verdict == "undecided"} if LOOKS * restarts >= needed else set()


def second_look(first: Sequence[Finding], found: Logs, policy: Margins) -> list[Finding]:
    """The verdicts after a second look at what was undecided; what was decided stands."""
    rule = Rule(policy.alpha, LOOKS, family=len(first))
    decided = [one for one in first if one.verdict != "undecided"]
    known = {Metric(one.metric, one.cell) for one in decided}
    undecided = {Metric(one.metric, one.cell) for one in first} - known
    return [*decided, *_look({metric: values for metric, values in found.items() if metric in undecided}, policy, rule)]


def canary(found: Logs, policy: Margins) -> list[Finding]:
    """The verdicts on the base against itself."""
    return _look(found, policy, Rule(policy.alpha))


def unfit(canary_findings: Sequence[Finding]) -> str:
    """Why the machine cannot decide anything now; empty if it can."""
    alarms = [finding for finding in canary_findings if finding.verdict in ("regressed", "improved")]
    if not alarms:
        return ""
    told = "; ".join(f"{finding.cell}, {finding.metric}: {finding.sentence}" for finding in alarms)
    return f"the base measured twice differs from itself ({told}), so this machine cannot decide anything now"


def believed(findings: Sequence[Finding], canary_findings: Sequence[Finding]) -> list[Finding]:
    """The verdicts on times if the machine is fit; nothing is decided if it is not."""
    if not unfit(canary_findings):
        return list(findings)
    return [replace(one, verdict="undecided", sentence=f"{one.sentence}; not believed here") for one in findings]


def _look(found: Logs, policy: Margins, rule: Rule) -> list[Finding]:
    comparisons = [
        Comparison(metric.name, metric.cell, policy.margin(metric.name, metric.cell), paired_shift(values))
        for metric, values in found.items()
    ]
    return judge(comparisons, rule)


def _outcome(cell: str, pair: Sides) -> Finding | None:
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


def _loss(run: Run, cell: str, pair: Sides) -> Finding:
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
