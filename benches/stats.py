"""Statistics of paired, noisy measurements: pure functions on plain numbers.

The unit of analysis is the restart. Everything works on logarithms, so that "twice as fast" and "half as fast"
are the same distance from 1, and everything is a rank method, so that one slow restart cannot drag an estimate.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A value with its interval; `low` and `high` are None where n is too small for one."""

    value: float
    low: float | None
    high: float | None
    n: int


def smallest_n(confidence: float = CONFIDENCE) -> int:
    """How many restarts an exact signed-rank interval needs: 2 * 2**-n must not exceed 1 - confidence."""
    return math.ceil(1 - math.log2(1 - confidence))


def walsh_averages(values: Sequence[float]) -> np.ndarray:
    """The n(n+1)/2 means of all pairs of values, each value with itself included, sorted."""
    array = np.asarray(values, dtype=float)
    rows, columns = np.triu_indices(len(array))
    return np.sort((array[rows] + array[columns]) / 2)


@lru_cache
def signed_rank_tail(n: int) -> tuple[float, ...]:
    """P(T <= t) for t = 0, 1, ... of the signed-rank statistic T under the null hypothesis, exactly.

    References:
        Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd ed., section 3.1.
    """
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for rank in range(1, n + 1):
        shifted = np.zeros_like(counts)
        shifted[rank:] = counts[:-rank]
        counts += shifted
    return tuple(np.cumsum(counts) / 2.0**n)


def hodges_lehmann(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Median of the Walsh averages, with the interval that inverts the exact two-sided signed-rank test.

    Args:
        values: One number per restart, on a scale where differences mean the same everywhere.
        confidence: Two-sided coverage of the interval.

    Raises:
        ValueError: If there is no value.

    References:
        Hodges and Lehmann, "Estimates of Location Based on Rank Tests", 1963; Hollander et al., section 3.3.
    """
    if not values:
        raise ValueError("no values; expected one per restart")
    walsh = walsh_averages(values)
    tail = np.asarray(signed_rank_tail(len(values)))
    cut = int(np.searchsorted(tail, (1 - confidence) / 2, side="right"))
    if cut == 0:
        return Estimate(float(np.median(walsh)), None, None, len(values))
    return Estimate(float(np.median(walsh)), float(walsh[cut - 1]), float(walsh[-cut]), len(values))


def geometric(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """`hodges_lehmann` on a log scale, for positive values such as times and ratios of times."""
    logs = hodges_lehmann([math.log(value) for value in values], confidence)
    low, high = (None if bound is None else math.exp(bound) for bound in (logs.low, logs.high))
    return Estimate(math.exp(logs.value), low, high, logs.n)
