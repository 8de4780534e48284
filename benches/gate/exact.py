"""The exact half of a gate: counts of two sides compared without statistics, since no run moves them by chance."""

from collections.abc import Sequence

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
    return [_work(cell, baseline, candidate), *_memory(cell, baseline, candidate)]


def _work(cell: Cell, baseline: Counts, candidate: Counts) -> Finding:
    before, after = (msgspec.structs.asdict(counts) for counts in (baseline, candidate))
    known = [name for name in gated(cell.device, "cost") if None not in (before[name], after[name])]
    if not known:
        return Finding("counts", cell.id, "incomparable", "no count is known of both sides; count both again")
    rises = [after[name] - before[name] for name in known]
    moved, other = (changes(before, after, names) for names in (known, gated(cell.device, "program")))
    if moved:
        return Finding("counts", cell.id, _verdict(rises), "; ".join([*moved, *other]))
    sentence = f"same work, other program: {'; '.join(other)}" if other else "same work, same program"
    return Finding("counts", cell.id, "ok", sentence)


def _memory(cell: Cell, baseline: Counts, candidate: Counts) -> list[Finding]:
    """Arguments, outputs and temporaries less what outputs share with arguments, where XLA says it of both sides.

    Fewer bytes of the state used again for the new one, of no fewer bytes given, are worse whatever their sum: a
    program this small may need fewer temporaries without donation, but a larger one then holds its state twice.
    """
    before, after = (memory_bytes(counts, cell.device) for counts in (baseline, candidate))
    if before is None or after is None:
        return []
    donated, kept = (counts.alias_bytes or 0 for counts in (baseline, candidate))
    if kept < donated and (candidate.argument_bytes or 0) >= (baseline.argument_bytes or 0):
        words = f"donated bytes {donated:,} → {kept:,}: the old state's memory is no longer used for the new one"
        return [Finding("memory", cell.id, "regressed", words)]
    bytes_ = f"{before:,}" if before == after else f"{before:,} → {after:,}"
    words = f"{bytes_} bytes by XLA for arguments, outputs and temporaries, donated ones once"
    return [Finding("memory", cell.id, _verdict([after - before]), words)]


def _verdict(rises: Sequence[int]) -> Verdict:
    return "regressed" if max(rises) > 0 else "improved" if min(rises) < 0 else "ok"
