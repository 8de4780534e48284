"""The exact half of a gate: counts of two sides compared without statistics, since no run moves them by chance."""

import msgspec

from triptych.benches.gate.verdict import Finding, Verdict
from triptych.benches.record.counts import Counts, changes, gated, memory_bytes
from triptych.benches.record.run import Cell


def compare_counts(cell: Cell, baseline: Counts | None, candidate: Counts | None) -> list[Finding]:
    """One finding "counts" and, where XLA says it of both sides, one "memory" of a cell counted on both sides.

    More programs launched, compiled or more flops is `regressed`, whatever else is less; only fewer is `improved`.
    Another program of the same work is `ok` and says so. A side without counts makes it `incomparable`.
    """
    if baseline is None or candidate is None:
        side = "baseline" if baseline is None else "candidate"
        sentence = f"the {side} was not counted, so nothing exact can be said; count both sides"
        return [Finding("counts", cell.id, "incomparable", sentence)]
    platform = cell.device
    before, after = (memory_bytes(counts, platform) for counts in (baseline, candidate))
    findings = [_work(cell, baseline, candidate)]
    if before is not None and after is not None:
        findings.append(_lost_donation(cell, baseline, candidate) or _memory(cell, before, after))
    return findings


def _work(cell: Cell, baseline: Counts, candidate: Counts) -> Finding:
    before, after = (msgspec.structs.asdict(counts) for counts in (baseline, candidate))
    known = [name for name in gated(cell.device, "cost") if None not in (before[name], after[name])]
    if not known:
        return Finding("counts", cell.id, "incomparable", "no count is known of both sides; count both again")
    rises = [after[name] - before[name] for name in known]
    moved, other = (changes(before, after, names) for names in (known, gated(cell.device, "program")))
    if moved:
        return Finding("counts", cell.id, _verdict(max(rises), min(rises)), "; ".join([*moved, *other]))
    sentence = f"same work, other program: {'; '.join(other)}" if other else "same work, same program"
    return Finding("counts", cell.id, "ok", sentence)


def _lost_donation(cell: Cell, baseline: Counts, candidate: Counts) -> Finding | None:
    """Fewer bytes of the state used again for the new one, of no fewer bytes given.

    A program this small may need fewer temporaries without donation, but a larger one then holds its state twice.
    """
    before, after = baseline.alias_bytes or 0, candidate.alias_bytes or 0
    if after >= before or (candidate.argument_bytes or 0) < (baseline.argument_bytes or 0):
        return None
    words = f"donated bytes {before:,} → {after:,}: the old state's memory is no longer used for the new one"
    return Finding("memory", cell.id, "regressed", words)


def _memory(cell: Cell, before: int, after: int) -> Finding:
    """Arguments, outputs and temporaries less what outputs share with arguments."""
    what = "by XLA for arguments, outputs and temporaries, donated ones once"
    if before == after:
        return Finding("memory", cell.id, "ok", f"{before:,} bytes {what}")
    rise = after - before
    return Finding("memory", cell.id, _verdict(rise, rise), f"{before:,} → {after:,} bytes {what}")


def _verdict(highest: int, lowest: int) -> Verdict:
    return "regressed" if highest > 0 else "improved" if lowest < 0 else "ok"
