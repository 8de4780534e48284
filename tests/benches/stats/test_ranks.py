"""The estimates agree with independent implementations and keep the symmetries of the question."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from triptych.benches.stats import power, ranks

values = st.lists(st.floats(-1, 1).map(lambda x: round(x, 6)), min_size=6, max_size=25, unique_by=abs)


def test_estimate_by_hand() -> None:
    """Of 1, 2, 4 the Walsh averages are 1, 1.5, 2, 2.5, 3, 4; their median is 2.25."""
    assert ranks.walsh_averages([4, 1, 2]).tolist() == [1, 1.5, 2, 2.5, 3, 4]
    assert ranks.hodges_lehmann([4, 1, 2]).value == 2.25


def test_signed_rank_tail_by_hand() -> None:
    """For n = 3 the eight sign patterns give T = 0, 1, 2, 3, 3, 4, 5, 6."""
    assert np.allclose(ranks.signed_rank_tail(3), np.array([1, 2, 3, 5, 6, 7, 8]) / 8)


def test_published_critical_value() -> None:
    """For n = 10 the published two-sided 5 % point is T <= 8: P(T <= 8) <= 0.025 < P(T <= 9)."""
    tail = ranks.signed_rank_tail(10)
    assert tail[8] <= 0.025 < tail[9]


@given(values)
@settings(max_examples=200, deadline=None)
def test_interval_excludes_zero_exactly_when_the_test_rejects(sample: list[float]) -> None:
    """Interval and scipy's exact signed-rank test never disagree."""
    estimate = ranks.hodges_lehmann(sample)
    if 0.0 in sample or 0.0 in ranks.walsh_averages(sample):
        return
    result: Any = scipy_stats.wilcoxon(sample, method="exact")
    assert estimate.low is not None
    assert estimate.high is not None
    assert (estimate.low > 0 or estimate.high < 0) == (result.pvalue <= 0.05)


@given(values)
@settings(max_examples=100, deadline=None)
def test_swapping_the_sides_mirrors_the_estimate(sample: list[float]) -> None:
    """The estimate of the negated differences is the negated estimate, ends exchanged."""
    ours, theirs = ranks.hodges_lehmann(sample), ranks.hodges_lehmann([-value for value in sample])
    assert ours.low is not None
    assert theirs.high is not None
    assert math.isclose(ours.value, -theirs.value, abs_tol=1e-12)
    assert math.isclose(ours.low, -theirs.high, abs_tol=1e-12)


@given(st.lists(st.floats(0.01, 100), min_size=6, max_size=20), st.floats(0.1, 10))
@settings(max_examples=100, deadline=None)
def test_a_change_of_unit_scales_the_geometric_estimate(sample: list[float], unit: float) -> None:
    """Milliseconds or seconds, the estimate is the same duration."""
    assert math.isclose(ranks.geometric([unit * x for x in sample]).value, unit * ranks.geometric(sample).value)


def test_no_interval_below_six_values() -> None:
    """Five values cannot reach 95 %: their widest interval covers 93.75 %."""
    assert ranks.smallest_n() == 6
    five, six = ranks.hodges_lehmann([1, 2, 3, 4, 5]), ranks.hodges_lehmann([1, 2, 3, 4, 5, 6])
    assert (five.low, five.high) == (None, None)
    assert (six.low, six.high) == (1, 6)


def test_interval_covers_as_often_as_it_says() -> None:
    """Of 2,000 samples of 8 from a heavy-tailed law the truth lies in at least 93.5 % of the intervals."""
    random = np.random.default_rng(0)
    samples = random.standard_t(2, (2000, 8))
    covered = 0
    for sample in samples:
        estimate = ranks.hodges_lehmann(sample.tolist())
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0 <= estimate.high
    assert covered / 2000 >= 0.935


def test_no_value_is_an_error() -> None:
    """An estimate of nothing is refused, not invented."""
    with pytest.raises(ValueError, match="no values; expected one per restart"):
        ranks.hodges_lehmann([])


log_ratios = st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=5, max_size=12)
"""With ties and zeros, as clocks of coarse resolution give."""

two_sides = st.tuples(
    st.lists(st.floats(-1, 1).map(lambda x: round(x, 2)), min_size=3, max_size=8),
    st.lists(st.floats(-1, 1).map(lambda x: round(x, 2)), min_size=3, max_size=8),
)

shifts = log_ratios.map(ranks.paired_shift) | two_sides.map(lambda sides: ranks.unpaired_shift(*sides))

levels = st.sampled_from([0.01, 0.025, 0.05, 0.1])


@given(shifts, levels, st.sampled_from([-0.1, 0.0, 0.02]))
@settings(max_examples=300, deadline=None)
def test_a_bound_excludes_exactly_what_the_test_rejects(shift: ranks.Shift, level: float, bound: float) -> None:
    """The lower bound lies above a value exactly if p against that value reaches the level; likewise below."""
    estimate = ranks.bounds(shift, level)
    above = estimate.low is not None and estimate.low > round(bound, ranks.DIGITS)
    below = estimate.high is not None and estimate.high < round(bound, ranks.DIGITS)
    assert above == ranks.reaches(ranks.p_above(shift, bound), level)
    assert below == ranks.reaches(ranks.p_below(shift, bound), level)


@given(values, st.sampled_from([0.0, 0.0123457]))
@settings(max_examples=200, deadline=None)
def test_paired_p_is_that_of_scipy(sample: list[float], bound: float) -> None:
    """Without ties and zeros, the exact signed-rank test."""
    apart = [value - bound for value in sample]
    if 0.0 in np.round(ranks.walsh_averages(apart), 9):
        return
    expected: Any = scipy_stats.wilcoxon(apart, alternative="greater", method="exact")
    assert math.isclose(ranks.p_above(ranks.paired_shift(sample), bound), expected.pvalue, rel_tol=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=16, unique=True), st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_unpaired_p_is_that_of_scipy(sample: list[float], split: int) -> None:
    """Without ties, the exact Mann-Whitney test."""
    if len(np.unique(np.round(sample, 9))) < len(sample):
        return
    baseline, candidate = sample[:split], sample[split:]
    expected: Any = scipy_stats.mannwhitneyu(candidate, baseline, alternative="greater", method="exact")
    assert math.isclose(ranks.p_above(ranks.unpaired_shift(baseline, candidate)), expected.pvalue, rel_tol=1e-9)


@given(log_ratios)
@settings(max_examples=100, deadline=None)
def test_ties_and_zeros_make_the_test_conservative(sample: list[float]) -> None:
    """Whatever way ties and zeros are broken upwards or at random, p does not become larger than ours."""
    broken = [value + 1e-9 * (1 + i / 100) for i, value in enumerate(sample)]
    assert ranks.p_above(ranks.paired_shift(sample)) >= ranks.p_above(ranks.paired_shift(broken)) - 1e-12


def test_unchanged_times_are_no_change() -> None:
    """Zeros count against both directions."""
    for shift in (ranks.paired_shift([0.0] * 12), ranks.unpaired_shift([1.0] * 6, [1.0] * 6)):
        assert ranks.p_above(shift) == ranks.p_below(shift) == pytest.approx(1)
        assert ranks.bounds(shift, 0.05)[:3] == (0, 0, 0)


@given(shifts)
@settings(max_examples=100, deadline=None)
def test_swapping_the_sides_mirrors_the_test(shift: ranks.Shift) -> None:
    """Slower one way round is faster the other way round."""
    mirrored = shift._replace(pairs=-shift.pairs[::-1])
    assert ranks.p_above(shift) == ranks.p_below(mirrored)
    ours, theirs = ranks.bounds(shift, 0.05), ranks.bounds(mirrored, 0.05)
    assert math.isclose(ours.value, -theirs.value, abs_tol=1e-12)
    assert ours.low == (None if theirs.high is None else -theirs.high)


def test_rank_sum_tail_by_hand() -> None:
    """Of two and two values the six orders give U = 0, 1, 2, 2, 3, 4."""
    assert np.allclose(ranks.rank_sum_tail(2, 2), np.array([1, 2, 4, 5, 6]) / 6)


def test_a_large_tail_neither_overflows_nor_leaks() -> None:
    """At the largest size read from files the distribution still sums to one."""
    assert ranks.rank_sum_tail(60, 200)[-1] == pytest.approx(1)
    assert ranks.signed_rank_tail(1100)[-1] == pytest.approx(1)


def test_spread_of_normal_values_and_of_an_outlier() -> None:
    """It estimates the standard deviation, and one wild value of 200 hardly moves it."""
    sample = np.random.default_rng(0).normal(0, 0.03, 200).tolist()
    assert ranks.spread([sample]) == pytest.approx(0.03, rel=0.1)
    assert ranks.spread([[9.0, *sample[1:]]]) == pytest.approx(ranks.spread([sample]), rel=0.03)
    assert ranks.spread([[1.0], [2.0]]) == 0


def test_holm_by_hand() -> None:
    """Of 0.01, 0.04, 0.03: 3 * 0.01, then 2 * 0.03, and 0.04 not below the one before it."""
    assert ranks.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert ranks.holm([0.01], family=5) == pytest.approx([0.05])
    assert ranks.holm([0.01]) == [0.01]
    assert ranks.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 20))
def test_holm_is_its_definition(p_values: list[float], family: int) -> None:
    """The i-th smallest of m takes m - i times its value, no less than any smaller one's and no more than 1."""
    size = max(family, len(p_values))
    ordered = sorted(p_values)
    for own, adjusted in zip(p_values, ranks.holm(p_values, family), strict=True):
        smaller = [(size - i) * p for i, p in enumerate(ordered) if p <= own]
        assert adjusted == min(1.0, max(smaller))


def test_clopper_pearson_by_hand() -> None:
    """No alarm in 59 runs shows less than 5 % at one-sided 95 %, as 1 - 0.05 ** (1 / 59) says."""
    assert ranks.clopper_pearson(0, 59).high == pytest.approx(1 - 0.025 ** (1 / 59))


def test_restarts_needed_by_hand() -> None:
    """Twelve comparisons at 5 % need 2**-n or 1 / C(2n, n) at most 1/240: 8 pairs, or 5 a side; one needs 5, or 3."""
    assert power.smallest_restarts(0.05 / 12, paired=True) == 8
    assert power.smallest_restarts(0.05 / 12, paired=False) == 5
    assert power.smallest_restarts(0.05, paired=True) == 5
    assert power.smallest_restarts(0.05, paired=False) == 3


def test_detectable_change_by_hand() -> None:
    """Without spread it is the margin; with too few restarts there is none; more spread or fewer restarts, more."""
    assert power.detectable((12,), 0.0, 0.05, 0.02) == pytest.approx(0.02)
    assert power.detectable((3,), 0.02, 0.05, 0.02) == math.inf
    assert power.detectable((8,), 0.02, 0.05, 0.02) > power.detectable((20,), 0.02, 0.05, 0.02)
    assert power.detectable((12,), 0.04, 0.05, 0.02) > power.detectable((12,), 0.02, 0.05, 0.02)
    assert power.detectable((6, 6), 0.04, 0.05, 0.02) > power.detectable((6, 6), 0.02, 0.05, 0.02)


def test_a_side_without_values_is_an_error() -> None:
    """Nothing is compared with nothing."""
    with pytest.raises(ValueError, match="no log-ratios; expected one per restart"):
        ranks.paired_shift([])
    with pytest.raises(ValueError, match="a side without values"):
        ranks.unpaired_shift([1.0], [])
