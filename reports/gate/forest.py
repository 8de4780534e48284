"""The forest of the gate's page: where a finding's change, interval and margin lie, all on one log scale."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.gate.verdict import Finding, Verdict
from triptych.benches.stats.ranks import Estimate

WIDTH = 220  # of a strip, in units of the drawing
TICK_AT = 0.8  # how far from the middle the outer ticks lie at most, of half the width: room for their words
CLOSE_UP = math.log(3)  # beyond this a change lies off the scale where others are nearer
FARTHEST = math.log(1000)  # beyond this it always does
WIDEST = 0.25  # a wider margin fills its strip, so that the others are not squeezed
SHAPES: dict[Verdict, str] = {
    "regressed": "M-5-6L7 0L-5 6z",
    "improved": "M5-6L-7 0L5 6z",
    "undecided": "M0-6L6 0L0 6L-6 0z",
    "ok": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
}
"""A triangle to the slower side, one to the faster, a hollow diamond, a dot."""
FAR = "M-8-5L-3 0L-8 5M-2-5L3 0L-2 5"  # two chevrons to the right: farther than the scale goes


class Scale(NamedTuple):
    """A log scale of ratios around 1, which lies in the middle; `half` is the logarithm of the ratio at the edge."""

    half: float

    def x(self, ratio: float) -> float:
        """Where a ratio lies, in units of the drawing; at an edge if it lies beyond."""
        share = math.log(ratio) / self.half if ratio > 0 else -1.0
        return round(WIDTH / 2 * (1 + min(max(share, -1.0), 1.0)), 1)

    def beyond(self, ratio: float) -> bool:
        """Whether a ratio has no place on the scale."""
        return ratio <= 0 or abs(math.log(ratio)) > self.half

    def ticks(self) -> list[tuple[float, str]]:
        """No change, and a round change to each side: ratios and their words."""
        reach = TICK_AT * self.half
        if self.half > CLOSE_UP:
            factor = _round(math.exp(reach))
            return [(1 / factor, f"× {1 / factor:g}"), (1, "× 1"), (factor, f"× {factor:g}")]
        less, more = _round(-math.expm1(-reach)), _round(math.expm1(reach))
        return [(1 - less, f"\N{MINUS SIGN}{100 * less:g} %"), (1, "0"), (1 + more, f"+{100 * more:g} %")]


def _round(value: float) -> float:
    """The largest of 1, 2, 5, 10 … that is not above the value."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step for step in (5 * decade, 2 * decade, decade) if step <= value)


def drawable(finding: Finding) -> Estimate | None:
    """The estimate of a finding, if its verdict has a shape and it is a number at all."""
    estimate = finding.estimate
    return estimate if estimate and finding.verdict in SHAPES and 0 < estimate.value < math.inf else None


def scale(findings: Sequence[Finding]) -> Scale:
    """The scale on which all changes lie, or a close-up of the near ones where some are far off."""
    estimates = [found for one in findings if (found := drawable(one))]
    values = [abs(math.log(one.value)) for one in estimates]
    near = [value for value in values if value < CLOSE_UP]
    if values and not near:
        return Scale(min(1.1 * max(values), FARTHEST))
    ends = [abs(math.log(end)) for one in estimates for end in one[1:3] if end and 0 < end < math.inf]
    margins = [1.5 * math.log1p(one.margin) for one in findings if one.margin and one.margin <= WIDEST]
    inside = [value for value in (*ends, *margins) if value < CLOSE_UP]
    return Scale(max(0.001, 1.1 * max((*near, *inside), default=0.0)))
