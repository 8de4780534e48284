"""What XLA made of each trainer, beside the reference's, on every device; and how large a step fits each."""

import re

from triptych.benches.analysis.programs import Fit, Twins, fits, twins
from triptych.benches.record.counts import needed_bytes
from triptych.reports import text
from triptych.reports.view.report import Report
from triptych.reports.view.sources import Source

MOST_KINDS = 4
"""Kinds of instructions that a difference names."""


Table = dict[tuple[str, ...], dict[str, str]]
"""By the headings of a row: what is said of it by device."""


def same(report: Report) -> Table:
    """Network by device: the same program as the reference's, or what one has more."""
    found: Table = {}
    for source in report.sources:
        for one in twins(source.run):
            cell = one.ours.record.cell
            mode = "" if cell.mode in ("step", "compile") else f", {cell.mode}"
            key = f"{text.short(cell.workload)}{mode}{_run(report, source)}", cell.trainer, source.run.reference
            found.setdefault(key, {})[cell.device] = entry(one)
    return found


def entry(one: Twins) -> str:
    """What is said of two programs."""
    if one.uncertified:
        return f"not compared: {one.uncertified}"
    chips = "".join(f"; {kind} of {text.size(moved)}" for kind, moved in one.ours.program.collective_bytes.items())
    return f"the same program{chips}" if one.same else f"no: {_difference(one)}{chips}"


def _difference(one: Twins) -> str:
    more = one.more
    by = sum(more.values())
    words = f"{text.count(abs(by), 'instruction')} {'more' if by > 0 else 'fewer'}" if by else "as many instructions"
    if not more:
        return f"the same instructions, put together otherwise; {_memory(one)}"
    named = ", ".join(f"{number:+,} {kind}" for kind, number in list(more.items())[:MOST_KINDS])
    named = re.sub(r"-(?=\d)", "\N{MINUS SIGN}", named)
    rest = f" and {text.count(len(more) - MOST_KINDS, 'kind')} more" if len(more) > MOST_KINDS else ""
    fusions = [side.program.operations.get("fusion", 0) for side in (one.theirs, one.ours)]
    fused = "the same fusions" if fusions[0] == fusions[1] else f"fusions {fusions[0]:,} → {fusions[1]:,}"
    return f"{words}: {named}{rest}; {fused}; {_memory(one)}"


def _memory(one: Twins) -> str:
    device = one.ours.record.cell.device
    theirs, ours = (needed_bytes(side.counts, device) for side in (one.theirs, one.ours))
    if theirs is None or ours is None:
        return "memory unknown"
    told = [text.size(one) for one in (theirs, ours)]
    return "the same memory" if told[0] == told[1] else f"memory {told[0]} → {told[1]}"


def largest(report: Report) -> Table:
    """Axis and trainer by device: the largest size that fits, and the next, which does not."""
    found: Table = {}
    for source in report.sources:
        for one in fits(source.run):
            key = f"{text.short(one.workload)}, {one.axis}{_run(report, source)}", one.trainer
            found.setdefault(key, {})[one.device] = _fit(one)
    return found


def _run(report: Report, source: Source) -> str:
    return f", run {source.label}" if len(report.sources) > 1 else ""


def _fit(one: Fit) -> str:
    has = text.size(one.has)
    said = f"{one.fits[0]:,} fits ({text.size(one.fits[1])} of {has})" if one.fits else f"none fits {has}"
    return f"{said}; {one.fails:,} does not" if one.fails else f"{said}, the largest compiled"
