"""Time to the target loss over seeds: who learns, how often, and how long it takes; misses stand beside the rest."""

import math
from typing import Any

from matplotlib.figure import Figure

from triptych.benches.analysis import learning
from triptych.benches.analysis.learning import Learned
from triptych.benches.record.run import CellRecord, SeedTraining
from triptych.benches.stats.ranks import Estimate, smallest_n
from triptych.reports import text
from triptych.reports.figures.chart import Chart, Strip, chart, log_axis, remark
from triptych.reports.figures.figure import IDENTITY, MOST_ROWS, Exhibit, cut, identity
from triptych.reports.figures.styles import BAND, INK
from triptych.reports.view.report import Report, Row
from triptych.reports.words import naming

GUTTER = 1.25
"""The misses stand so many times beyond the slowest training."""


def shown(report: Report) -> list[Row]:
    """The cells that were trained from seeds."""
    return [row for row in naming.side_by_side(report) if row.record.seed_trainings]


def exhibit(report: Report) -> Exhibit:
    """The seeds in words and data."""
    rows = shown(report)
    return Exhibit(
        "seeds",
        "Time to the target loss, seed by seed",
        " ".join(_sentences(report, rows)),
        "A dot is one training from one seed's starting values, compiled beforehand; the tick is the median over seeds "
        "with its 95 % interval between order statistics. A cross did not reach the target and counts as never, a ring "
        "was cut by the time budget. The step is the first at or below the target within the first hundredth of the "
        "training that ends there; the time is that of so many steps in one uninterrupted loop." + cut(rows),
        [
            *IDENTITY, "Target loss", "Reached", "95 % interval of the share", "Missed", "Cut by the budget",
            "Median step", "Median time", "with compiling", "with start-up and compiling", "Losses, seed by seed",
        ],
        [_line(report, row) for row in rows[:MOST_ROWS]],
        figure,
    )  # fmt: skip


def _sentences(report: Report, rows: list[Row]) -> list[str]:
    """One per workload and outcome; trainers that learned from as many seeds share it."""
    grouped: dict[tuple[str, int, int, int], list[Row]] = {}
    for row in rows:
        found = _learned(row.record)
        where = f"{naming.scene_name(report, row.place)} {naming.side_name(report, row.place)}".strip()
        grouped.setdefault((where, found.reached, found.missed, found.cut), []).append(row)
    return [f"On {where}, {_said(report, group)}." for (where, *_), group in grouped.items()]


def _said(report: Report, rows: list[Row]) -> str:
    found = _learned(rows[0].record)
    names = " and ".join(text.name(row.trainer, 40) for row in rows)
    seeds = text.count(found.rate.n, "seed")
    if found.cut == found.rate.n:
        made = ", ".join(f"{one.steps:,}" for row in rows for one in row.record.seed_trainings)
        return (
            f"{names} did not come to the loss {_target(report, rows[0])} within the time budget (cut at step {made})"
        )
    words = f"{names} reached the loss {_target(report, rows[0])} from {found.reached} of {seeds} {_share(found)}"
    words += f", {found.missed} missed it within {text.count(rows[0].planned_steps, 'step')}" if found.missed else ""
    words += f", {found.cut} cut by the time budget" if found.cut else ""
    medians = " and ".join(_seconds(found.seconds, found) for found in (_learned(row.record) for row in rows))
    return f"{words}; median time {medians}" if found.reached else words


def _line(report: Report, row: Row) -> list[str]:
    record, found, run = row.record, _learned(row.record), report.source(row.place.source).run
    compile_s, start_s = learning.compile_s(record), learning.start_s(run, record)
    compiled = learning.later(found.seconds, compile_s)
    whole = None if compiled is None else learning.later(compiled, start_s)
    return [
        *identity(report, row),
        _target(report, row),
        f"{found.reached} of {found.rate.n}",
        _share(found),
        str(found.missed),
        str(found.cut),
        f"{_figure(found.steps, found, text.significant)} {_interval(found.steps, found, text.significant)}",
        f"{_seconds(found.seconds, found)} {_interval(found.seconds, found, text.seconds)}",
        text.NONE if compiled is None else _seconds(compiled, found),
        text.NONE if whole is None else _seconds(whole, found),
        _certificate(report, row),
    ]


def _certificate(report: Report, row: Row) -> str:
    """Whether the reference has the same losses from every seed, and reaches the target at the same step."""
    reference = next((one for one in report.by_place[row.place] if one.trainer == row.reference), None)
    if row.standing == "reference" or reference is None:
        return "reference" if row.standing == "reference" else text.NONE
    parity = learning.seed_parity(report.source(row.place.source).run, row.record, reference.record)
    same, both = learning.same_step(row.record, reference.record)
    at = f", target at the same step from {same} of {text.count(both, 'seed')}" if both else ""
    return f"{'✓' if parity.holds else '✗'} {text.name(parity.reason, 160)}{at}"


def _learned(record: CellRecord) -> Learned:
    found = learning.learned(record)
    assert found is not None, "only cells with trainings from seeds are shown"
    return found


def _target(report: Report, row: Row) -> str:
    return f"{report.source(row.place.source).run.workload(row.place.workload).target_loss:g}"


def _share(found: Learned) -> str:
    """The interval of the share; a cell whose every training was cut says nothing about learning."""
    return text.NONE if found.cut == found.rate.n else text.interval(found.rate, text.percent)


def _seconds(estimate: Estimate, found: Learned) -> str:
    return _figure(estimate, found, text.seconds)


def _figure(estimate: Estimate, found: Learned, show: text.Show) -> str:
    return _known(estimate.value, found, show)


def _interval(estimate: Estimate, found: Learned, show: text.Show) -> str:
    if estimate.low is None or estimate.high is None:
        return f"no interval: {text.count(estimate.n, 'seed')}, {smallest_n()} needed"
    return text.range_of(estimate.low, estimate.high, lambda value: _known(value, found, show))


def _known(value: float, found: Learned, show: text.Show) -> str:
    """A figure, or "never" where so many seeds did not get there."""
    if math.isfinite(value):
        return show(value)
    return "not within the budget" if found.cut else "never"


def figure(report: Report) -> Figure:
    """A row per cell: seconds to the target on a log axis, and a gutter for what never got there."""
    rows = shown(report)
    drawn = chart(report, rows, row_in=0.42)
    times = [one.seconds for strip in drawn.strips for one in strip.row.record.seed_trainings if _has_time(one)] or [
        1.0
    ]
    low, high = min(times), max(times)
    edge, gutter = high * GUTTER**0.5, high * GUTTER
    log_axis(drawn.axes, low, gutter, "seconds of training to the target loss (log scale); in the band: not reached")
    drawn.axes.axvspan(edge, drawn.axes.get_xlim()[1], color=BAND.drawn, linewidth=0, zorder=0)
    for strip in drawn.strips:
        _seeds(drawn, strip, gutter)
        _median(drawn, strip, low, gutter)
    drawn.axes.tick_params(axis="x", colors=INK.drawn)
    return drawn.figure


def _has_time(training: SeedTraining) -> bool:
    return training.ending == "reached" and training.seconds > 0


def _seeds(drawn: Chart, strip: Strip, gutter: float) -> None:
    """One mark per seed, spread over the height of the row; an ending at a time, which keeps the page small."""
    color, trainings = strip.style.color, strip.row.record.seed_trainings
    for ending, marker, face in (("reached", strip.style.marker, color), ("missed", "x", color), ("cut", "o", "none")):
        times = [one.seconds if _has_time(one) else gutter for one in trainings if one.ending == ending]
        lanes = [strip.y + 0.6 * ((index * 0.618) % 1 - 0.5) for index in range(len(times))]
        look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": color, "alpha": 0.8}
        drawn.axes.plot(times, lanes, marker, markersize=3.6, mew=0 if ending == "reached" else 0.9, **look)


def _median(drawn: Chart, strip: Strip, low: float, gutter: float) -> None:
    found = _learned(strip.row.record)
    middle = found.seconds
    ends = [min(end, gutter) for end in (middle.low, middle.high) if end is not None]
    if math.isfinite(middle.value) and middle.value >= low:
        drawn.axes.plot(ends, [strip.y] * len(ends), "-", color=INK.drawn, linewidth=1.6, zorder=4)
        drawn.axes.plot([middle.value], [strip.y], "|", markersize=16, color=INK.drawn, mew=1.6, zorder=5)
    if found.cut == found.rate.n:
        remark(drawn, strip, "cut by the time budget")
        return
    median = f"median {_seconds(middle, found)}" if math.isfinite(middle.value) else "no median"
    remark(drawn, strip, f"{found.reached} of {found.rate.n}, {median}")
