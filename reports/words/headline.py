"""The verdict: what the ratios say, in one sentence with its numbers, and claim by claim."""

from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words.naming import setting, side_name

MOST_NAMED = 3

Kind = Literal["takes", "ties", "undecided", "none"]


@dataclass(frozen=True)
class Claim:
    """What the ratios of one trainer in one setting come to, over its workloads."""

    trainer: str
    kind: Kind
    span: str
    ratios: tuple[float, ...]
    where: str = ""


def sentences(report: Report) -> list[str]:
    """One sentence per setting, the first of which heads the page."""
    grouped: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in report.rows:
        if row.standing != "reference":
            where = (row.reference, setting(report, row.place))
            grouped.setdefault(where, {}).setdefault(row.trainer, []).append(row)
    said = [
        f"Against {text.name(reference, 40)} {where}, {_said(list(chain(*map(_claims, trainers.values()))))}."
        for (reference, where), trainers in grouped.items()
    ]
    newest_first = said[::-1] if report.older else said
    return newest_first or [_alone(report)]


def _claims(rows: list[Row]) -> list[Claim]:
    """What is decided of a trainer, and apart from it what is not."""
    unsure = [row for row in rows if row.standing == "undecided"]
    decided = [row for row in rows if row.standing != "undecided"]
    claims = [Claim(part[0].trainer, *_span(part), _ratios(part)) for part in (decided, unsure) if part]
    if decided and unsure:
        places = _joined([text.name(name, 40) for name in dict.fromkeys(row.place.workload for row in unsure)])
        claims[-1] = replace(claims[-1], where=f" on {places}")
    return claims


def _ratios(rows: list[Row]) -> tuple[float, ...]:
    return tuple(row.ratio.time.value for row in rows if row.ratio.time)


def _span(rows: list[Row]) -> tuple[Kind, str]:
    """What the ratios of a claim come to, and from where to where they reach."""
    times = sorted((row.ratio.time for row in rows if row.ratio.time), key=lambda time: time.value)
    if not times:
        return "none", ""
    low, high = text.significant(times[0].value), text.significant(times[-1].value)
    has_interval = len(times) == 1 and times[0].low is not None
    span = f"{low} {text.interval(times[0])}" if has_interval else low if low == high else f"{low} to {high}"
    standings = {row.standing for row in rows if row.ratio.time}
    kind: Kind = "ties" if standings == {"tie"} else "undecided" if standings == {"undecided"} else "takes"
    return kind, span


def _said(claims: list[Claim]) -> str:
    """All claims of a setting; what several share is said once."""
    takers = [one for one in claims if one.kind == "takes"]
    parts = [_taken(takers)] if takers else []
    parts += [f"{text.name(one.trainer, 40)} ties ({one.span} times)" for one in claims if one.kind == "ties"]
    unsure = [one for one in claims if one.kind == "undecided"]
    parts += [f"for {text.name(one.trainer, 40)}{one.where} this run cannot tell ({one.span} times)" for one in unsure]
    parts += [f"{text.name(one.trainer, 40)} has no ratio" for one in claims if one.kind == "none"]
    return "; ".join(parts)


def _taken(takers: list[Claim]) -> str:
    if len(takers) > MOST_NAMED:
        ends = sorted((ratio, one.trainer) for one in takers for ratio in one.ratios)
        low, high = (f"{text.significant(ratio)} ({text.name(trainer, 30)})" for ratio, trainer in (ends[0], ends[-1]))
        return f"{len(takers)} trainers take {low} to {high} times as long per step"
    first, *others = takers
    named = [f"{text.name(first.trainer, 40)} takes {first.span}"]
    named += [f"{text.name(one.trainer, 40)} {one.span}" for one in others]
    return f"{_joined(named)} times as long per step"


def _alone(report: Report) -> str:
    row = next((row for row in report.rows if row.step_s), report.rows[0])
    if row.step_s is None:
        return f"{text.name(row.trainer, 40)} has no steps to compare."
    speed = text.inverse(row.step_s)
    where = f"{text.name(row.place.workload, 40)}, {text.name(row.place.device, 30)}"
    figure = f"{text.significant(speed.value)} steps/s {text.interval(speed)} ({where})"
    return f"{text.name(row.trainer, 40)} makes {figure}; there is no other trainer to compare it with."


def _joined(phrases: list[str]) -> str:
    """Joined by "and", so that what all takers share is said once."""
    if len(phrases) == 1:
        return phrases[0]
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def caveats(report: Report) -> list[str]:
    """What a reader of the verdict must know besides."""
    return [*_incomplete(report), *_older(report), *_unsure(report), *_ended(report), *_parity(report)]


def _incomplete(report: Report) -> list[str]:
    names = {
        source.label: f"Run {source.label}" if len(report.sources) > 1 else "This run" for source in report.sources
    }
    stopped = [names[source.label] for source in report.sources if source.run.status != "complete"]
    return [f"{name} is incomplete: it was stopped, and what was measured until then is shown." for name in stopped]


def _older(report: Report) -> list[str]:
    shown = f"The last {len(report.sources)} runs stand side by side"
    return [f"{shown}; {report.older} before them are in the trend."] if report.older else []


def _unsure(report: Report) -> list[str]:
    short = [row.ratio.time.n for row in report.rows if row.ratio.time and row.ratio.time.low is None]
    return [f"A first look, not a finding: there is no interval yet ({text.shortage(max(short))})."] if short else []


def _ended(report: Report) -> list[str]:
    ended = [row for row in report.rows if row.record.outcome.kind != "ok"]
    if not ended:
        return []
    named = "; ".join(f"{_cell(report, row)}, {text.outcome(row.record.outcome)}" for row in ended[:MOST_NAMED])
    rest = f"; and {len(ended) - MOST_NAMED} more" if len(ended) > MOST_NAMED else ""
    return [f"{len(ended)} of {text.count(len(report.rows), 'cell')} did not come to the end: {named}{rest}."]


def _cell(report: Report, row: Row) -> str:
    words = f"{text.name(row.trainer, 30)} on {text.name(row.place.workload, 30)} {side_name(report, row.place)}"
    return words.strip()


def _parity(report: Report) -> list[str]:
    certificates = [row.parity for row in report.rows if row.parity and row.standing != "reference"]
    lost = sum(not certificate.holds for certificate in certificates)
    if lost:
        return [f"Parity was lost in {lost} of {text.count(len(certificates), 'comparison')}; no ratio is given there."]
    return ["Wherever a ratio stands, both sides computed the same losses."] if certificates else []
