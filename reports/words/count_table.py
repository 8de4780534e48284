"""Counts beside times, a table per workload and device; and what another network or optimizer costs to write."""

from typing import NamedTuple

from triptych.benches.analysis import pairing
from triptych.benches.analysis.lesson_lines import NETWORKS, written
from triptych.benches.record.counts import COUNTS, CountRow
from triptych.benches.record.run import Run
from triptych.reports import text
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

MEASURES = (
    CountRow("step_s", "", "Time per step", "Measured, as in the table above; all below is counted."),
    CountRow("returned", "", "Calls returned after", "Of that time, before waiting for the device."),
    CountRow("floor", "", "Dispatch floor", "Of that time, what an empty compiled call on the same arrays takes."),
    CountRow("flops_per_s", "", "Flops per second", "By formula, over the measured time: how busy the device is."),
    *(row for row in COUNTS if row.title),
)

LESSON_HEADS = (
    "Style", *(f"{name}.py" for name in NETWORKS), "new in conv", "new in transformer", "optimizer", "beyond SGD",
)  # fmt: skip
LESSON_MEANING = (
    "Lines of code, without comments and docstrings, of each style's file for a network, but for the translation of "
    "its names into the canonical ones; how many of them its file for the perceptron has not; and of what it writes "
    "about optimizers, how many lines plain SGD does without."
)


class CountTable(NamedTuple):
    """The counts of one place: a column per cell, and a line per measure, its title first."""

    name: str
    heads: list[str]
    lines: list[tuple[str, list[str]]]


def tables(report: Report) -> list[CountTable]:
    """Every workload, device and side of which a cell was counted; its modes side by side."""
    grouped: dict[str, list[Row]] = {}
    for row in naming.side_by_side(report):
        side = naming.side_name(report, row.place)
        name = (
            f"{text.short(row.place.workload)} · {text.short(row.place.device, 20)}{f' · run {side}' if side else ''}"
        )
        if row.record.counts is not None:
            grouped.setdefault(name, []).append(row)
    return [_table(report, name, rows) for name, rows in grouped.items()]


def _table(report: Report, name: str, rows: list[Row]) -> CountTable:
    several = len({row.place.mode for row in rows}) > 1
    heads = [text.short(row.trainer) + (f", {row.place.mode}" if several else "") for row in rows]
    lines = [
        (measure.title, [_entry(report.source(row.place.source).run, measure.name, row) for row in rows])
        for measure in MEASURES
    ]
    return CountTable(name, heads, [line for line in lines if set(line[1]) != {text.NONE}])


def _entry(run: Run, name: str, row: Row) -> str:  # noqa: PLR0911 - one for each case
    counts = row.record.counts
    assert counts is not None, "only counted rows are shown"
    match name:
        case "step_s":
            return text.NONE if row.step_s is None else text.seconds(row.step_s.value)
        case "executables_per_call" if counts.steps_per_call > 1 and counts.executables_per_call is not None:
            return f"{counts.executables_per_call:,} in {text.count(counts.steps_per_call, 'step')}"
        case "leaves_in":
            return f"{_number(counts.leaves_in)} → {_number(counts.leaves_out)}"
        case "returned":
            share = pairing.returned_share(row.record)
            return text.NONE if share is None else text.percent(share)
        case "floor":
            floor = pairing.floor_share(run, row.record)
            return text.estimate(floor, text.percent) if floor else text.NONE
        case "flops_per_s":
            flops = counts.analytic_flops_per_step
            return text.significant(flops / row.step_s.value) if flops and row.step_s else text.NONE
        case "host_peak_rss_bytes" if counts.host_peak_rss_bytes is not None:
            return text.size(counts.host_peak_rss_bytes)
        case _:
            return _number(getattr(counts, name))


def _number(value: int | None) -> str:
    return text.NONE if value is None else f"{value:,}"


def lesson_lines() -> list[list[str]]:
    """A line per built-in style, under `LESSON_HEADS`."""
    return [
        [one.style, *map(str, (*map(one.networks.get, NETWORKS), *one.new.values(), one.optimizer, one.beyond_sgd))]
        for one in written()
    ]
