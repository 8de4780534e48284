"""How good the gate is: its verdicts on several hundred gates drawn from a recorded series.

A drawn gate takes distinct restarts of the series in random order and looks at them as a real gate does. Where
nothing changed, base and head are exchangeable, so each drawn restart swaps them by a coin. Intervals are over the
series' restarts, not over the draws.
"""

import gc
import importlib
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from benches import compare_arms
from benches.compare_arms import BASE, HEAD, Margins, Metric
from benches.record_file import replace_file
from benches.series import Header, Injection, Restart, Series, canary_logs, head_logs, refuse_short, stacked
from benches.stats import clopper_pearson
from benches.verdict import Finding, Verdict

BASELINES = Path(__file__).parent / "baselines"

RESTARTS = 60
"""Of a series: three gates of two looks that share none."""

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
    """How often something was said of drawn gates.

    Attributes:
        case: What was changed, in words.
        said: What was counted, in words.
        measured: The injected slowdown as the whole series shows it, a fraction; null where nothing is injected.
        share: Of the drawn gates.
        low: Interval over restarts, 95 %.
        independent: How many gates without a common restart the series holds.
    """

    case: str
    said: str
    share: float
    low: float
    high: float
    gates: int
    independent: int
    measured: float | None = None


class Summary(msgspec.Struct, frozen=True):
    """What a series says of the gate."""

    header: Header
    restarts: int
    rates: list[Rate]


def summary(series: Series, policy: Margins, restarts: int) -> Summary:
    """The rates with where they come from.

    Raises:
        ValueError: If the series is too short for a gate of two looks.
    """
    return Summary(series.header, len(series.restarts), rates(series, policy, restarts))


def write(found: Summary, path: Path) -> None:
    """Replaces the file.

    Raises:
        OSError: If it cannot be written.
    """
    replace_file(path, msgspec.json.format(msgspec.json.encode(found), indent=1))


def shipped() -> list[Summary]:
    """What comes with this project: the gate in a quiet and in a loaded series."""
    return [msgspec.json.decode(path.read_bytes(), type=Summary) for path in sorted(BASELINES.glob("self-test-*.json"))]


class Drawn(NamedTuple):
    """One restart: log(head / base), and log(one canary / the other), of every metric."""

    head: dict[Metric, float]
    canary: dict[Metric, float]


Count = Callable[[np.random.Generator, np.ndarray], bool]
"""Draws a gate from restarts of these numbers, and tells whether what is counted was said of it."""


def rates(series: Series, policy: Margins, restarts: int, suites: int = SUITES) -> list[Rate]:
    """Everything there is to say, case by case; `restarts` are those of one look, `suites` gates are drawn.

    Raises:
        ValueError: If the series is too short for a gate of two looks.
    """
    importlib.import_module("statsmodels.stats.multitest")
    gc.freeze()  # it collects garbage at every call; what is here already need not be looked at each time
    refuse_short(series, restarts)
    draws = _Draws(series, policy, restarts, suites)
    return [
        *(draws.rate("nothing changed", f"{one} anywhere", draws.says(one)) for one in ("regressed", "undecided")),
        *(
            draws.rate("nothing changed", f"pytest-benchmark {name}", draws.exceeds(*rule))
            for name, rule in RULES.items()
        ),
        *(draws.injected(one) for one in series.header.injections),
    ]


@dataclass(frozen=True)
class _Draws:
    """Gates drawn from one series."""

    series: Series
    policy: Margins
    restarts: int
    suites: int

    def rate(self, case: str, said: str, count: Count) -> Rate:
        """The share over all restarts, and its interval from halves of them.

        References:
            Politis, Romano and Wolf, "Subsampling", 1999: a mean over half of n, drawn without replacement, varies
            around the mean over all as that varies around the truth.
        """
        random = np.random.default_rng(0)
        everything = np.arange(len(self.series.restarts))
        half = max(len(everything) // 2, compare_arms.LOOKS * self.restarts)
        called = sum(count(random, everything) for _ in range(self.suites))
        again = [
            np.mean([count(random, pool) for _ in range(SUITES_OF_A_HALF)])
            for pool in (random.permutation(everything)[:half] for _ in range(HALVES))
        ]
        low, high = np.quantile(again, [0.025, 0.975])
        independent = len(everything) // self.restarts
        if low == high:  # all or nothing: as much as gates without a common restart can tell
            exact = clopper_pearson(round(low * independent), independent)
            low, high = exact.low or 0.0, exact.high or 1.0
        return Rate(case, said, called / self.suites, float(low), float(high), self.suites, independent)

    def injected(self, one: Injection) -> Rate:
        """How often the slowed cell is called, by its name."""
        rate = self.rate(f"{one.kind} +{100 * one.size:g} %", "regressed, that cell", self.says("regressed", one))
        logs = stacked(head_logs(self.series, one))[one.metric]
        return msgspec.structs.replace(rate, measured=math.expm1(statistics.median(logs)))

    def says(self, verdict: Verdict, injection: Injection | None = None) -> Count:
        """Whether the gate gives that verdict: of the injected metric, or of any where nothing is injected."""
        restarts = [
            Drawn(*both) for both in zip(head_logs(self.series, injection), canary_logs(self.series), strict=True)
        ]

        def count(random: np.random.Generator, pool: np.ndarray) -> bool:
            drawn = [restarts[i] for i in random.permutation(pool)[: compare_arms.LOOKS * self.restarts]]
            if injection is None:
                drawn = [swapped(one) if random.random() < 0.5 else one for one in drawn]
            findings = drawn_gate(drawn, self.policy, self.restarts)
            said = {Metric(one.metric, one.cell) for one in findings if one.verdict == verdict}
            return injection.metric in said if injection else bool(said)

        return count

    def exceeds(self, statistic: Statistic, limit: float) -> Count:
        """Whether any time of the head is so much above the base's, as one stored file against another."""

        def pooled(chosen: Sequence[Restart], arm: str, metric: Metric) -> float:
            samples = [restart.arms[arm][metric.cell] for restart in chosen]
            if metric.name == "compile":
                return statistic([sample.compile_s for sample in samples])
            return statistic([step for sample in samples for step in sample.step_s if step])

        def count(random: np.random.Generator, pool: np.ndarray) -> bool:
            chosen = [self.series.restarts[i] for i in random.permutation(pool)[: self.restarts]]
            metrics = list(head_logs(self.series)[0])
            return any(pooled(chosen, HEAD, metric) > (1 + limit) * pooled(chosen, BASE, metric) for metric in metrics)

        return count


def swapped(drawn: Drawn) -> Drawn:
    """The same restart with head and base taken for each other, and the canaries too."""
    return Drawn(*({metric: -value for metric, value in side.items()} for side in drawn))


def drawn_gate(drawn: Sequence[Drawn], policy: Margins, restarts: int) -> list[Finding]:
    """What the gate says of these restarts: the first so many are its first look, all of them its second."""
    first_heads, first_canaries = (stacked([one[side] for one in drawn[:restarts]]) for side in (0, 1))
    found = compare_arms.first_look(first_heads, policy)
    canary = compare_arms.canary(first_canaries, policy)
    cells = compare_arms.undecided(found, policy, restarts)
    if cells and not compare_arms.unfit(canary):
        heads, canaries = (stacked([one[side] for one in drawn]) for side in (0, 1))
        found = compare_arms.second_look(found, heads, policy, cells)
        measured_again = {metric: values for metric, values in canaries.items() if metric.cell in cells}
        canary = compare_arms.canary(first_canaries | measured_again, policy)
    return compare_arms.believed(found, canary)
