"""The three questions that people come with, answered from the figures of a report, or with the command that would."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.analysis.ladder import Climb
from triptych.benches.analysis.tie import TIE_MARGIN
from triptych.benches.stats.ranks import Estimate, geometric
from triptych.reports import text
from triptych.reports.figures import ladder, scaling
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns, naming

SLOW, FAST, LIBRARY = "naive", "treemap", "flax_optax"
MOST_ANSWERS = 6


class Question(NamedTuple):
    """One question with its answers, what has not been measured, if anything, and the command that measures it.

    Attributes:
        figures: Keys of exhibits that show the answer; the first one that the report has stands beside it.
    """

    asked: str
    answers: list[str]
    missing: str
    command: str
    figures: tuple[str, ...]


def questions(report: Report) -> list[Question]:
    """All three, in the order in which they are asked."""
    return [faster(report), cost(report), compiling(report)]


def faster(report: Report) -> Question:
    """Why treemap is faster than naive."""
    climbs, rows = ladder.rows(report), compared(report, SLOW, FAST)
    times = sorted(row.ratio.time.value for row in rows if row.ratio.time)
    span = " to ".join(dict.fromkeys(text.significant(end) for end in (times[0], times[-1]))) if times else ""
    return Question(
        f"Why is {FAST} {span} times as fast as {SLOW}?" if span else f"Why is {FAST} faster than {SLOW}?",
        cut([*map(_ladder, climbs)] or [_taken(report, row) for row in rows]),
        "" if climbs else "Which change makes how much of it, this report has not measured.",
        "triptych run --ladder",
        ("ladder", "speeds"),
    )


def _ladder(one: Climb) -> str:
    """The factors from naive to a treemap step, their product and the ratio measured as one; then the scan."""
    step = next(i for i, rung in enumerate(one.rungs) if (rung.change.trainer, rung.change.mode) == (FAST, "step"))
    whole = geometric(pairing.paired_ratios(one.rungs[0].record, one.rungs[step].record))
    rungs = [(rung.factor.value, rung.change.words) for rung in one.rungs if rung.factor]
    factors = " · ".join(f"{text.significant(factor)} × ({words})" for factor, words in rungs[:step])
    product = text.significant(math.prod(factor for factor, _ in rungs[:step]))
    said = f"On {text.short(one.workload)} on {text.short(one.device)}: {factors} = {product} times"
    beyond = "; ".join(f"{words}: {text.significant(factor)} ×" for factor, words in rungs[step:])
    return f"{said}; measured as one ratio, {_estimated(whole)}.{f' Beyond that, {beyond}.' if beyond else ''}"


def cost(report: Report) -> Question:
    """What Flax and Optax cost, and up to what size."""
    answers = [_taken(report, row) for row in compared(report, LIBRARY, FAST)]
    sweeps = [scaling.sentence(report, curve, name) for curve in scaling.rows(report) for name in curve.ratios]
    return Question(
        "What does Flax + Optax cost, and up to what size?",
        [*cut(answers), *cut(sweeps)],
        "" if sweeps else "Up to what size, this report has not measured.",
        "triptych run --sweep width=16:4096",
        ("scaling", "ratios"),
    )


def compiling(report: Report) -> Question:
    """From which step on compiling pays."""
    rows = compared(report, FAST, SLOW)
    return Question(
        "When does compiling pay?",
        cut([f"{naming.on(report, row.place)}, {_pays(report, row)}." for row in rows]),
        "" if rows else "This report has not measured it.",
        f"triptych run --trainer {SLOW} --trainer {FAST}",
        ("totals", "compile"),
    )


def compared(report: Report, trainer: str, other: str) -> list[Row]:
    """The rows of a trainer against another, at a workload's own size and with a certified ratio."""
    rows = [row for row in scaling.others(report) if row.trainer == trainer]
    return [row for row in report.against(other, rows) if row.ratio.time]


def _taken(report: Report, row: Row) -> str:
    """How many times as long a step takes, with its interval and standing."""
    assert row.ratio.time is not None, "only rows with a ratio are compared"
    said = _estimated(row.ratio.time, f"times {row.reference}'s time per step")
    ending = {"tie": f", a tie within ±{100 * TIE_MARGIN:g} %", "undecided": ", undecided"}.get(row.standing, "")
    return f"{naming.on(report, row.place)}, {row.trainer} takes {said}{ending}."


def _pays(report: Report, row: Row) -> str:
    """From which step on the compiled trainer is ahead of the other, its one long compile included."""
    compiles = " against ".join(
        f"{text.seconds(one.compile_s.value)} for {text.count(one.record.compiles[0].programs, 'program')} of {name}"
        for name in (FAST, SLOW)
        for one in report.by_place[row.place]
        if one.trainer == name and one.compile_s
    )
    said = f"{FAST} is {columns.even_words(row)}"
    return f"{said}; compiling takes {compiles}" if compiles else said


def _estimated(estimate: Estimate, unit: str = "") -> str:
    """A figure with its interval, for instance "13.1 steps (no interval: 1 restart, 6 needed)"."""
    interval = text.interval(estimate)
    parts = [interval, unit] if estimate.low is not None else [unit, f"({interval})"]
    return " ".join(filter(None, [text.significant(estimate.value), *parts]))


def cut(answers: Sequence[str]) -> list[str]:
    """The first ones; the rest is in the table."""
    more = len(answers) - MOST_ANSWERS
    rest = [f"{more} more {'is' if more == 1 else 'are'} in the table above."] if more > 0 else []
    return [*answers[:MOST_ANSWERS], *rest]
