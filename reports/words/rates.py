"""How good the gate is: its rates in plain text, and the words of the table that the pages show."""

from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.gate.verdict import percent
from triptych.benches.selftest.rates import Rate, Summary
from triptych.reports import text

FIXED = "pytest-benchmark "
"""What was said by a fixed threshold, and not by the gate, begins so."""

TYPICAL = "+5 %"
"""The slowdown that one sentence names."""

KINDS = (
    ("device", "more compiled work in every step"),
    ("host", "waiting in Python before every step"),
    ("compile", "more to compile"),
)
"""What a change was, by its first word."""


class RateRow(NamedTuple):
    """One rate in words.

    Attributes:
        caller: Who said it and what, the gate or a fixed threshold.
    """

    changed: str
    caller: str
    share: str
    interval: str
    gates: str


class Told(NamedTuple):
    """One series in words."""

    title: str
    sentences: list[str]
    lines: list[RateRow]


def plain(summary: Summary) -> str:
    """A line per rate, under one that says where and when the series was recorded."""
    rates = summary.rates
    widths = [
        max(len(words) for words in column)
        for column in zip(*((_changed(one), one.said) for one in rates), strict=True)
    ]
    rows = [
        f"{_changed(one):<{widths[0]}}  {one.said:<{widths[1]}}  {100 * one.share:6.2f} % "
        f"[{100 * one.low:.1f}, {100 * one.high:.1f}] of {one.gates} drawn gates"
        for one in rates
    ]
    return "\n".join([title(summary), *rows, *_widened(summary)])


def _changed(rate: Rate) -> str:
    """What was changed, and by how much as the series itself shows it."""
    return rate.case if rate.measured is None else f"{rate.case} (measured {percent(rate.measured)})"


def title(summary: Summary) -> str:
    """Where and when the series was recorded, and what else ran there."""
    header = summary.header
    machine = f"{header.fingerprint.cpu_model}, {text.count(header.fingerprint.cpu_count, 'core')}"
    where = f"{text.when(header.created)}, {machine}, jax {header.fingerprint.jax}"
    return f"{where}; {summary.restarts} restarts, beside them {header.load}"


def told(summary: Summary) -> Told:
    """For a page: where it comes from, some sentences, and every rate."""
    lines = [
        RateRow(_changed(one), _caller(one.said), _percent(one.share), _interval(one.low, one.high), f"{one.gates:,}")
        for one in summary.rates
    ]
    sentences = [_alarms(summary), _sees(summary), *_widened(summary)]
    return Told(title(summary), [words for words in sentences if words], lines)


def _widened(summary: Summary) -> list[str]:
    """Which margins were not the policy's."""
    wider = ", ".join(f"{cell} {100 * width:.1f} %" for cell, width in summary.widened.items())
    return [f"Noise bands learned on this machine widened the margins of {wider}."] if wider else []


def _alarms(summary: Summary) -> str:
    """How often it alarms at nothing, and how often fixed thresholds do on the same samples."""
    ours = [one for one in summary.rates if one.said == "regressed anywhere"]
    if not ours:
        return ""
    fixed = [one for one in summary.rates if one.said.startswith(FIXED) and one.case == ours[0].case]
    words = (
        f"Where nothing had changed, the gate called something regressed in {_percent(ours[0].share)} "
        f"{_interval(ours[0].low, ours[0].high)} of {text.count(ours[0].gates, 'drawn gate')}"
    )
    others = _listed(fixed)
    return f"{words}; of pytest-benchmark's fixed thresholds, {others}." if others else f"{words}."


def _sees(summary: Summary) -> str:
    """How surely it sees the typical slowdown, and fixed thresholds of the same samples."""
    typical = [one for one in summary.rates if one.case.endswith(f" {TYPICAL}")]
    seen = [one for one in typical if not one.said.startswith(FIXED)]
    others = _listed([one for one in typical if one not in seen])
    shares = " and ".join(
        f"{_percent(one.share)} {_interval(one.low, one.high)} where it was {_kind(one.case)}" for one in seen
    )
    words = f"A slowdown of {TYPICAL[1:]} it called regressed in {shares}"
    return f"{words}; fixed thresholds saw the former, {others}." if others else f"{words}." if shares else ""


def _listed(fixed: Sequence[Rate]) -> str:
    """Fixed thresholds and how often they called something."""
    return ", ".join(f"{one.said.removeprefix(FIXED)} in {_percent(one.share)}" for one in fixed)


def _kind(case: str) -> str:
    first = case.partition(" ")[0]
    return dict(KINDS).get(first, first)


def _caller(said: str) -> str:
    if said.startswith(FIXED):
        return f"pytest-benchmark's fixed {said.removeprefix(FIXED)}"
    return f"the gate: {said}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(low: float, high: float) -> str:
    return f"[{100 * low:.1f}{text.DASH}{100 * high:.1f} %]"
