"""What the tails of a cell come to over restarts: how long a step takes now and then, why, and how regularly."""

import itertools
import math
from collections import Counter
from typing import NamedTuple

from triptych.benches.record.run import LONG, MOST_LONG, CellRecord, LongStep, Tail
from triptych.benches.stats.ranks import Estimate, median

LEAST_IN_STEP = 3  # long steps of a restart that must lie at one distance
ALL_THERE = 0.75  # the share of the steps at that distance which must have been long, where all long ones were kept

CHANCE = 1 / 500
"""A distance is called regular if long steps that fall at random would show one like it in fewer cells than this."""


class Latency(NamedTuple):
    """Single steps of a cell, over its restarts."""

    steps: int
    median_s: Estimate
    p99_s: Estimate | None  # the 99th percentile; None with fewer than 500 steps in every restart
    longest: LongStep
    causes: dict[str, int]  # how many of the long steps that were kept have which cause; "" where it is not known
    every: int | None  # the distance in steps at which long ones lie in most restarts; None if there is no such


def latency(record: CellRecord) -> Latency | None:
    """The tails of a cell together; None if no single step was recorded."""
    tails = record.tails
    longest = max((tail.longest[0] for tail in tails if tail.longest), key=lambda one: one.seconds, default=None)
    if longest is None:
        return None
    p99 = [tail.p99_s for tail in tails if tail.p99_s is not None]
    steps, median_s = sum(tail.steps for tail in tails), median([tail.median_s for tail in tails])
    causes = dict(Counter(one.cause for tail in tails for one in long_steps(tail)).most_common())
    return Latency(steps, median_s, median(p99) if p99 else None, longest, causes, regular_distance(tails))


def long_steps(tail: Tail) -> list[LongStep]:
    """Those kept that took longer than `LONG` medians."""
    return [one for one in tail.longest if one.seconds > LONG * tail.median_s]


def regular_distance(tails: list[Tail]) -> int | None:
    """The distance of which the long steps of most restarts are whole multiples apart, if chance does not explain it.

    Every distance that three long steps of a restart suggest is tried on all restarts; the least likely one is left.
    """
    found = [sorted(one.step for one in long_steps(tail)) for tail in tails]
    triples = (triple for steps in found for triple in itertools.combinations(steps, LEAST_IN_STEP))
    distances = {math.gcd(second - first, third - second) for first, second, third in triples} - {1}
    chances = {distance: _chance(distance, tails, found) for distance in distances}
    least = min(chances, key=lambda one: (chances[one], -one), default=None)
    return least if least is not None and chances[least] <= CHANCE else None


def _chance(distance: int, tails: list[Tail], found: list[list[int]]) -> float:
    """How many distances of this length or longer show as well in most restarts, if long steps fall at random."""
    together = [_together(distance, *one) for one in zip(tails, found, strict=True)]
    chances = [math.inf]
    for least in range(LEAST_IN_STEP, max(together) + 1):
        shown = [len(steps) for steps, most in zip(found, together, strict=True) if most >= least]
        if 2 * len(shown) > len(tails):
            chances.append(math.comb(len(tails), len(shown)) * _expected(distance, least, shown))
    return min(chances)


def _together(distance: int, tail: Tail, steps: list[int]) -> int:
    """The most long steps that lie whole multiples apart; 0 where others at that distance are known not to be long."""
    most = max(Counter(step % distance for step in steps).values(), default=0)
    return most if len(steps) >= MOST_LONG or most >= ALL_THERE * (tail.steps // distance) else 0


def _expected(distance: int, least: int, shown: list[int]) -> float:
    """How many distances from d on have `least` long steps of each restart by chance; `shown` is how many it has.

    That so many given ones do has the chance d^(1 - least), and there are (steps over least) ways to give them. Over
    all distances from d on, d^-a sums up to d^-a (1 + d / (a - 1)) at most.
    """
    exponent = (least - 1) * len(shown)
    ways = math.prod(math.comb(steps, least) for steps in shown)
    return ways * distance**-exponent * (1 + distance / (exponent - 1))
