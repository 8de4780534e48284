"""The three questions that people come with, answered from the figures of a report, or with the command that would."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.analysis.ladder import Climb
from triptych.benches.analysis.pairing import BreakEven
from triptych.benches.stats.ranks import Estimate, geometric
from triptych.reports import text
from triptych.reports.figures import ladder, scaling
from triptych.reports.view.report import MARGIN, Place, Report, Row, standing
from triptych.reports.words import columns, naming

SLOW, FAST, LIBRARY = "naive", "treemap", "flax_optax"

MOST_ANSWERS = 6


class Question(NamedTuple):
    """One question with its answers.

    Attributes:
        answers: Sentences from the figures of this report.
        missing: What has not been measured, or nothing.
        command: What measures it.
        figures: Keys of exhibits that show the answer; the first one that the report has stands beside it.
    """

    asked: str
    answers: list[str]
    missing: str
    command: str
    figures: tuple[str, ...]


class Pair(NamedTuple):
    """Two trainers in one place."""

    where: str
    row: Row
    other: Row
    ratio: Estimate


def questions(report: Report) -> list[Question]:
    """All three, in the order in which they are asked."""
    return [faster(report), cost(report), compiling(report)]


def faster(report: Report) -> Question:
    """Why treemap is faster than naive."""
    found = list(pairs(report, SLOW, FAST))
    climbs = ladder.rows(report)
    missing = "" if climbs else "Which change makes how much of it, this report has not measured."
    times = sorted(pair.ratio.value for pair in found)
    span = " to ".join(dict.fromkeys(text.significant(end) for end in (times[0], times[-1]))) if times else ""
    return Question(
        f"Why is {FAST} {span} times as fast as {SLOW}?" if span else f"Why is {FAST} faster than {SLOW}?",
        cut([*map(_ladder, climbs)] or [f"{pair.where}, {SLOW} takes {_against(pair, FAST)}." for pair in found]),
        missing,
        "triptych run --ladder",
        ("ladder", "speeds"),
    )


def _ladder(one: Climb) -> str:
    """The factors from naive to a treemap step, their product and the ratio measured as one; then the scan."""
    step = next(i for i, rung in enumerate(one.rungs) if (rung.change.trainer, rung.change.mode) == (FAST, "step"))
    rungs = [(rung.factor, rung.change.words) for rung in one.rungs[1 : step + 1] if rung.factor]
    whole = geometric(pairing.paired_ratios(one.rungs[0].record, one.rungs[step].record))
    factors = " · ".join(f"{text.significant(factor.value)} × ({words})" for factor, words in rungs)
    product = text.significant(math.prod(factor.value for factor, _ in rungs))
    said = (
        f"On {naming.short(one.workload)} on {naming.short(one.device)}: {factors} = {product} times; "
        f"measured as one ratio, {_estimated(whole)}."
    )
    beyond = [
        f"{rung.change.words}: {text.significant(rung.factor.value)} ×" for rung in one.rungs[step + 1 :] if rung.factor
    ]
    return f"{said} Beyond that, {'; '.join(beyond)}." if beyond else said


def cost(report: Report) -> Question:
    """What Flax and Optax cost, and up to what size."""
    found = pairs(report, LIBRARY, FAST)
    sweeps = [scaling.sentence(report, curve, name) for curve in scaling.rows(report) for name in curve.compared]
    answers = [f"{pair.where}, {LIBRARY} takes {_against(pair, FAST)}." for pair in found]
    return Question(
        "What does Flax + Optax cost, and up to what size?",
        [*cut(answers), *cut(sweeps)],
        "" if sweeps else "Up to what size, this report has not measured.",
        "triptych run --sweep width=16:4096",
        (scaling.KEY, "ratios"),
    )


def compiling(report: Report) -> Question:
    """From which step on compiling pays."""
    found = list(pairs(report, SLOW, FAST))
    return Question(
        "When does compiling pay?",
        cut([f"{pair.where}, {_pays(pair)}." for pair in found]),
        "" if found else "This report has not measured it.",
        f"triptych run --trainer {SLOW} --trainer {FAST}",
        ("totals", "compile"),
    )


def _pays(pair: Pair) -> str:
    """Whether the compiled trainer is ahead, its one long compile included."""
    even: BreakEven = pairing.break_even(pair.row.record, pair.other.record)
    steps = _estimated(even.steps, "steps") if even.steps else ""
    said = {
        "never": f"from the first step: {FAST} never lies behind {SLOW}",
        "until": f"after {steps}: until then {SLOW} is ahead",
        "always": f"never: {SLOW} is always ahead",
        "after": f"only for less than {steps}: after that {SLOW} is ahead",
        "undecided": "this run cannot tell, its restarts disagree",
        "unknown": "no restart has both compile and step times",
    }[even.kind]
    few = columns.too_few(pair.ratio, pair.row.compile_s)
    if few and even.kind in ("never", "always"):
        said = f"so far {said} ({few})"
    compiles = " against ".join(_compiles(row, row.compile_s) for row in (pair.other, pair.row) if row.compile_s)
    return f"{said}; compiling takes {compiles}" if compiles else said


def _estimated(estimate: Estimate, unit: str = "") -> str:
    """A figure with its interval, for instance "13.1 steps (no interval: 1 restart, 6 needed)"."""
    interval = text.interval(estimate)
    parts = [interval, unit] if estimate.low is not None else [unit, f"({interval})"]
    return " ".join(part for part in (text.significant(estimate.value), *parts) if part)


def _compiles(row: Row, compile_s: Estimate) -> str:
    programs = text.count(row.record.compiles[0].programs, "program")
    return f"{text.seconds(compile_s.value)} for {programs} of {row.trainer}"


def pairs(report: Report, trainer: str, other: str) -> Iterator[Pair]:
    """Where both were measured at a workload's own size, with a certified ratio."""
    places: dict[Place, dict[str, Row]] = {}
    for row in scaling.others(report):
        places.setdefault(row.place, {})[row.trainer] = row
    for place, rows in places.items():
        if trainer in rows and other in rows:
            run = report.source(place.source).run
            ratio = pairing.ratio(run, rows[trainer].record, rows[other].record).time
            where = f"On {naming.short(place.workload)} {naming.setting(report, place)}"
            if ratio:
                yield Pair(where, rows[trainer], rows[other], ratio)


def _against(pair: Pair, other: str) -> str:
    said, word = _estimated(pair.ratio, f"times {other}'s time per step"), standing(pair.ratio)
    return f"{said}{ {'tie': f', a tie within ±{100 * MARGIN:g} %', 'undecided': ', undecided'}.get(word, '') }"


def cut(answers: Sequence[str]) -> list[str]:
    """The first ones; the rest is in the table."""
    more = len(answers) - MOST_ANSWERS
    return (
        list(answers)
        if more <= 0
        else [*answers[:MOST_ANSWERS], f"{more} more {'is' if more == 1 else 'are'} in the table above."]
    )
