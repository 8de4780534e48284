"""How good the gate is: its rates and some sentences on them, as the pages and the terminal show them."""

from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.gate.verdict import percent
from triptych.benches.record.run import Fingerprint
from triptych.benches.selftest.rates import Rate, Summary
from triptych.reports import text

FIXED = "pytest-benchmark "  # what was said by a fixed threshold, and not by the gate, begins so
TYPICAL = "+5 %"  # the slowdown that one sentence names
KINDS = (
    ("device", "more compiled work in every step"),
    ("host", "waiting in Python before every step"),
    ("compile", "more to compile"),
)
"""What a change was, by its first word."""


class Told(NamedTuple):
    """One series in words; a line is what was changed, who called it and what, the share, its interval, the gates."""

    title: str
    sentences: list[str]
    lines: list[tuple[str, str, str, str, str]]


def plain(summary: Summary) -> str:
    """For a terminal: where it comes from, a line per rate, the sentences."""
    title, sentences, lines = told(summary)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = ["  ".join(map(str.ljust, line, widths)) + " drawn gates" for line in lines]
    return "\n".join([title, *rows, *sentences])


def told(summary: Summary) -> Told:
    """Where it comes from, some sentences, and every rate."""
    header = summary.header
    where = f"{text.when(header.created)}, {machine(header.fingerprint)}, jax {header.fingerprint.jax}"
    turns = text.seconds(header.settings.block_s)
    title = f"{where}; {summary.restarts} restarts in turns of {turns}, beside them {header.load}"
    sentences = [words for words in (_alarms(summary), _sees(summary), _biases(summary)) if words]
    return Told(title, sentences, [_line(one) for one in summary.rates])


def machine(fingerprint: Fingerprint) -> str:
    """For instance "Abacus 1, 2 cores"."""
    return f"{fingerprint.cpu_model}, {text.count(fingerprint.cpu_count, 'core')}"


def _line(rate: Rate) -> tuple[str, str, str, str, str]:
    measured = "" if rate.measured is None else f" (measured {percent(rate.measured)})"
    fixed = rate.said.startswith(FIXED)
    caller = f"pytest-benchmark's fixed {rate.said.removeprefix(FIXED)}" if fixed else f"the gate: {rate.said}"
    return f"{rate.case}{measured}", caller, _share(rate), _interval(rate), f"{rate.gates:,}"


def _alarms(summary: Summary) -> str:
    """How often it alarms at nothing, and how often fixed thresholds do on the same samples."""
    ours = [one for one in summary.rates if one.said == "regressed anywhere"]
    if not ours:
        return ""
    others = _listed([one for one in summary.rates if one.case == ours[0].case])
    called = f"{_share(ours[0])} {_interval(ours[0])} of {text.count(ours[0].gates, 'drawn gate')}"
    fixed = f"; of pytest-benchmark's fixed thresholds, {others}" if others else ""
    return f"Where nothing had changed, the gate called something regressed in {called}{fixed}."


def _biases(summary: Summary) -> str:
    """What two equal arms differed by."""
    said = [
        f"in {one.metric} by {100 * (one.ratio - 1):+.2f} % [{100 * (one.low - 1):+.2f}, {100 * (one.high - 1):+.2f} %]"
        for one in summary.biases
        if one.low and one.high
    ]
    words = f"Over all cells and restarts two equal arms differed {' and '.join(said)}."
    return words.replace("-", "\N{MINUS SIGN}") if said else ""


def _sees(summary: Summary) -> str:
    """How surely it sees the typical slowdown, and fixed thresholds of the same samples."""
    typical = [one for one in summary.rates if one.case.endswith(f" {TYPICAL}")]
    shares = " and ".join(
        f"{_share(one)} {_interval(one)} where it was {dict(KINDS)[one.case.partition(' ')[0]]}"
        for one in typical
        if not one.said.startswith(FIXED)
    )
    others = _listed(typical)
    words = f"A slowdown of {TYPICAL[1:]} it called regressed in {shares}"
    return f"{words}; fixed thresholds saw the former, {others}." if others else f"{words}." if shares else ""


def _listed(rates: Sequence[Rate]) -> str:
    """The fixed thresholds among them, and how often they called something."""
    fixed = [one for one in rates if one.said.startswith(FIXED)]
    return ", ".join(f"{one.said.removeprefix(FIXED)} in {_share(one)}" for one in fixed)


def _share(rate: Rate) -> str:
    return f"{100 * rate.share:.1f} %"


def _interval(rate: Rate) -> str:
    return f"[{100 * rate.low:.1f}{text.DASH}{100 * rate.high:.1f} %]"
