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
LEVEL = (1 - CONFIDENCE) / 2  # of either end of an interval
ROUNDING = 1e-9  # a p-value this close to a level, relatively, equals it; one that equals a level counts as below
DIGITS = 12  # logarithms of durations equal to this many decimals are equal: a change of unit must not break a tie


class Estimate(NamedTuple):
    """A value with its interval; `low` and `high` are None where n is too small for one."""

    value: float
    low: float | None
    high: float | None
    n: int


def smallest_n() -> int:
    """How many restarts an exact signed-rank interval needs: 2**-n must not exceed the level of its ends."""
    return math.ceil(-math.log2(LEVEL))


def walsh_averages(values: Sequence[float]) -> np.ndarray:
    """The n(n+1)/2 means of all pairs of values, each value with itself included, sorted."""
    rows, columns = np.triu_indices(len(values))
    return np.sort(np.add.outer(values, values)[rows, columns] / 2)


@lru_cache
def signed_rank_tail(n: int) -> np.ndarray:
    """P(T <= t) for t = 0, 1, ... of the signed-rank statistic T under the null hypothesis, exactly.

    References:
        Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 3rd ed., section 3.1.
    """
    shares = np.zeros(n * (n + 1) // 2 + 1)
    shares[0] = 1
    for rank in range(1, n + 1):
        shifted = np.zeros_like(shares)
        shifted[rank:] = shares[:-rank]
        shares = (shares + shifted) / 2
    return np.cumsum(shares)


@lru_cache
def rank_sum_tail(m: int, n: int) -> np.ndarray:
    """P(U <= u) for u = 0 ... mn of the Mann-Whitney statistic U under the null hypothesis, exactly.

    References:
        Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the
        Other", 1947: the largest of m + n values is one of the m with probability m / (m + n).
    """
    shares = [np.ones(1)] * (m + 1)
    for j in range(1, n + 1):
        for i in range(1, m + 1):
            longer = np.zeros(i * j + 1)
            longer[j:] += i / (i + j) * shares[i - 1]
            longer[: i * (j - 1) + 1] += j / (i + j) * shares[i]
            shares[i] = longer
    return np.cumsum(shares[m])


def hodges_lehmann(values: Sequence[float]) -> Estimate:
    """Median of the Walsh averages, with the interval that inverts the exact two-sided signed-rank test.

    Raises:
        ValueError: If there is no value.

    References:
        Hodges and Lehmann, "Estimates of Location Based on Rank Tests", 1963; Hollander et al., section 3.3.
    """
    if not values:
        raise ValueError("no values; expected one per restart")
    return _estimate(walsh_averages(values), signed_rank_tail(len(values)), LEVEL, len(values))


def geometric(values: Sequence[float]) -> Estimate:
    """`hodges_lehmann` on a log scale, for positive values such as times and ratios of times."""
    logs = hodges_lehmann([math.log(value) for value in values])
    low, high = (None if bound is None else math.exp(bound) for bound in (logs.low, logs.high))
    return Estimate(math.exp(logs.value), low, high, logs.n)


def median(values: Sequence[float]) -> Estimate:
    """The median with the exact interval between two order statistics; a value may be infinite, and so may these.

    How many of n values lie below the true median is the number of heads in n throws of a coin.

    Raises:
        ValueError: If there is no value.

    References:
        Hollander et al., section 3.6; Conover, "Practical Nonparametric Statistics", 3rd ed., section 3.2.
    """
    if not values:
        raise ValueError("no values; expected at least one")
    n = len(values)
    heads = np.cumsum([math.comb(n, k) / 2**n for k in range(n + 1)])
    return _estimate(np.sort(values), heads, LEVEL, n)


def _estimate(values: np.ndarray, tail: np.ndarray, level: float, n: int) -> Estimate:
    """The median of sorted values, between the two one-sided bounds at a level."""
    cut = cut_of(tail, level)
    low, high = (float(values[cut - 1]), float(values[-cut])) if cut else (None, None)
    return Estimate(float(np.median(values)), low, high, n)


def cut_of(tail: np.ndarray, level: float) -> int:
    """Which pair, counted from the end, is the one-sided bound at a level; 0 if the level cannot be reached."""
    return int(np.searchsorted(tail, level * (1 + ROUNDING), side="right"))


class Shift(NamedTuple):
    """How far a candidate lies above its baseline, on a log scale, with what is needed to judge it.

    Paired restarts give the Walsh averages of their log-ratios; unpaired ones the differences of every candidate
    from every baseline. How many of these lie below the truth has a known distribution. The estimate is their
    median, a bound is one of them, a p-value counts them, so that interval and test cannot disagree.
    """

    pairs: np.ndarray  # those averages or differences, sorted
    tail: np.ndarray  # P(at most t of them lie below the truth), for t = 0, 1, and so on
    restarts: tuple[int, ...]  # how many: (n,) if paired, (baseline, candidate) if not
    spread: float  # standard deviation of one restart's value


def paired_shift(log_ratios: Sequence[float]) -> Shift:
    """The shift of restarts that hold both sides: one log(candidate / baseline) each.

    References:
        Wilcoxon's signed-rank test and the estimate of Hodges and Lehmann, 1963.
    """
    if not log_ratios:
        raise ValueError("no log-ratios; expected one per restart")
    n, pairs = len(log_ratios), np.round(walsh_averages(log_ratios), DIGITS)
    return Shift(pairs, signed_rank_tail(n), (n,), spread([log_ratios]))


def unpaired_shift(baseline_logs: Sequence[float], candidate_logs: Sequence[float]) -> Shift:
    """The shift of restarts that hold one side each: two lists of log values.

    It takes the restarts of a side for independent. Where they share the state of a machine that drifts, they are
    not, and the test then alarms far too often: pair the sides where that can be had.

    References:
        Mann and Whitney, 1947; Hodges and Lehmann, 1963; Hollander et al., sections 4.1 to 4.3.
    """
    if not baseline_logs or not candidate_logs:
        raise ValueError("a side without values; expected one per restart on both sides")
    m, n = len(baseline_logs), len(candidate_logs)
    pairs = np.sort(np.round(np.subtract.outer(candidate_logs, baseline_logs), DIGITS), axis=None)
    return Shift(pairs, rank_sum_tail(m, n), (m, n), spread([baseline_logs, candidate_logs]))


def spread(groups: Sequence[Sequence[float]]) -> float:
    """Standard deviation inside groups, from the median distance of two of a group: outliers hardly move it.

    References:
        Shamos, "Geometry and Statistics: Problems at the Interface", 1976; for normal values the median distance
        of two is sqrt(2) * 0.6745 standard deviations.
    """
    distances = [abs(a - b) for group in groups for i, a in enumerate(group) for b in group[:i]]
    return float(np.median(distances)) / (math.sqrt(2) * 0.674490) if distances else 0.0


def p_above(shift: Shift, bound: float = 0.0) -> float:
    """Exact one-sided p-value against "the shift is at most `bound`".

    A pair on the bound counts as below it: with ties and zeros the test is conservative, never the opposite. Without
    them it is `scipy.stats.wilcoxon` or `mannwhitneyu` with method "exact" and alternative "greater".
    """
    return float(shift.tail[np.searchsorted(shift.pairs, round(bound, DIGITS), side="right")])


def p_below(shift: Shift, bound: float = 0.0) -> float:
    """Exact one-sided p-value against "the shift is at least `bound`"."""
    not_below = len(shift.pairs) - np.searchsorted(shift.pairs, round(bound, DIGITS), side="left")
    return float(shift.tail[not_below])


def bounds(shift: Shift, level: float) -> Estimate:
    """The estimate between its two one-sided bounds, each at that level."""
    return _estimate(shift.pairs, shift.tail, level, min(shift.restarts))


def reaches(p_value: float, level: float) -> bool:
    """Whether a p-value is significant at a level."""
    return p_value <= level * (1 + ROUNDING)


def holm(p_values: Sequence[float], family: int | None = None) -> list[float]:
    """P-values adjusted so that the chance of any false alarm in the family stays below the level.

    Where the family is larger than those known, the others count as if they had shown nothing.

    References:
        Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979.
    """
    size = max(family or 0, len(p_values))
    order = np.argsort(p_values)
    steps = np.asarray(p_values)[order] * (size - np.arange(len(p_values)))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted.tolist()


def clopper_pearson(successes: int, trials: int) -> Estimate:
    """A share with its exact interval.

    References:
        Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", 1934.
    """
    from scipy.stats import binomtest

    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="exact")
    return Estimate(successes / trials, float(interval.low), float(interval.high), trials)
