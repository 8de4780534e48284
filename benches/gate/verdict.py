"""What the gate says of a change: one finding per metric and cell, and the exit code of them all.

It takes shifts between two sides and gives verdicts; where the shifts come from, two checkouts measured in turns or
two stacks of result files, is nothing to it. A run that could not have called a regression calls nothing `ok`.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from triptych.benches.exit_codes import Exit
from triptych.benches.gate.metrics import Subject
from triptych.benches.stats.power import detectable, smallest_restarts
from triptych.benches.stats.ranks import Estimate, Shift, bounds, holm, p_above, p_below, reaches

Verdict = Literal["regressed", "improved", "ok", "undecided", "incomparable", "missing"]

EXIT_CODES: dict[Verdict, Exit] = {
    "regressed": Exit.FAILED,
    "missing": Exit.NOTHING,
    "incomparable": Exit.NOTHING,
    "undecided": Exit.UNDECIDED,
    "improved": Exit.FINE,
    "ok": Exit.FINE,
}
"""In order from the worst; the worst verdict of a run gives its exit code."""

EVERY = "every benchmark"  # in the place of a cell, where something is said of all


@dataclass(frozen=True)
class Rule:
    """The chance `alpha` that a run without any change may call anything `regressed`; each of its looks gets a share.

    `family` is how many comparisons the run began with, if a second look has fewer.
    """

    alpha: float = 0.05
    looks: int = 1
    family: int = 0

    @property
    def level(self) -> float:
        """The share of one look."""
        return self.alpha / self.looks

    @property
    def strictest(self) -> float:
        """What the first rejection of Holm's procedure asks of a p-value."""
        return self.level / max(self.family, 1)


@dataclass(frozen=True)
class Comparison:
    """One metric of one cell on both sides, before any verdict."""

    metric: str
    cell: str
    margin: float  # a change smaller than this fraction is of no account
    shift: Shift  # logarithm of candidate over baseline
    floor: float = 0.0  # what an improvement must save at least, a fraction of the baseline; the margin is no narrower
    remark: str = ""  # why the margin is as wide as the floor; empty where it is wider


@dataclass(frozen=True)
class Finding:
    """What is said of one metric of one cell.

    Attributes:
        sentence: The verdict with its figures, or its reason.
        estimate: Candidate over baseline; the ends of the interval are one-sided bounds, each at the level of the
            look, so that the upper end lies inside the margin exactly where the verdict may be `ok`.
        adjusted_p: Of the direction in which the estimate points, by Holm over all comparisons of the run.
        restarts: How many: one number if paired, baseline and candidate if not.
        detectable: The smallest slowdown, a fraction, that such a run calls nine times in ten; where undecided.
        remark: Of an estimate, what the sentence says beyond its figures.
        why: Sentences: what may be behind it, where that can be told, and how to measure it again.
    """

    metric: str
    cell: str
    verdict: Verdict
    sentence: str
    estimate: Estimate | None = None
    adjusted_p: float | None = None
    margin: float | None = None
    restarts: tuple[int, ...] = ()
    detectable: float | None = None
    remark: str = ""
    why: tuple[str, ...] = ()

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.metric, self.cell)


def stopped(settled: Collection[Finding]) -> set[str]:
    """The cells of which no times are compared, since something else speaks against it."""
    return {finding.cell for finding in settled if finding.verdict != "ok"}


@dataclass(frozen=True)
class Judgement:
    """What a gate found, the benchmarks that only the candidate has, and sentences on what limits the findings."""

    findings: tuple[Finding, ...]
    added: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """The code of the worst verdict; nothing found is as bad as nothing comparable."""
        verdicts = {finding.verdict for finding in self.findings}
        return next((code for verdict, code in EXIT_CODES.items() if verdict in verdicts), Exit.NOTHING)


def judge(comparisons: Sequence[Comparison], rule: Rule) -> list[Finding]:
    """One finding per comparison, in order.

    `regressed`: slower at a Holm-adjusted p within the level, and estimated beyond the margin. `improved`: its mirror
    image. `ok`: the one-sided upper bound lies inside the margin; that needs no correction, since a run passes only
    if every comparison does. `undecided`: neither, or too few restarts to have called anything in this family.
    """
    rule = replace(rule, family=max(rule.family, len(comparisons)))
    slower = holm([p_above(comparison.shift) for comparison in comparisons], rule.family)
    faster = holm([p_below(comparison.shift) for comparison in comparisons], rule.family)
    return [_finding(*one, rule) for one in zip(comparisons, slower, faster, strict=True)]


def _finding(one: Comparison, slower: float, faster: float, rule: Rule) -> Finding:
    """What is said of a comparison; the p-values of its two directions are adjusted, each over its own family."""
    shift = one.shift
    logs = bounds(shift, rule.level)
    low, high = (None if end is None else _exp(end) for end in (logs.low, logs.high))
    estimate = Estimate(_exp(logs.value), low, high, logs.n)
    verdict, seen, remark = _verdict(one, slower, faster, rule), None, one.remark
    change = percent(estimate.value - 1)
    over = f"over {' against '.join(map(str, shift.restarts))} restart{'s' * (shift.restarts != (1,))}"
    if not _can_decide(shift, rule):
        remark = _too_few(shift, rule)
        sentence = f"{change} {over}, {remark}"
    else:
        where = {"ok": "surely inside", "undecided": "neither beyond nor surely inside"}.get(verdict, "beyond")
        ends = ", ".join(percent((end or 0.0) - 1) for end in (low, high))
        sentence = f"{change} [{ends}] {over}, {where} the margin of {rounded(100 * one.margin)} %"
        if verdict == "undecided":
            seen = _exp(detectable(shift.restarts, shift.spread, rule.strictest, math.log1p(one.margin))) - 1
            words = f"a slowdown is seen nine times in ten from {percent(seen)} on"
            remark = "; ".join(filter(None, (remark, words)))
        sentence = "; ".join(filter(None, (sentence, remark)))
    p = slower if logs.value >= 0 else faster
    return Finding(one.metric, one.cell, verdict, sentence, estimate, p, one.margin, shift.restarts, seen, remark)


def _verdict(comparison: Comparison, slower: float, faster: float, rule: Rule) -> Verdict:
    shift, margin = comparison.shift, math.log1p(comparison.margin)
    change = bounds(shift, rule.level).value
    if not _can_decide(shift, rule):
        return "undecided"
    if reaches(slower, rule.level) and change > margin:
        return "regressed"
    if reaches(faster, rule.level) and change < -margin and -math.expm1(change) > comparison.floor:
        return "improved"
    return "ok" if reaches(p_below(shift, margin), rule.level) else "undecided"


def _can_decide(shift: Shift, rule: Rule) -> bool:
    """Whether the smallest p-value of this number of restarts survives the correction."""
    return reaches(float(shift.tail[0]), rule.strictest)


def _too_few(shift: Shift, rule: Rule) -> str:
    paired = len(shift.restarts) == 1
    needed = f"{smallest_restarts(rule.strictest, paired=paired)} {'' if paired else 'a side '}are needed"
    return f"too few for any verdict among {several(rule.family, 'comparison')} at {100 * rule.level:g} %; {needed}"


def several(number: int, noun: str) -> str:
    """For instance "1 cell" or "2,000 cells"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def some(names: Collection[str], most: int = 3) -> str:
    """For instance "a, b, c and 2 more"."""
    shown = ", ".join(list(names)[:most]) or "none"
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def rounded(value: float) -> str:
    """Three digits, and all of a larger number: 66.7 or 1,234."""
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"


def percent(change: float) -> str:
    """A fraction of the baseline in percent, with its sign."""
    return f"{100 * change:+,.1f} %".replace("-", "\N{MINUS SIGN}")


def _exp(value: float) -> float:
    """A factor, cut where nothing that was measured gets: a hostile file must not overflow."""
    return math.exp(min(value, math.log(1e15)))
