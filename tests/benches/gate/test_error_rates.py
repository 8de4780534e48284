"""How often the gate errs, on several hundred simulated suites of its own size; pytest-benchmark's rule beside it."""

import math

import numpy as np
import pytest
from noise import Noise, paired_suite, stored_pair

from triptych.benches.gate.verdict import Comparison, Finding, Rule, judge
from triptych.benches.stats.power import detectable
from triptych.benches.stats.ranks import Estimate, clopper_pearson, p_above, paired_shift, unpaired_shift

SUITES = 300
MARGIN = 0.02

STORED = 600

LEVELS = {"quiet": Noise(0.01, 0.02), "usual": Noise(0.02, 0.04), "loaded": Noise(0.03, 0.06)}


def verdicts(baseline: np.ndarray, candidate: np.ndarray) -> list[Finding]:
    """The gate's findings on one suite: per restart the median of the log-ratios of its blocks."""
    ratios = np.median(candidate - baseline, axis=2)
    return judge(
        [Comparison("time", str(i), MARGIN, paired_shift(row.tolist())) for i, row in enumerate(ratios)], Rule()
    )


def fixed_threshold(baseline: np.ndarray, candidate: np.ndarray, percent: float) -> bool:
    """Whether `--benchmark-compare-fail=min:P%` fails: one process a side, least of its blocks against least."""
    least = [np.exp(side[:, 0].min(axis=1)) for side in (baseline, candidate)]
    return bool(((least[1] - least[0]) / least[0] * 100 > percent).any())


def rates(noise: Noise, slowdown: float, seed: int) -> dict[str, Estimate]:
    """Shares of suites, with intervals: false alarms of the gate and of two thresholds, slowdowns caught."""
    random = np.random.default_rng(seed)
    counts = {"alarm": 0, "caught": 0, "min:5%": 0, "min:10%": 0}
    for _ in range(SUITES):
        sides = paired_suite(noise, slowdown, random)
        called = [finding.verdict == "regressed" for finding in verdicts(*sides)]
        counts["caught"] += called[0]
        unchanged = [side[1:] if slowdown else side for side in sides]
        counts["alarm"] += any(called[1:] if slowdown else called)
        counts["min:5%"] += fixed_threshold(unchanged[0], unchanged[1], 5)
        counts["min:10%"] += fixed_threshold(unchanged[0], unchanged[1], 10)
    return {what: clopper_pearson(count, SUITES) for what, count in counts.items()}


def shown(found: dict[str, Estimate]) -> str:
    """For instance "alarm 1.0 % [0.2, 2.9]", for whom an assertion has failed."""
    return "  ".join(
        f"{what} {100 * rate.value:.1f} % [{100 * (rate.low or 0):.1f}, {100 * (rate.high or 0):.1f}]"
        for what, rate in found.items()
    )


@pytest.mark.parametrize(
    ("level", "slowdown", "least_power"),
    [("usual", 0.0, 0.0), ("quiet", 0.05, 0.95), ("usual", 0.10, 0.95), ("loaded", 0.10, 0.8)],
)
def test_false_alarms_stay_below_alpha_and_slowdowns_are_caught(
    level: str, slowdown: float, least_power: float
) -> None:
    """Of 300 suites of 12 benchmarks; a fixed threshold on the same samples alarms more often."""
    found = rates(LEVELS[level], slowdown, seed=1)
    assert found["alarm"].high is not None
    assert found["alarm"].high <= 0.05, shown(found)
    assert found["caught"].low is not None
    assert found["caught"].low >= least_power, shown(found)
    assert found["min:5%"].low is not None
    assert found["min:5%"].low > found["alarm"].high, shown(found)


def test_drift_of_the_machine_cancels_in_pairs() -> None:
    """With lasting noise of 2 % the gate alarms as seldom as without."""
    found = rates(Noise(0.01, 0.02, drift=0.02, memory=0.95), 0.05, seed=2)
    assert found["alarm"].high is not None
    assert found["alarm"].high <= 0.05, shown(found)
    assert found["caught"].low is not None
    assert found["caught"].low >= 0.95, shown(found)


def stored_alarms(memory: float) -> Estimate:
    """How often a rank test at 5 % alarms on a stored baseline of 10 restarts a side, nothing having changed."""
    random = np.random.default_rng(3)
    noise = Noise(0.0, 0.02, drift=0.02, memory=memory)
    pairs = (stored_pair(noise, 10, random) for _ in range(STORED))
    return clopper_pearson(sum(p_above(unpaired_shift(*map(list, pair))) <= 0.05 for pair in pairs), STORED)


def test_a_stored_baseline_is_sound_without_drift() -> None:
    """Independent restarts: the alarms are compatible with the 5 % that the test promises."""
    rate = stored_alarms(memory=0.0)
    assert rate.low is not None
    assert rate.low <= 0.05


def test_a_stored_baseline_is_unsound_on_a_machine_that_drifts() -> None:
    """The note of the file comparison is true: the same test at 5 % alarms in more than one of five comparisons."""
    rate = stored_alarms(memory=0.95)
    assert rate.low is not None
    assert rate.low >= 0.2


def test_the_detectable_change_is_detected_as_often_as_said() -> None:
    """With the spread of a run and the slowdown it names, nine in ten runs call it, give or take one."""
    random = np.random.default_rng(4)
    level, bound = 0.05 / 12, math.log1p(MARGIN)
    change = detectable((12,), 0.03, level, bound)
    called = 0
    for _ in range(SUITES):
        shift = paired_shift(random.normal(change, 0.03, 12).tolist())
        called += p_above(shift) <= level and float(np.median(shift.pairs)) > bound
    rate = clopper_pearson(called, SUITES)
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low <= 0.9 <= rate.high
