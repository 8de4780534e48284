"""The columns of the at-a-glance table: what each is called, what it means, what it says of a cell."""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.analysis.tie import TIE_MARGIN
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.text import NONE, Entry
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

RANKS = {"fastest": "fastest", "tied": "tied for fastest", "undecided": "perhaps fastest"}


class Column(NamedTuple):
    """One column, and what it says of a row."""

    key: str
    title: str
    meaning: str
    entry: Callable[[Row], Entry]


def ratio(row: Row) -> Entry:
    """Time per step over the reference's, or in its place why it cannot be said."""
    time = row.ratio.time
    if time is None:
        return Entry("no ratio", (row.ratio.reason,))
    if row.standing == "reference":
        return Entry(text.significant(1), ("reference",), 1.0)
    return _estimated(time, *([] if time.low is None else [standing(row.standing)]))


def _estimated(estimate: Estimate, *notes: str) -> Entry:
    return Entry(text.significant(estimate.value), (text.interval(estimate), *notes), estimate.value)


def standing(word: str) -> str:
    """For instance "slower" or "tie, within ±2 %"."""
    return f"tie, within ±{100 * TIE_MARGIN:g} %" if word == "tie" else word


def spread(values: Iterable[float | None], show: text.Show = text.significant) -> Entry:
    """A figure that all trainings should share, the middle one; its extremes if they do not."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return Entry(NONE)
    low, middle, high = known[0], known[len(known) // 2], known[-1]
    return Entry(show(middle), () if show(low) == show(high) else (f"from {show(low)} to {show(high)}",), middle)


def columns(report: Report) -> list[Column]:
    """The columns of a report; those that would say the same or nothing in every row are left out."""
    shown = {part: naming.several(report, part) for part in ("arm", "device", "mode")}
    shown["run"], shown["outcome"] = len(report.sources) > 1, any(ending(row).main != "ok" for row in report.rows)
    for key, entry in (("held_out", held_out), ("accuracy", accuracy), ("memory", memory)):
        shown[key] = any(entry(row).main != NONE for row in report.rows)
    return [column for column in ALL if shown.get(column.key, True)]


def sort_key(entry: Entry) -> str:
    """What an entry sorts by where its words do not sort by themselves; what is endless comes last."""
    return "" if entry.order is None else f"{min(entry.order, 1e308):.6g}"


def final_loss(row: Row) -> Entry:
    """The training loss at the end, where the end came early, and the parity mark."""
    entry = spread(training.final_loss for training in row.record.trainings)
    done = min((training.steps_done for training in row.record.trainings), default=row.planned.steps)
    early = f"after {done:,} of {row.planned.steps:,} steps" if done < row.planned.steps else ""
    mark = "" if row.standing == "reference" else text.parity(row.ratio.parity)
    return entry._replace(notes=tuple(note for note in (*entry.notes, early, mark) if note))


def speed(row: Row) -> Entry:
    """Steps per second with their interval."""
    if row.step_s is None:
        return Entry(NONE)
    return _estimated(text.inverse(row.step_s), *([RANKS[row.rank]] if row.rank in RANKS else []))


def compiling(row: Row) -> Entry:
    """Seconds to compile, and how many programs."""
    if row.compile_s is None:
        return Entry(NONE)
    programs = text.count(max(one.programs for one in row.record.cold_compiles), "program")
    return _estimated(row.compile_s, programs)


def counts(row: Row) -> Entry:
    """How much was measured."""
    counted, number = len(row.record.counted_blocks), len(pairing.restarts(row.record))
    void = len(row.record.blocks) - counted
    note = text.count(counted, "block") + (f", {void:,} void" if void else "")
    return Entry(text.count(number, "restart"), (note,), float(number))


def ending(row: Row) -> Entry:
    """How the cell ended."""
    reason = text.short(row.record.outcome.reason, 160)
    return Entry(text.outcome(row.record.outcome), (reason,) if reason else ())


def memory(row: Row) -> Entry:
    """Peak memory of the device."""
    peak = row.record.peak_bytes
    return Entry(NONE) if peak is None else Entry(text.size(peak), (), float(peak))


def even(row: Row) -> Entry:
    """From which step on the cell is ahead; of few restarts no more than how it has been so far."""
    if row.standing == "reference":
        return Entry(NONE)
    entry = text.break_even(row.break_even)
    fewest = min((one for one in (row.ratio.time, row.compile_s) if one), key=lambda one: one.n, default=None)
    if fewest and fewest.low is None and row.break_even.kind in ("always", "never"):
        return entry._replace(main=f"{entry.main} so far", notes=(text.interval(fewest),))
    return entry


def even_words(row: Row) -> str:
    """The same inside a sentence."""
    entry = even(row)
    return f"{entry.main} ({entry.note})" if entry.note else entry.main


def accuracy(row: Row) -> Entry:
    """Share predicted right."""
    return spread((training.accuracy for training in row.record.trainings), text.percent)


def held_out(row: Row) -> Entry:
    """The loss on rows never trained on; of text in bits."""
    losses, per = [training.held_out_loss for training in row.record.trainings], row.planned.bits_per
    if not per:
        return spread(losses)
    entry = spread(None if loss is None else loss / math.log(2) for loss in losses)
    return entry if entry.main == NONE else entry._replace(notes=(f"bits per {per}", *entry.notes))


ALL = [
    Column("trainer", "Trainer", "Who trained.", lambda row: Entry(row.trainer)),
    Column("workload", "Workload", "What was trained.", lambda row: Entry(row.place.workload)),
    Column("run", "Run", "The letter of the result file.", lambda row: Entry(row.place.source)),
    Column("arm", "Arm", "Which interpreter, checkout and environment.", lambda row: Entry(row.place.arm)),
    Column("device", "Device", "What it ran on.", lambda row: Entry(row.place.device)),
    Column("mode", "Mode", "How steps are called; see the glossary.", lambda row: Entry(row.place.mode)),
    Column("speed", "Steps/s", "Over restarts, with its 95 % interval.", speed),
    Column("ratio", "Time ÷ reference", "Per step: above 1 is slower than the reference, below 1 faster.", ratio),
    Column("final_loss", "Final loss", "On the training rows; ✓ where the whole loss curve agrees.", final_loss),
    Column("compile", "Compile, s", "Trace, lower and compile together, cold, with its 95 % interval.", compiling),
    Column("break_even", "Break-even", "From which step on it is ahead of the reference, compiling included.", even),
    Column("outcome", "Outcome", "How the cell ended.", ending),
    Column("held_out", "Held-out loss", "On the rows never trained on.", held_out),
    Column("accuracy", "Accuracy", "Share predicted right, of the held-out rows where there are any.", accuracy),
    Column("memory", "Peak memory", "Of the device, where it says.", memory),
    Column("counts", "Measured", "Restarts are the n of every interval.", counts),
]
"""What matters first comes first: a narrow page shows the first ones, and the others when asked."""
