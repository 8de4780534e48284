"""The one view model: what a page, a Markdown text and a terminal table show, as values; nothing is formatted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from triptych.benches.analysis import pairing
from triptych.benches.analysis.cost import is_cut, laws
from triptych.benches.analysis.pairing import BreakEven, Ratio
from triptych.benches.analysis.tie import Standing, standing
from triptych.benches.record.modes import MODES, Mode
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Run, WorkloadRecord
from triptych.benches.stats.ranks import Estimate
from triptych.impls.styles import STYLES
from triptych.reports.text import count
from triptych.reports.view.history import Trend, trends
from triptych.reports.view.sources import Source, harmless, label

Rank = Literal["fastest", "tied", "undecided", "behind"]
NO_RATIO, UNKNOWN = Ratio(None, None), BreakEven("unknown")
MOST_RUNS = 6  # that fit side by side; of more, the others are a history


class NothingMeasured(Exception):
    """No cell has anything to show; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """Where trainers meet: cells are compared only inside a place."""

    source: str
    arm: str
    workload: str
    device: str
    mode: Mode


@dataclass(frozen=True)
class Row:
    """One cell with everything that is said of it; its names and reasons are harmless, but for those of `typed`."""

    place: Place
    trainer: str
    typed: Cell  # as a command line takes it
    planned: WorkloadRecord
    record: CellRecord
    step_s: Estimate | None
    compile_s: Estimate | None
    reference: str
    ratio: Ratio = NO_RATIO  # time per step over the reference's
    pairs: tuple[float, ...] = ()  # what that was estimated from, restart by restart
    break_even: BreakEven = UNKNOWN
    id: str = ""  # unique in the report and safe in HTML
    rank: Rank | None = None  # its speed among the trainers of its place, by paired ratios; None if not comparable

    @property
    def is_timed(self) -> bool:
        """Whether its steps ran, or it was compiled alone."""
        return MODES[self.place.mode].timed

    @property
    def standing(self) -> Standing:
        """Where the ratio puts the cell."""
        return "reference" if self.trainer == self.reference else standing(self.ratio.time)


@dataclass(frozen=True)
class Report:
    """Everything shown, rows in reading order; `older` runs are in the history only."""

    sources: tuple[Source, ...]
    rows: tuple[Row, ...]
    history: tuple[Trend, ...] = ()
    older: int = 0

    @cached_property
    def by_place(self) -> dict[Place, list[Row]]:
        """The rows of each place, in reading order."""
        grouped: dict[Place, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.place, []).append(row)
        return grouped

    @property
    def trainers(self) -> list[str]:
        """The trainers in their fixed order."""
        return in_order({row.trainer for row in self.rows})

    def against(self, trainer: str, rows: Sequence[Row]) -> list[Row]:
        """Some rows with that trainer as their reference, wherever it was measured."""
        references = {row.place: row.record for row in self.rows if row.trainer == trainer}
        return [_compared(row, self.source(row.place.source).run, trainer, references.get(row.place)) for row in rows]

    def source(self, label: str) -> Source:
        """The run of that letter."""
        return next(source for source in self.sources if source.label == label)


def in_order(trainers: set[str]) -> list[str]:
    """The built-in trainers first, the others by name: everywhere the same."""
    return [name for name in STYLES if name in trainers] + sorted(trainers - set(STYLES))


def report(runs: Sequence[Run]) -> Report:
    """The view model of one or several runs; of many, the last ones and a trend over all.

    Raises:
        NothingMeasured: If no cell has a block, a compile or a training.
    """
    if len(runs) > MOST_RUNS:
        runs = sorted(runs, key=lambda run: run.created)
    shown = [harmless(run) for run in runs]
    sources = tuple(label(shown[-MOST_RUNS:], runs[-MOST_RUNS:]))
    rows = [row for source in sources for row in _rows(source, source.label if len(sources) > 1 else "cell")]
    if not any(row.record.blocks or row.record.compiles or row.record.trainings for row in rows):
        reasons = sorted({f"{row.record.cell.id}: {row.record.outcome.reason}" for row in rows})
        none = f"of {count(len(rows), 'cell')} none was measured ({'; '.join(reasons[:3])})"
        empty = "the result holds no cell; expected at least one trainer on one workload"
        raise NothingMeasured(f"{none if rows else empty}; mend that and measure again")
    return Report(sources, tuple(rows), trends(shown), len(runs) - len(sources))


def _rows(source: Source, prefix: str) -> list[Row]:
    places: dict[Place, dict[str, CellRecord]] = {}
    typed = {record.cell: one.cell for record, one in zip(source.run.cells, source.original.cells, strict=True)}
    lawful = {(law.arm, law.trainer) for law in laws(source.run)}
    told = [one for one in source.run.cells if not _is_told_by(lawful, source.run, one)] or source.run.cells
    for record in told:
        cell = record.cell
        if MODES[cell.mode].ranked:  # the others are what a trainer's time is held against
            place = Place(source.label, record.arm, cell.workload, cell.device, cell.mode)
            places.setdefault(place, {})[cell.trainer] = record
    run, rows = source.run, list[Row]()
    for place, records in places.items():
        ranks = _ranks(run, records)
        for trainer in in_order(set(records)):
            record = records[trainer]
            times = pairing.step_s(record), pairing.compile_s(record)
            row = Row(place, trainer, typed[record.cell], run.workload(place.workload), record, *times, run.reference)
            row = replace(row, id=f"{prefix}-{len(rows) + 1}", rank=ranks.get(trainer))
            rows.append(_compared(row, run, run.reference, records.get(run.reference)))
    return rows


def _is_told_by(lawful: set[tuple[str, str]], run: Run, record: CellRecord) -> bool:
    """Whether a cell is a point of a law, which has tables and a figure of its own."""
    known = {*lawful, *((arm, run.reference) for arm, _ in lawful)}
    return is_cut(record.cell.workload) and (record.arm, record.cell.trainer) in known


def _compared(row: Row, run: Run, reference: str, record: CellRecord | None) -> Row:
    """The row with what it takes over a reference, of which this is the record."""
    ratio = pairing.ratio(run, row.record, record)
    known = record if ratio.time else None
    pairs = tuple(pairing.paired_ratios(row.record, known)) if known else ()
    even = pairing.break_even(row.record, known) if known else UNKNOWN
    return replace(row, reference=reference, ratio=ratio, pairs=pairs, break_even=even)


def _ranks(run: Run, records: dict[str, CellRecord]) -> dict[str, Rank]:
    """Who is fastest or tied for it, who may be, who is behind; of those that did not fail and have an interval."""
    times = {
        name: estimate.value
        for name, record in records.items()
        if record.outcome.kind not in FAILURES and (estimate := pairing.step_s(record))
    }
    if len(times) < 2:
        return {}
    best = min(times, key=lambda name: (times[name], name))
    against = {name: standing(pairing.ratio(run, records[name], records[best]).time) for name in times.keys() - {best}}
    known: dict[Standing, Rank] = {"slower": "behind", "tie": "tied", "faster": "tied", "undecided": "undecided"}
    ranks: dict[str, Rank] = {name: known[word] for name, word in against.items() if word in known}
    if ranks:
        beside: set[Rank] = set(ranks.values()) - {"behind"}
        ranks[best] = "undecided" if "undecided" in beside else "tied" if beside else "fastest"
    return ranks
