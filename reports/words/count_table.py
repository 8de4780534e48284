"""Counts beside times: a table per workload and device, a column per trainer, what was counted down the side."""

from typing import NamedTuple

from triptych.benches.record.counts import COUNTS, CountRow
from triptych.reports import text
from triptych.reports.view.report import Place, Report, Row
from triptych.reports.words import naming

SHARES = {
    "xla_flops": CountRow(
        "product_share", "", "Share of product rate", "Flops by formula per second, over a large matrix product's."
    ),
    "xla_bytes": CountRow("copy_share", "", "Share of copy rate", "Bytes by formula per second, over a large copy's."),
}
"""What follows from a count and a time, and after which line it stands."""

MEASURES = (
    CountRow("step_s", "", "Time per step", "Measured, as in the table above; all below is counted."),
    *(one for row in COUNTS for one in (row, SHARES.get(row.name)) if one and one.title),
)
"""The lines of a table."""


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
    parts = [text.name(place.workload, 40), text.name(place.device, 20)]
    return " · ".join([*parts, f"run {side}"] if side else parts)


def _table(report: Report, name: str, rows: list[Row]) -> CountTable:
    several = len({row.place.mode for row in rows}) > 1
    heads = [text.name(row.trainer, 40) + (f", {row.place.mode}" if several else "") for row in rows]
    lines = [(measure.title, [_entry(report, measure.name, row) for row in rows]) for measure in MEASURES]
    return CountTable(name, heads, [line for line in lines if set(line[1]) != {text.NONE}])


def _entry(report: Report, name: str, row: Row) -> str:  # noqa: PLR0911 - one for each case
    counts = row.record.counts
    assert counts is not None, "only counted rows are shown"
    arms = report.source(row.place.source).run.arms
    best = next(arm.ceilings for arm in arms if arm.name == row.place.arm)
    match name:
        case "step_s":
            return text.NONE if row.step_s is None else text.seconds(row.step_s.value)
        case "executables_per_call" if counts.steps_per_call > 1 and counts.executables_per_call is not None:
            return f"{counts.executables_per_call:,} in {text.count(counts.steps_per_call, 'step')}"
        case "leaves_in":
            return f"{_number(counts.leaves_in)} → {_number(counts.leaves_out)}"
        case "product_share":
            return _share(row, counts.analytic_flops_per_step, best and best.flops_per_s)
        case "copy_share":
            return _share(row, counts.analytic_bytes_per_step, best and best.bytes_per_s)
        case "host_peak_rss_bytes" if counts.host_peak_rss_bytes is not None:
            return text.size(counts.host_peak_rss_bytes)
        case _:
            return _number(getattr(counts, name))


def _number(value: int | None) -> str:
    return text.NONE if value is None else f"{value:,}"


def _share(row: Row, amount: int | None, ceiling: float | None) -> str:
    """What a step achieves of a ceiling that was measured on the same device in the same run."""
    if row.step_s is None or amount is None or ceiling is None:
        return text.NONE
    return text.percent(amount / row.step_s.value / ceiling)


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
