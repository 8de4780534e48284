"""The figures of a report, in reading order: those that it has data for."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from matplotlib.figure import Figure

from triptych.reports.figures import (
    compiling,
    ladder,
    law,
    losses,
    matrix,
    order,
    ratios,
    scaling,
    seeds,
    speeds,
    starts,
    tail,
    totals,
    trend,
)
from triptych.reports.figures.figure import Exhibit
from triptych.reports.view.report import Report

FIGURES = (matrix, speeds, ratios, law, tail, ladder, compiling, totals, starts, seeds, losses, order, trend)
"""Each has `rows`, what it is about, `exhibit`, its words, and `draw`, its drawing."""


def exhibits(report: Report) -> list[tuple[Exhibit, Callable[[], Figure]]]:
    """Every figure with its words and how it is drawn. Sizes of a sweep are points of its curves and of no other."""
    rest = replace(report, rows=tuple(scaling.others(report)))
    asked = [(scaling, report), *((one, rest) for one in FIGURES)]
    return [(one.exhibit(about), partial(one.draw, about)) for one, about in asked if one.rows(about)]
