"""The gate on two arms that took turns: a base against a head, restart by restart and round by round.

Both sides of a pair were measured within the same second on the same processor, so what the machine does to both
cancels. Two more arms, the canaries, run the base's code: if one seems faster, this machine is unfit to decide now.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec.structs import asdict
from msgspec.structs import replace as replace_in

from triptych.benches.analysis import pairing
from triptych.benches.gate import metrics
from triptych.benches.gate.metrics import METRIC, TIME, Levels, Logs, Subject, logs
from triptych.benches.gate.verdict import Finding, Verdict
from triptych.benches.record.counts import Counts, changes, gated, memory_bytes
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Run

BASE, HEAD = "base", "head"
CANARIES = ("canary again", "canary")
"""Two more arms of the base's code, with fewer cells: equal in everything, so that what they differ in is noise."""

SAME_PROGRAMS = (
    "Base and head run the same compiled programs, by every count of both, so the cause is outside them (Python, "
    "dispatch, or the machine), unless a loop in one turns more often."
)

Pair = tuple[CellRecord, CellRecord]  # a cell in the base and in another arm

REFUSED: dict[tuple[bool, bool], tuple[Verdict, str]] = {
    (True, True): ("ok", "neither side runs it"),
    (True, False): ("improved", "the head runs it, which the base does not"),
    (False, True): ("missing", "the base runs it, which the head no longer does"),
}
"""What is said where the base's trainer, the head's, or both refuse a task."""


def pairs(run: Run, arm: str = HEAD, base: str = BASE) -> dict[str, Pair]:
    """Every cell that two arms run, by its id, without the restarts that lost a worker."""
    found: dict[str, dict[str, CellRecord]] = {base: {}, arm: {}}
    for record in run.cells:
        if record.arm in found and record.outcome.kind != "unsupported":
            compiles = [one for one in record.compiles if one.restart not in run.cut_short]
            blocks = [one for one in record.blocks if one.restart not in run.cut_short]
            found[record.arm][record.cell.id] = replace_in(record, compiles=compiles, blocks=blocks)
    return {cell: (found[base][cell], other) for cell, other in found[arm].items() if cell in found[base]}


def timed_pairs(run: Run, arm: str = HEAD, base: str = BASE) -> dict[str, Pair]:
    """Those whose steps run; the others are only compiled, and have neither times nor losses."""
    return {cell: pair for cell, pair in pairs(run, arm, base).items() if MODES[pair[0].cell.mode].timed}


def settled(run: Run) -> list[Finding]:
    """What needs no statistics: a cell that fails on one side, and whether both compute the same losses."""
    failed = {cell: one for cell, pair in pairs(run).items() if (one := _outcome(cell, pair))}
    losses = (_loss(run, cell, pair) for cell, pair in timed_pairs(run).items() if cell not in failed)
    return [*_refused(run), *failed.values(), *losses]


def seen(run: Run, arm: str = HEAD, base: str = BASE) -> dict[Subject, list[float]]:
    """The log-ratios of every metric that was measured on both sides."""
    both = timed_pairs(run, arm, base).items()
    return {subject: values for cell, (ours, other) in both for subject, values in logs(cell, other, ours).items()}


def levels(run: Run) -> Levels:
    """What the base takes, by metric and cell."""
    both = timed_pairs(run).items()
    return {subject: level for cell, (base, _) in both for subject, level in metrics.levels(cell, base).items()}


def untimed(run: Run, found: Logs) -> list[Finding]:
    """The cells without a whole restart on both sides."""
    words = "no restart was measured to its end on both sides; run the gate again"
    cells = [cell for cell in timed_pairs(run) if Subject(TIME.name, cell) not in found]
    return [Finding(TIME.name, cell, "undecided", words) for cell in cells]


def counts_compared(run: Run) -> list[Finding]:
    """What is compared without statistics, since no run moves it by chance: programs, flops, memory."""
    both = pairs(run).values()
    return [one for base, head in both for one in compare_counts(base.cell, base.counts, head.counts)]


def _refused(run: Run) -> list[Finding]:
    """The cells of which a side says that its trainer does not run them."""
    bases, heads = ({one.cell.id: one.outcome for one in run.cells if one.arm == arm} for arm in (BASE, HEAD))
    found: list[Finding] = []
    for cell, head in heads.items():
        base = bases.get(cell, head)
        refused = (base.kind == "unsupported", head.kind == "unsupported")
        if cell in bases and refused in REFUSED:
            verdict, words = REFUSED[refused]
            found.append(Finding("outcome", cell, verdict, f"{words}: {(head if refused[1] else base).reason}"))
    return found


def _outcome(cell: str, pair: Pair) -> Finding | None:
    failed = [side.outcome.kind in FAILURES for side in pair]
    base, head = (f"{side.outcome.kind.replace('_', ' ')}: {side.outcome.reason}" for side in pair)
    if failed[0]:
        return Finding("outcome", cell, "incomparable", f"the base cannot be measured: {base}")
    if failed[1]:
        return Finding("outcome", cell, "regressed", f"the base runs, but the head does not: {head}")
    if MODES[pair[0].cell.mode].timed and not all(side.trainings for side in pair):
        return Finding("outcome", cell, "undecided", "was not measured to the end on both sides; run the gate again")
    return None


def _loss(run: Run, cell: str, pair: Pair) -> Finding:
    base, head = pair
    parity = pairing.parity(run, head, base)
    words = parity.reason if parity.holds else f"head against base: {parity.reason}; times are not compared"
    return Finding("loss", cell, "ok" if parity.holds else "regressed", words)


def explained(findings: Sequence[Finding], run: Run, again: Callable[[Cell], str]) -> tuple[Finding, ...]:
    """The findings, and of what takes longer also why, as far as counts tell, and the command to measure it again."""
    both = pairs(run)

    def why(one: Finding) -> tuple[str, ...]:
        if one.verdict != "regressed" or one.metric not in METRIC or one.cell not in both:
            return ()
        base, head = both[one.cell]
        return (*_cause(base, head), f"Measure it again: {again(base.cell)}")

    return tuple(replace(one, why=why(one)) for one in findings)


def _cause(base: CellRecord, head: CellRecord) -> list[str]:
    """What the head's program has more or less of, or that it lies elsewhere; nothing of what only one side counted."""
    if not (base.counts and head.counts):
        return []
    before, after = asdict(base.counts), asdict(head.counts)
    known = [name for name in gated(base.cell.device) if None not in (before[name], after[name])]
    if moved := changes(before, after, known):
        return [f"The head's program: {'; '.join(moved)}."]
    return [SAME_PROGRAMS] if "jaxpr_equations" in known else []


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
    before, after = asdict(baseline), asdict(candidate)
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
    donated, kept = baseline.alias_bytes or 0, candidate.alias_bytes or 0
    if kept < donated and (candidate.argument_bytes or 0) >= (baseline.argument_bytes or 0):
        words = f"donated bytes {donated:,} → {kept:,}: the old state's memory is no longer used for the new one"
        return [Finding("memory", cell.id, "regressed", words)]
    bytes_ = f"{before:,}" if before == after else f"{before:,} → {after:,}"
    words = f"{bytes_} bytes by XLA for arguments, outputs and temporaries, donated ones once"
    return [Finding("memory", cell.id, _verdict([after - before]), words)]


def _verdict(rises: Sequence[int]) -> Verdict:
    return "regressed" if max(rises) > 0 else "improved" if min(rises) < 0 else "ok"
