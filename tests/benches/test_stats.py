"""The estimates agree with independent implementations and keep the symmetries of the question."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from benches import stats

values = st.lists(st.floats(-1, 1).map(lambda x: round(x, 6)), min_size=6, max_size=25, unique_by=abs)


def test_estimate_by_hand() -> None:
    """Of 1, 2, 4 the Walsh averages are 1, 1.5, 2, 2.5, 3, 4; their median is 2.25."""
    assert stats.walsh_averages([4, 1, 2]).tolist() == [1, 1.5, 2, 2.5, 3, 4]
    assert stats.hodges_lehmann([4, 1, 2]).value == 2.25


def test_signed_rank_tail_by_hand() -> None:
    """For n = 3 the eight sign patterns give T = 0, 1, 2, 3, 3, 4, 5, 6."""
    assert np.allclose(stats.signed_rank_tail(3), np.array([1, 2, 3, 5, 6, 7, 8]) / 8)


def test_published_critical_value() -> None:
    """For n = 10 the published two-sided 5 % point is T <= 8: P(T <= 8) <= 0.025 < P(T <= 9)."""
    tail = stats.signed_rank_tail(10)
    assert tail[8] <= 0.025 < tail[9]


@given(values)
@settings(max_examples=200, deadline=None)
def test_interval_excludes_zero_exactly_when_the_test_rejects(sample: list[float]) -> None:
    """Interval and scipy's exact signed-rank test never disagree."""
    estimate = stats.hodges_lehmann(sample)
    if 0.0 in sample or 0.0 in stats.walsh_averages(sample):
        return
    result: Any = scipy_stats.wilcoxon(sample, method="exact")
    assert estimate.low is not None
    assert estimate.high is not None
    assert (estimate.low > 0 or estimate.high < 0) == (result.pvalue <= 0.05)


@given(values)
@settings(max_examples=100, deadline=None)
def test_swapping_the_sides_mirrors_the_estimate(sample: list[float]) -> None:
    """The estimate of the negated differences is the negated estimate, ends exchanged."""
    ours, theirs = stats.hodges_lehmann(sample), stats.hodges_lehmann([-value for value in sample])
    assert ours.low is not None
    assert theirs.high is not None
    assert math.isclose(ours.value, -theirs.value, abs_tol=1e-12)
    assert math.isclose(ours.low, -theirs.high, abs_tol=1e-12)


@given(st.lists(st.floats(0.01, 100), min_size=6, max_size=20), st.floats(0.1, 10))
@settings(max_examples=100, deadline=None)
def test_a_change_of_unit_scales_the_geometric_estimate(sample: list[float], unit: float) -> None:
    """Milliseconds or seconds, the estimate is the same duration."""
    assert math.isclose(stats.geometric([unit * x for x in sample]).value, unit * stats.geometric(sample).value)


def test_no_interval_below_six_values() -> None:
    """Five values cannot reach 95 %: their widest interval covers 93.75 %."""
    assert stats.smallest_n() == 6
    five, six = stats.hodges_lehmann([1, 2, 3, 4, 5]), stats.hodges_lehmann([1, 2, 3, 4, 5, 6])
    assert (five.low, five.high) == (None, None)
    assert (six.low, six.high) == (1, 6)


def test_interval_covers_as_often_as_it_says() -> None:
    """Of 2,000 samples of 8 from a heavy-tailed law the truth lies in at least 93.5 % of the intervals."""
    random = np.random.default_rng(0)
    samples = random.standard_t(2, (2000, 8))
    covered = 0
    for sample in samples:
        estimate = stats.hodges_lehmann(sample.tolist())
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0 <= estimate.high
    assert covered / 2000 >= 0.935


def test_no_value_is_an_error() -> None:
    """An estimate of nothing is refused, not invented."""
    with pytest.raises(ValueError, match="no values; expected one per restart"):
        stats.hodges_lehmann([])
