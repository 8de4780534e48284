"""The two looks of a gate: the verdicts after the first, and after a second at what was undecided then.

The gate and its self-test both decide here: what the self-test says of error rates holds for this very function.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from triptych.benches.gate.metrics import Levels, Logs
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.verdict import Finding, Rule, judge
from triptych.benches.stats.power import smallest_restarts
from triptych.benches.stats.ranks import paired_shift

LOOKS = 2  # what is undecided is looked at once more; each look gets its share of the error rate


class Seen(NamedTuple):
    """What a look sees: head against base, one canary against the other, and what the base takes."""

    heads: Logs
    canaries: Logs
    levels: Levels


def look_twice(
    first: Seen, again: Callable[[set[str]], Seen], policy: Policy, restarts: int
) -> tuple[list[Finding], list[Finding]]:
    """The verdicts on the head and on the base against itself; if that differs, nothing is decided of the head.

    `again` measures cells once more, as many `restarts` as the first look had, and gives all that was seen of them; it
    is asked only if that may decide something.
    """
    strict = Rule(policy.alpha, LOOKS, family=len(first.heads))
    heads = look(first.heads, first.levels, policy, strict)
    canaries = look(first.canaries, first.levels, policy, Rule(policy.alpha))
    may_decide = LOOKS * restarts >= smallest_restarts(strict.strictest, paired=True)
    cells = {one.cell for one in heads if one.verdict == "undecided"}
    if cells and may_decide and not unfit(canaries):
        seen = again(cells)
        decided = [one for one in heads if one.verdict != "undecided"]
        unsure = [one.subject for one in heads if one.verdict == "undecided" and one.subject in seen.heads]
        heads = [*decided, *look({one: seen.heads[one] for one in unsure}, seen.levels, policy, strict)]
        newer = {subject: values for subject, values in seen.canaries.items() if subject.cell in cells}
        canaries = look({**first.canaries, **newer}, seen.levels, policy, Rule(policy.alpha))
    if unfit(canaries):
        heads = [_disbelieved(one) for one in heads]
    return heads, canaries


def look(seen: Logs, levels: Levels, policy: Policy, rule: Rule) -> list[Finding]:
    """The verdicts on what was seen in one look; where no level is known, no floor holds."""
    logs = seen.items()
    return judge([policy.comparison(one, paired_shift(v), levels.get(one, math.inf)) for one, v in logs], rule)


def unfit(canaries: Sequence[Finding]) -> str:
    """Why the machine cannot decide anything now; empty if it can."""
    alarms = [one for one in canaries if one.verdict in ("regressed", "improved")]
    told = "; ".join(f"{one.cell}, {one.metric}: {one.sentence}" for one in alarms)
    return told and f"the base measured twice differs from itself ({told}), so this machine cannot decide anything now"


def _disbelieved(finding: Finding) -> Finding:
    sentence, remark = (f"{words}; not believed here" for words in (finding.sentence, finding.remark))
    return replace(finding, verdict="undecided", sentence=sentence, remark=remark.removeprefix("; "))
