"""The figures of a report, in reading order: those that it has data for."""

from dataclasses import replace

from triptych.reports.figures import (
    anatomy,
    blocks,
    compiling,
    ladder,
    losses,
    order,
    ratios,
    scaling,
    seeds,
    speeds,
    starts,
    totals,
    trend,
)
from triptych.reports.figures.figure import Exhibit
from triptych.reports.view.report import Report

FIGURES = (speeds, ratios, blocks, ladder, anatomy, compiling, totals, starts, seeds, losses, order, trend)
"""Each has `rows`, what it is about, `exhibit`, its words, and in these `draw`, its drawing."""


def exhibits(report: Report) -> list[Exhibit]:
    """Every figure with its words; nothing is drawn yet. Sizes of a sweep are points of its curves and of no other."""
    rest = replace(report, rows=tuple(scaling.others(report)))
    made = [scaling.exhibit(report)] if scaling.rows(report) else []
    for one in FIGURES:
        if one.rows(rest):
            exhibit = one.exhibit(rest)
            made.append(exhibit._replace(plot=lambda _, plot=exhibit.plot: plot(rest)))
    return made
