"""How good the gate is: its verdicts on several hundred gates drawn from a recorded series.

A drawn gate takes distinct restarts of the series in random order and looks at them as a real gate does, the sides as
they were recorded, so that an arm that is slower for no reason would show. Intervals are over the series' restarts, not
over the draws.
"""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np

from triptych.benches.gate.looks import LOOKS, Seen, look_twice
from triptych.benches.gate.metrics import METRIC, Levels, Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.scope import GATE
from triptych.benches.gate.sides import BASE, HEAD
from triptych.benches.gate.verdict import Finding, Verdict
from triptych.benches.selftest import series as recorded
from triptych.benches.selftest.series import Header, Injection, Kind, Ratios, Restart, Series, head_logs, stacked
from triptych.benches.stats.ranks import clopper_pearson, geometric

BASELINES = Path(__file__).parents[1] / "baselines"
RESTARTS = 60  # of a series: three gates of two looks that share none
TYPICAL: tuple[Kind, float] = ("device", 0.05)  # the slowdown on which fixed thresholds are tried too
SUITES = 300
HALVES, SUITES_OF_A_HALF = 40, 10

Statistic = Callable[[Sequence[float]], float]

RULES: dict[str, tuple[Statistic, float]] = {
    "min:5%": (min, 0.05),
    "min:10%": (min, 0.10),
    "mean:10%": (statistics.fmean, 0.10),
    "median:10%": (statistics.median, 0.10),
}
"""Thresholds of pytest-benchmark's --benchmark-compare-fail, on the same samples."""


class Rate(msgspec.Struct, frozen=True):
    """How often something was said of drawn gates: the share, with its 95 % interval over restarts.

    Attributes:
        case: What was changed, in words.
        independent: How many such gates without a common restart the series holds.
        measured: The injected slowdown as the whole series shows it, a fraction; null where nothing is injected.
    """

    case: str
    said: str
    share: float
    low: float
    high: float
    gates: int
    independent: int
    measured: float | None = None


class Bias(msgspec.Struct, frozen=True):
    """How many times as long as the base an equal arm took, over all cells of the series; 95 % over its restarts."""

    metric: str
    ratio: float
    low: float | None
    high: float | None


class Summary(msgspec.Struct, frozen=True):
    """What a series says of the gate; a bias per metric."""

    header: Header
    restarts: int
    rates: list[Rate]
    biases: list[Bias] = []


def shipped() -> list[Summary]:
    """What comes with this project: the gate in a quiet and in a loaded series."""
    paths = sorted(BASELINES.glob("self-test-*.json"), reverse=True)
    return [msgspec.json.decode(path.read_bytes(), type=Summary) for path in paths]


Draw = Callable[[np.random.Generator, np.ndarray], tuple[bool, int]]
"""Draws a gate from restarts of these numbers: whether what is counted was said, and of how many restarts."""


def summary(series: Series, policy: Policy, restarts: int = GATE.restarts, suites: int = SUITES) -> Summary:
    """Everything there is to say, case by case, of as many drawn gates whose looks take so many restarts each.

    Raises:
        ValueError: If the series is too short for a gate of two looks.
    """
    there, needed = len(series.restarts), LOOKS * restarts
    if there < needed:
        raise ValueError(f"the series has {there} restarts, and one gate of two looks takes {needed}; go on with it")
    draws, unchanged = _Draws(series, policy, restarts, suites), "nothing changed"
    rates = [
        *(draws.rate(unchanged, f"{one} anywhere", draws.says(one)) for one in ("regressed", "undecided")),
        *draws.fixed(unchanged),
        *(rate for one in series.header.injections for rate in draws.injected(one)),
    ]
    return Summary(series.header, len(series.restarts), rates, _biases(series))


def _biases(series: Series) -> list[Bias]:
    """A restart is one number: the mean over its cells of what an equal arm took more."""
    found: list[Bias] = []
    for metric in METRIC:
        logs = ([log for one, log in restart.items() if one.metric == metric] for restart in head_logs(series))
        found.append(Bias(metric, *geometric([math.exp(statistics.fmean(one)) for one in logs])[:3]))
    return found


@dataclass(frozen=True)
class _Draws:
    """Gates drawn from one series."""

    series: Series
    policy: Policy
    restarts: int
    suites: int

    def rate(self, case: str, said: str, draw: Draw) -> Rate:
        """The share over all restarts, and its interval from halves of them, where these can tell.

        References:
            Politis, Romano and Wolf, "Subsampling", 1999: a mean over half of n, drawn without replacement, varies
            around the mean over all as that varies around the truth; over more than half, by (n - b) / b less.
        """
        random = np.random.default_rng(0)
        everything = np.arange(len(self.series.restarts))
        drawn = [draw(random, everything) for _ in range(self.suites)]
        share = statistics.fmean(said for said, _ in drawn)
        independent = math.floor(len(everything) / statistics.fmean(restarts for _, restarts in drawn))
        called, half = round(share * independent), max(len(everything) // 2, LOOKS * self.restarts)
        if called in (0, independent) or half == len(everything):
            exact = clopper_pearson(called, independent)
            low, high = exact.low or 0.0, exact.high or 1.0
        else:
            pools = (random.permutation(everything)[:half] for _ in range(HALVES))
            again = [statistics.fmean(draw(random, pool)[0] for _ in range(SUITES_OF_A_HALF)) for pool in pools]
            wider = math.sqrt(half / (len(everything) - half))
            low, high = (share + (end - share) * wider for end in np.quantile(again, [0.025, 0.975]))
            low, high = max(0.0, min(share, low)), min(1.0, max(share, high))
        return Rate(case, said, share, float(low), float(high), self.suites, independent)

    def injected(self, one: Injection) -> list[Rate]:
        """How often the slowed cell is called, by its name; of a typical slowdown also what fixed thresholds call."""
        case, logs = f"{one.kind} +{100 * one.size:g} %", stacked(head_logs(self.series, one))[one.subject]
        found = [self.rate(case, "regressed, that cell", self.says("regressed", one))]
        found += self.fixed(case, one) if (one.kind, one.size) == TYPICAL else []
        return [msgspec.structs.replace(rate, measured=math.expm1(statistics.median(logs))) for rate in found]

    def fixed(self, case: str, injection: Injection | None = None) -> list[Rate]:
        """How often each of the fixed thresholds calls something."""
        rules = RULES.items()
        return [self.rate(case, f"pytest-benchmark {name}", self.exceeds(*rule, injection)) for name, rule in rules]

    def says(self, verdict: Verdict, injection: Injection | None = None) -> Draw:
        """Whether the gate gives that verdict: of the injected metric, or of any where nothing is injected."""
        canaries, levels = recorded.canary_logs(self.series), recorded.base_levels(self.series)
        everything = head_logs(self.series, injection), canaries, levels

        def draw(random: np.random.Generator, pool: np.ndarray) -> tuple[bool, int]:
            chosen = random.permutation(pool)[: LOOKS * self.restarts]
            drawn = ([one[i] for i in chosen] for one in everything)
            findings = drawn_gate(*drawn, policy=self.policy, restarts=self.restarts)
            said = {one.subject for one in findings if one.verdict == verdict}
            looked = max(one.restarts[0] for one in findings)
            return injection.subject in said if injection else bool(said), looked

        return draw

    def exceeds(self, statistic: Statistic, limit: float, injection: Injection | None = None) -> Draw:
        """Whether any time of the head, or the injected one, is above the base's by more than the limit."""
        subjects = [injection.subject] if injection else list(head_logs(self.series)[0])

        def samples(restart: Restart, arm: str, subject: Subject) -> list[float]:
            sample = restart.arms[arm][injection.cell.id if injection and arm == HEAD else subject.cell]
            return [*chain(*METRIC[subject.metric].samples(recorded.record_of(sample)).values())]

        restarts = [
            [(samples(restart, HEAD, one), samples(restart, BASE, one)) for one in subjects]
            for restart in self.series.restarts
        ]

        def draw(random: np.random.Generator, pool: np.ndarray) -> tuple[bool, int]:
            chosen = [restarts[i] for i in random.permutation(pool)[: self.restarts]]
            by_subject = (zip(*pairs, strict=True) for pairs in zip(*chosen, strict=True))
            pooled = ([statistic([*chain(*arm)]) for arm in arms] for arms in by_subject)
            slower = (head > (1 + limit) * base for head, base in pooled)
            return any(slower), len(chosen)

        return draw


def drawn_gate(
    heads: Sequence[Ratios], canaries: Sequence[Ratios], bases: Sequence[Levels], policy: Policy, restarts: int
) -> list[Finding]:
    """What the gate says of these restarts: its first look takes the first of them, its second all."""

    def seen(n: int) -> Seen:
        levels = {subject: statistics.median(values) for subject, values in stacked(bases[:n]).items()}
        return Seen(stacked(heads[:n]), stacked(canaries[:n]), levels)

    first, second = seen(restarts), seen(len(heads))
    return look_twice(first, lambda _: second, policy, restarts)[0]
