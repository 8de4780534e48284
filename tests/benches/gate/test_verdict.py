"""Every verdict on cases made by hand, and the symmetries of the question."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triptych.benches.gate.verdict import EXIT_CODES, Comparison, Finding, Judgement, Rule, Verdict, judge
from triptych.benches.stats.ranks import paired_shift, unpaired_shift

WOBBLE = (-0.006, 0.005, -0.004, 0.003, -0.002, 0.001, -0.001, 0.002, -0.003, 0.004, -0.005, 0.006)
"""Twelve restarts, symmetric around nothing."""


def paired(change: float, scale: float = 1.0, restarts: int = 12, cell: str = "a", margin: float = 0.02) -> Comparison:
    """A comparison whose restarts lie around a change."""
    ratios = [math.log1p(change) + scale * wobble for wobble in WOBBLE[:restarts]]
    return Comparison("time", cell, margin, paired_shift(ratios))


@pytest.mark.parametrize(
    ("change", "scale", "verdict", "sentence"),
    [
        (0.05, 1, "regressed", "+5.0 % [+4.7 %, +5.3 %] over 12 restarts, beyond the margin of 2 %"),
        (-0.05, 1, "improved", "−5.0 % [−5.2 %, −4.8 %] over 12 restarts, beyond the margin of 2 %"),
        (0.0, 1, "ok", "+0.0 % [−0.2 %, +0.3 %] over 12 restarts, surely inside the margin of 2 %"),
        (0.01, 1, "ok", "surely inside the margin of 2 %"),
        (0.019, 1, "undecided", "neither beyond nor surely inside the margin of 2 %"),
        (0.03, 20, "undecided", "a slowdown is seen nine times in ten from +"),
    ],
)
def test_every_verdict_of_one_comparison(change: float, scale: float, verdict: Verdict, sentence: str) -> None:
    """Beyond the margin and significant, inside it, or neither.

    The published one-sided 5 % point for 12 pairs is T <= 17, so the bounds are the 18th Walsh average from either
    end: 2.5 thousandths from the middle, on the scale of logarithms.
    """
    (found,) = judge([paired(change, scale)], Rule())
    assert found.verdict == verdict
    assert sentence in found.sentence
    assert found.restarts == (12,)
    assert found.margin == 0.02


def test_a_finding_holds_its_figures() -> None:
    """Twelve of twelve restarts slower: p = 2**-12, times 2 by Holm over a family of two."""
    found, _ = judge([paired(0.05), paired(0.0, cell="b")], Rule())
    assert found.estimate is not None
    assert found.estimate.value == pytest.approx(1.05)
    assert found.adjusted_p == pytest.approx(2 * 2**-12)
    assert found.detectable is None


def test_undecided_names_a_change_that_would_have_been_called() -> None:
    """A slowdown as large as the one named, at the same spread, is `regressed`."""
    (found,) = judge([paired(0.0, 12)], Rule())
    assert found.verdict == "undecided"
    assert found.detectable is not None
    assert judge([paired(found.detectable * 1.1, 12)], Rule())[0].verdict == "regressed"


def test_too_few_restarts_decide_nothing() -> None:
    """Seven restarts reach 2**-7, which twelve comparisons at 5 % do not accept; eight are enough."""
    seven = judge([paired(0.5, restarts=7, cell=str(i)) for i in range(12)], Rule())
    assert {found.verdict for found in seven} == {"undecided"}
    assert "over 7 restarts, too few for any verdict among 12 comparisons at 5 %; 8 are needed" in seven[0].sentence
    eight = judge([paired(0.5, restarts=8, cell=str(i)) for i in range(12)], Rule())
    assert {found.verdict for found in eight} == {"regressed"}


def test_what_could_not_fail_does_not_pass() -> None:
    """Four restarts without any change are undecided, not ok."""
    (found,) = judge([paired(0.0, 0, restarts=4)], Rule())
    assert found.verdict == "undecided"
    assert "too few for any verdict among 1 comparison at 5 %; 5 are needed" in found.sentence


def test_unpaired_restarts_need_enough_on_each_side() -> None:
    """One file against one: nothing can be said; the sentence counts both sides."""
    (found,) = judge([Comparison("time", "a", 0.02, unpaired_shift([0.0], [1.0]))], Rule())
    assert found.verdict == "undecided"
    assert "over 1 against 1 restarts" in found.sentence
    assert "3 a side are needed" in found.sentence


def test_alpha_is_split_over_looks() -> None:
    """Five restarts reach 2**-5 = 0.031: enough for one look at 5 %, not for the first of two."""
    assert judge([paired(0.5, restarts=5)], Rule(looks=1))[0].verdict == "regressed"
    assert judge([paired(0.5, restarts=5)], Rule(looks=2))[0].verdict == "undecided"


def test_a_second_look_keeps_the_family() -> None:
    """One cell looked at again is corrected for all with which it began."""
    assert judge([paired(0.5, restarts=6)], Rule())[0].verdict == "regressed"
    (again,) = judge([paired(0.5, restarts=6)], Rule(family=12))
    assert (again.verdict, again.adjusted_p) == ("undecided", pytest.approx(12 * 2**-6))


MIRRORED: dict[Verdict, set[Verdict]] = {
    "regressed": {"improved"},
    "improved": {"regressed"},
    "ok": {"ok", "undecided"},
    "undecided": {"ok", "undecided"},
}
"""`ok` asks only that nothing became slower, so that its mirror image need not be."""

samples = st.lists(st.floats(-0.3, 0.3).map(lambda x: round(x, 4)), min_size=5, max_size=14)


@given(samples, st.sampled_from([0.02, 0.1]))
@settings(max_examples=200, deadline=None)
def test_swapping_the_arms_mirrors_the_verdict(sample: list[float], margin: float) -> None:
    """Regressed one way round is improved the other way round."""
    verdicts: list[Verdict] = [
        judge([Comparison("time", "a", margin, paired_shift([sign * value for value in sample]))], Rule())[0].verdict
        for sign in (1, -1)
    ]
    assert verdicts[1] in MIRRORED[verdicts[0]]


times = st.lists(st.floats(0.001, 10), min_size=5, max_size=8)


@given(times, times, st.floats(1e-3, 1e3))
@settings(max_examples=100, deadline=None)
def test_scaling_both_arms_changes_nothing(baseline: list[float], candidate: list[float], unit: float) -> None:
    """Seconds or milliseconds, the verdict, the p-value and the ratio are the same."""
    sides = (baseline, candidate)
    found = [
        judge(
            [Comparison("time", "a", 0.02, unpaired_shift(*([math.log(x * factor) for x in side] for side in sides)))],
            Rule(),
        )[0]
        for factor in (1.0, unit)
    ]
    assert found[0].verdict == found[1].verdict
    assert found[0].adjusted_p == found[1].adjusted_p
    assert found[0].estimate is not None
    assert found[1].estimate is not None
    assert found[0].estimate.value == pytest.approx(found[1].estimate.value)


@given(samples)
@settings(max_examples=200, deadline=None)
def test_the_interval_agrees_with_the_verdict(sample: list[float]) -> None:
    """Its upper end lies inside the margin where the verdict is ok, its lower end above 1 where it is regressed."""
    (found,) = judge([Comparison("time", "a", 0.02, paired_shift(sample))], Rule())
    assert found.estimate is not None
    low, high = found.estimate.low, found.estimate.high
    if found.verdict == "regressed":
        assert low is not None
        assert low > 1
    if found.verdict == "ok":
        assert high is not None
        assert high < 1.02


def test_absurd_ratios_do_not_overflow() -> None:
    """A hostile factor is cut, and still called."""
    (found,) = judge([Comparison("time", "a", 0.02, paired_shift([5000.0] * 12))], Rule())
    assert found.verdict == "regressed"


def finding(verdict: Verdict) -> Finding:
    """A finding of that verdict."""
    return Finding("time", "a", verdict, "for a test")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ((), 4),
        (("ok", "improved"), 0),
        (("ok", "undecided"), 3),
        (("undecided", "incomparable"), 4),
        (("incomparable", "undecided", "missing"), 4),
        (("incomparable", "regressed", "ok"), 1),
    ],
)
def test_the_worst_verdict_gives_the_exit_code(verdicts: tuple[Verdict, ...], code: int) -> None:
    """Regressed and missing before incomparable before undecided; nothing found is not fine."""
    assert Judgement(tuple(map(finding, verdicts))).exit_code == code


def test_every_verdict_has_an_exit_code() -> None:
    """Six kinds, four codes."""
    assert len(EXIT_CODES) == 6
    assert set(EXIT_CODES.values()) == {0, 1, 3, 4}
