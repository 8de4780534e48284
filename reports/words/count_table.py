"""Counts beside times: a table per workload and device, a column per trainer, what was counted down the side."""

from collections.abc import Callable
from typing import NamedTuple

from triptych.benches.record.counts import Ceilings, Counts
from triptych.reports import text
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming


class Measure(NamedTuple):
    """One line of a table: what it is called, what it means, and what it says of a cell."""

    title: str
    meaning: str
    entry: Callable[[Row, Counts, Ceilings | None], str]


class CountTable(NamedTuple):
    """The counts of one place: a heading per cell, and per measure its title and a value per cell."""

    name: str
    heads: list[str]
    lines: list[tuple[str, list[str]]]


def tables(report: Report) -> list[CountTable]:
    """Every workload, device and side of which a cell was counted; its modes side by side."""
    grouped: dict[str, list[Row]] = {}
    for row in naming.side_by_side(report):
        if row.record.counts is not None:
            grouped.setdefault(_name(report, row.place), []).append(row)
    return [_table(report, name, rows) for name, rows in grouped.items()]


def _name(report: Report, place: Place) -> str:
    side = naming.side_name(report, place)
    parts = [text.name(place.workload, 40), text.name(place.device, 20), f"run {side}" if side else ""]
    return " · ".join(part for part in parts if part)


def _table(report: Report, name: str, rows: list[Row]) -> CountTable:
    several = len({row.place.mode for row in rows}) > 1
    heads = [text.name(row.trainer, 40) + (f", {row.place.mode}" if several else "") for row in rows]
    lines = [(measure.title, [_entry(report, measure, row) for row in rows]) for measure in MEASURES]
    return CountTable(name, heads, [line for line in lines if set(line[1]) != {text.NONE}])


def _entry(report: Report, measure: Measure, row: Row) -> str:
    counts = row.record.counts
    assert counts is not None, "only counted rows are shown"
    arms = report.source(row.place.source).run.arms
    return measure.entry(row, counts, next(arm.ceilings for arm in arms if arm.name == row.place.arm))


def _whole(name: str) -> Callable[[Row, Counts, Ceilings | None], str]:
    """A count as it is."""
    return lambda row, counts, ceilings: _number(getattr(counts, name))  # noqa: ARG005 - one shape for all


def _number(value: int | None) -> str:
    return text.NONE if value is None else f"{value:,}"


def _resident(_row: Row, counts: Counts, _ceilings: Ceilings | None) -> str:
    return text.NONE if counts.host_peak_rss_bytes is None else text.size(counts.host_peak_rss_bytes)


def _step_s(row: Row, _counts: Counts, _ceilings: Ceilings | None) -> str:
    return text.NONE if row.step_s is None else text.seconds(row.step_s.value)


def _launched(_row: Row, counts: Counts, _ceilings: Ceilings | None) -> str:
    words = _number(counts.executables_per_call)
    per = counts.steps_per_call
    return f"{words} in {per:,} steps" if per > 1 and counts.executables_per_call is not None else words


def _leaves(_row: Row, counts: Counts, _ceilings: Ceilings | None) -> str:
    return f"{_number(counts.leaves_in)} → {_number(counts.leaves_out)}"


def _product_share(row: Row, counts: Counts, ceilings: Ceilings | None) -> str:
    return _share(row, counts.analytic_flops_per_step, ceilings and ceilings.flops_per_s)


def _copy_share(row: Row, counts: Counts, ceilings: Ceilings | None) -> str:
    return _share(row, counts.analytic_bytes_per_step, ceilings and ceilings.bytes_per_s)


def _share(row: Row, amount: int | None, ceiling: float | None) -> str:
    """What a step achieves of a ceiling that was measured on the same device in the same run."""
    if row.step_s is None or amount is None or ceiling is None:
        return text.NONE
    return text.percent(amount / row.step_s.value / ceiling)


MEASURES = (
    Measure("Time per step", "Measured, as in the table above; all below is counted.", _step_s),
    Measure("Programs launched", "By one call; in scan mode a call is a whole training.", _launched),
    Measure("Programs compiled", "By the first three calls, from cold caches.", _whole("compilations")),
    Measure("Equations", "Of the traced call, those inside others included.", _whole("jaxpr_equations")),
    Measure("StableHLO operations", "Of the program that jax hands to XLA.", _whole("stablehlo_operations")),
    Measure("HLO instructions", "Of the program that XLA made of it.", _whole("hlo_instructions")),
    Measure("Fusions", "Of these, several operations in one loop.", _whole("hlo_fusions")),
    Measure("Arrays in → out", "Of state and batch, of new state and loss.", _leaves),
    Measure("Flops, by formula", "Of one step of the task, whoever trains it.", _whole("analytic_flops_per_step")),
    Measure("Flops, by XLA", "Of one call, a loop's body once; XLA's own estimate.", _whole("xla_flops")),
    Measure("Share of product rate", "Flops by formula per second, over a large matrix product's.", _product_share),
    Measure("Bytes, by formula", "What one step must move: state, batch and loss.", _whole("analytic_bytes_per_step")),
    Measure("Bytes, by XLA", "Accessed by one call, a loop's body once; an estimate.", _whole("xla_bytes")),
    Measure("Share of copy rate", "Bytes by formula per second, over a large copy's.", _copy_share),
    Measure("Argument bytes", "Everything that goes into a call.", _whole("argument_bytes")),
    Measure("Output bytes", "Everything that comes out.", _whole("output_bytes")),
    Measure("Donated bytes", "Of the output, what lies in the input's memory.", _whole("alias_bytes")),
    Measure("Temporary bytes", "What lives only inside the call.", _whole("temp_bytes")),
    Measure("Peak bytes, by XLA", "The most that is alive at once inside the call.", _whole("xla_peak_bytes")),
    Measure("Worker's memory ≈", "Of the whole process, all cells together; not exact.", _resident),
    Measure("Lines of code", "Of the trainer's file, without comments and docstrings.", _whole("trainer_lines")),
)


def ceilings(report: Report) -> list[str]:
    """For instance "The product rate of cpu is 52.3 GFLOP/s ...", for each arm that measured its own."""
    return [
        f"Best of {text.name(arm.name, 40)}{f' in run {source.label}' if len(report.sources) > 1 else ''}: "
        f"{text.significant(found.flops_per_s / 1e9)} GFLOP/s in a large matrix product, "
        f"{text.significant(found.bytes_per_s / 1e9)} GB/s in a large copy."
        for source in report.sources
        for arm in source.run.arms
        if (found := arm.ceilings)
    ]
