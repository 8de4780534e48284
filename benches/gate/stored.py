"""The gate on result files: a stored baseline against a candidate, restart by restart but not pair by pair.

Files of two sides were measured at different times, so nothing cancels what the machine did in between, and the
restarts of a side share its mood. The sides are compared by the Mann-Whitney test with the estimate of Hodges and
Lehmann on logarithms, which is exact if restarts are independent and far from it if the machine drifts; `STORED`
says so with figures wherever a verdict rests on it. Measuring both sides again, in turns, has no such fault.
"""

import math
import statistics
from collections.abc import Iterator, Sequence

from triptych.benches.analysis import pairing
from triptych.benches.gate.metrics import METRICS, Subject
from triptych.benches.gate.policy import Policy, missing, renamed
from triptych.benches.gate.stored_files import Measured, Side, differences
from triptych.benches.gate.verdict import EVERY, Comparison, Finding, Judgement, Rule, judge, several, some, stopped
from triptych.benches.record.machine import names_processor
from triptych.benches.stats.ranks import unpaired_shift

STORED = (
    "A stored baseline is weaker evidence than measuring both sides again in turns. On shared CI machines a benchmark "
    "varies by 2.66 % from run to run, and a 2 % gate against a stored mean alarms in 45 % of runs without any change "
    "(codspeed.io/blog/benchmarks-in-ci-without-noise); with noise that lasts (AR 0.80 and 0.95), a rank test at 5 % "
    "alarmed in 27 % and 40 % of simulated comparisons with a stored baseline, and in 4 % and 5 % of random pairs."
)
"""The simulation: 10 restarts a side, 1,500 times, drift with innovations of 2 %, white noise of 1 %, 5 % spikes."""

IN_ORDER = (
    "All files of one side were measured before all of the other: whatever the machine did in between counts as a "
    "change. Measure the sides in turns."
)


def compare(baseline: Side, candidate: Side, policy: Policy) -> Judgement:
    """Judges every benchmark that both sides have, and names those that only one has."""
    if reason := _not_comparable(baseline, candidate):
        return Judgement((Finding("machine", EVERY, "incomparable", reason),))
    before, after = baseline.benchmarks, candidate.benchmarks
    common = [name for name in before if name in after]
    added = tuple(name for name in after if name not in before)
    if not common:
        words = f"no benchmark is in both: the baseline has {some(before)}, the candidate {some(after)}"
        return Judgement((Finding("benchmarks", EVERY, "incomparable", f"{words}; give results of one suite"),), added)
    lost, notes = missing(before, after, policy, lambda name: _lost(before[name], [after[new] for new in added]))
    notes += policy.unused({*before, *after})
    pairs = [(before[name], after[name]) for name in common]
    settled = [finding for pair in pairs if (finding := _outcome(*pair) or _loss(*pair))]
    unlike = stopped(settled)
    ready = [pair for pair in pairs if pair[0].name not in unlike]
    ratios = [one for pair in ready for one in _ratios(*pair, policy)]
    settled += [one for one in ratios if isinstance(one, Finding)]
    timed = judge([one for one in ratios if isinstance(one, Comparison)], Rule(policy.alpha))
    caveats = _caveats(baseline, candidate) if timed else []
    return Judgement((*lost, *settled, *timed), added, (*notes, *caveats))


def _not_comparable(baseline: Side, candidate: Side) -> str:
    if differing := differences(baseline, candidate):
        return f"measured on different machines: {'; '.join(differing)}; measure both sides on one"
    machines = (baseline.machines, candidate.machines)
    if not all(one and all(map(names_processor, one.values())) for one in machines):
        return "the files do not say on which machine they were measured; measure both sides on one, with machine_info"
    return ""


def _lost(measured: Measured, added: Sequence[Measured]) -> str:
    """That the candidate lacks a benchmark; a new one of the same group and parameters may be it, renamed."""
    close = renamed(measured.name, [one.name for one in added if one.kind == measured.kind])
    hint = f" (renamed to {close}? then rename it in the baseline too)" if close else ""
    return f"in the baseline only{hint}; measure it, or allow it with allowed_missing in [tool.triptych.gate]"


def _outcome(baseline: Measured, candidate: Measured) -> Finding | None:
    """What is said of a benchmark that a side has no times of; nothing if both have."""
    if candidate.failed and not baseline.failure:
        return Finding("outcome", baseline.name, "regressed", f"has times in the baseline, but now {candidate.failure}")
    for side, measured in (("baseline", baseline), ("candidate", candidate)):
        if measured.failure:
            words = f"has no times in the {side} ({measured.failure}); measure the {side} again"
            return Finding("outcome", baseline.name, "incomparable", words)
    return None


def _loss(baseline: Measured, candidate: Measured) -> Finding | None:
    """Whether the candidate still computes what the baseline did, within the workload's own tolerance."""
    before, after = ([one for one in side.trained if one[1].trainings] for side in (baseline, candidate))
    if not before and not after:
        return None
    if not before or not after:
        trained, other = ("baseline", "candidate") if before else ("candidate", "baseline")
        sentence = f"trained in the {trained} only, so nothing says that both compute the same; train the {other} too"
        return Finding("loss", baseline.name, "incomparable", sentence)
    (run, reference), *others = before
    steps: list[int] = []
    for where, cells in (("between files of the baseline: ", others), ("candidate against baseline: ", after)):
        for _, cell in cells:
            parity = pairing.parity(run, cell, reference)
            if not parity.holds:
                differs = parity.reason.startswith("losses")
                words = f"{where * differs}{parity.reason}; times are not compared"
                verdict = "regressed" if differs and cells is after else "incomparable"
                return Finding("loss", baseline.name, verdict, words)
            steps.append(parity.steps)
    return Finding("loss", baseline.name, "ok", f"same losses over {several(min(steps), 'step')}")


def _ratios(baseline: Measured, candidate: Measured, policy: Policy) -> Iterator[Comparison | Finding]:
    """Each metric of one benchmark, ready to be judged, or why it cannot be: a ratio needs two times."""
    name = baseline.name
    for metric in METRICS:
        before, after = (side.times.get(metric.name, ()) for side in (baseline, candidate))
        if before and after and all((*before, *after)):
            shift = unpaired_shift([math.log(value) for value in before], [math.log(value) for value in after])
            yield policy.comparison(Subject(metric.name, name), shift, statistics.median(before))
        elif before and after and not any((*before, *after)):
            yield Finding(metric.name, name, "ok", f"no {metric.name} took any time on either side")
        elif before or after:
            words = " against ".join(_timeless(values) for values in (before, after))
            yield Finding(metric.name, name, "incomparable", f"{words}: no ratio can be taken; look at both files")


def _timeless(values: Sequence[float]) -> str:
    return f"{sum(value == 0 for value in values)} of {len(values)} took no time" if values else "none measured"


def _caveats(baseline: Side, candidate: Side) -> list[str]:
    before, after = (list(filter(None, side.moments)) for side in (baseline, candidate))
    in_order = before and after and (max(before) < min(after) or max(after) < min(before))
    return [STORED, IN_ORDER] if in_order else [STORED]
