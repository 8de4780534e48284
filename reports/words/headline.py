"""The verdict: what the ratios say, in one sentence with its numbers, and claim by claim."""

import math
import statistics
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.record.run import ArmRecord, CellRecord
from triptych.benches.schedule.defaults import DEFAULT_REFERENCE
from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words.naming import cell_name, setting

MOST_NAMED = 3
UNLIKE = 1.1  # times as long: from here on the page says that trainings and blocks differ
MOST_THREADS = 2  # of a worker that computes in turns: Python's, and the one of XLA's
PHRASES = {
    "ties": "{0.trainer} ties ({0.span} times)",
    "undecided": "for {0.trainer}{0.where} this run cannot tell ({0.span} times)",
    "none": "{0.trainer} has no ratio",
}
"""What is said of a claim, by its kind; those that take longer share their words."""


class Claim(NamedTuple):
    """What the ratios of one trainer in one setting come to, over its workloads."""

    trainer: str
    kind: str
    span: str
    ratios: tuple[float, ...]
    where: str


def sentences(report: Report) -> list[str]:
    """One sentence per setting, the first of which heads the page."""
    grouped: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in report.rows:
        if row.standing != "reference" and row.is_timed:
            where = (row.reference, setting(report, row.place))
            grouped.setdefault(where, {}).setdefault(row.trainer, []).append(row)
    said = [
        f"Against {text.short(reference)} {where}, {_said(list(chain(*map(_claims, trainers.values()))))}."
        for (reference, where), trainers in grouped.items()
    ]
    return (said[::-1] if report.older else said) or [_alone(report)]  # of a history the newest comes first


def _claims(rows: list[Row]) -> list[Claim]:
    """What is decided of a trainer, and apart from it what is not."""
    unsure, decided = ([row for row in rows if (row.standing == "undecided") is open_] for open_ in (True, False))
    if not decided or not unsure:
        return [_claim(rows)]
    places = _joined([text.short(name) for name in dict.fromkeys(row.place.workload for row in unsure)])
    return [_claim(decided), _claim(unsure, f" on {places}")]


def _claim(rows: list[Row], where: str = "") -> Claim:
    """What ratios come to, and from where to where they reach."""
    trainer = text.short(rows[0].trainer)
    times = sorted((row.ratio.time for row in rows if row.ratio.time), key=lambda time: time.value)
    if not times:
        return Claim(trainer, "none", "", (), where)
    low, high = text.significant(times[0].value), text.significant(times[-1].value)
    has_interval = len(times) == 1 and times[0].low is not None
    span = f"{low} {text.interval(times[0])}" if has_interval else low if low == high else f"{low} to {high}"
    standings = {row.standing for row in rows if row.ratio.time}
    kind = "ties" if standings == {"tie"} else "undecided" if standings == {"undecided"} else "takes"
    return Claim(trainer, kind, span, tuple(time.value for time in times), where)


def _said(claims: list[Claim]) -> str:
    """All claims of a setting; what several share is said once."""
    takers = [one for one in claims if one.kind == "takes"]
    others = [words.format(one) for kind, words in PHRASES.items() for one in claims if one.kind == kind]
    return "; ".join([_taken(takers), *others] if takers else others)


def _taken(takers: list[Claim]) -> str:
    if len(takers) > MOST_NAMED:
        ends = sorted((ratio, one.trainer) for one in takers for ratio in one.ratios)
        low, high = (f"{text.significant(ratio)} ({trainer})" for ratio, trainer in (ends[0], ends[-1]))
        return f"{len(takers)} trainers take {low} to {high} times as long per step"
    first, *others = takers
    named = [f"{first.trainer} takes {first.span}", *(f"{one.trainer} {one.span}" for one in others)]
    return f"{_joined(named)} times as long per step"


def _alone(report: Report) -> str:
    row = next((row for row in report.rows if row.step_s), report.rows[0])
    if row.step_s is None:
        return f"{text.short(row.trainer)} has no steps to compare."
    speed = text.inverse(row.step_s)
    figure = f"{text.significant(speed.value)} steps/s ({text.interval(speed)})"
    return f"{cell_name(report, row)} makes {figure}; there is no other trainer to compare it with."


def _joined(phrases: list[str]) -> str:
    """Joined by "and", so that what all takers share is said once."""
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def caveats(report: Report) -> list[str]:
    """What a reader of the verdict must know besides."""
    return [*_of_runs(report), *_of_cells(report)]


def _of_runs(report: Report) -> Iterator[str]:
    several = len(report.sources) > 1
    for source in report.sources:
        run, trainers = source.run, {row.trainer for row in report.rows if row.place.source == source.label}
        if run.status != "complete":
            name = f"Run {source.label}" if several else "This run"
            yield f"{name} is incomplete: it was stopped, and what was measured until then is shown."
        if trainers and DEFAULT_REFERENCE not in trainers:
            where = f" in run {source.label}" if several else ""
            instead = f"; the ratios are to {text.short(run.reference)}" if trainers > {run.reference} else ""
            yield f"{DEFAULT_REFERENCE}, the usual reference, was not measured{where}{instead}."
        for arm in run.arms:
            if arm.device == "cpu":
                yield f"{f'Run {source.label}, ' if several else ''}{where_measured(arm)}."
    if report.older:
        before = "one before them is" if report.older == 1 else f"{report.older} before them are"
        yield f"The last {len(report.sources)} runs stand side by side; {before} in the trend."


def where_measured(arm: ArmRecord) -> str:
    """On which processors, which decides what may be compared."""
    if not arm.cpus:
        return f"{arm.name}: measured on all processors, as users have it"
    several = f"processors {', '.join(map(str, arm.cpus))}, with a thread of XLA's for each"
    which = several if len(arm.cpus) > 1 else f"one processor (number {arm.cpus[0]}), with one thread of XLA's"
    return f"{arm.name}: measured on {which}; --cpus all measures as users have it"


def longer_in_training(record: CellRecord) -> float | None:
    """Time per step of whole trainings over that of blocks; None where there are none of either."""
    whole = [one.train_s / one.steps_done for one in record.trainings if one.steps_done]
    both = whole and record.counted_blocks
    return statistics.median(whole) / statistics.median(pairing.step_times(record)) if both else None


def _of_cells(report: Report) -> Iterator[str]:
    short_of = [row.ratio.time.n for row in report.rows if row.ratio.time and row.ratio.time.low is None]
    if short_of:
        yield f"A first look, not a finding: there is no interval yet ({text.shortage(max(short_of))})."
    if ended := [row for row in report.rows if row.is_timed and row.record.outcome.kind != "ok"]:
        named = "; ".join(f"{cell_name(report, row)}: {text.outcome(row.record.outcome)}" for row in ended[:MOST_NAMED])
        rest = f"; and {len(ended) - MOST_NAMED} more" if len(ended) > MOST_NAMED else ""
        yield f"{len(ended)} of {text.count(len(report.rows), 'cell')} did not come to the end: {named}{rest}."
    arms = {(source.label, arm.name): arm for source in report.sources for arm in source.run.arms}
    for row in report.rows:
        busy, cpus = row.record.busy_threads or 0, arms[row.place.source, row.place.arm].cpus
        if busy > MOST_THREADS and len(cpus) == 1:
            yield f"{cell_name(report, row)} kept {busy} threads busy on one processor; try --cpus all."
        slower = longer_in_training(row.record)
        if slower and abs(math.log(slower)) > math.log(UNLIKE):
            times = f"{text.significant(slower)} times as long per step"
            yield f"{cell_name(report, row)} took {times} in a whole training as in the blocks of its steps/s."
    certificates = [one.ratio.parity for one in report.rows if one.ratio.parity and one.standing != "reference"]
    lost = sum(not certificate.holds for certificate in certificates)
    if lost:
        yield f"Parity was lost in {lost} of {text.count(len(certificates), 'comparison')}; no ratio is given there."
    elif certificates:
        yield "Wherever a ratio stands, both sides computed the same losses."
