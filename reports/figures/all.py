"""The figures of a report, in reading order: those that it has data for."""

from dataclasses import replace

from triptych.reports.figures import anatomy, captions, courses, curves, ladder, scaling, seeds, starts, totals
from triptych.reports.figures.figure import Exhibit
from triptych.reports.view.report import Report
from triptych.reports.words import naming

TO_THE_TARGET = (
    (totals.places, totals.exhibit),
    (starts.shown, starts.exhibit),
    (seeds.shown, seeds.exhibit),
)
"""The figures between speed and losses that count more than single steps: when there is one, and how it is made."""


def exhibits(report: Report) -> list[Exhibit]:
    """Every figure with its words; nothing is drawn yet. Sizes of a sweep are points of its curves and of no other."""
    if not scaling.curves(report):
        return _exhibits(report)
    rest = replace(report, rows=tuple(scaling.others(report)))
    bound = [one._replace(plot=lambda _, plot=one.plot: plot(rest)) for one in _exhibits(rest)]
    return [scaling.exhibit(report), *bound]


def _exhibits(report: Report) -> list[Exhibit]:
    rows = naming.side_by_side(report)
    timed = [row for row in rows if row.step_s]
    rated = [row for row in timed if row.ratio.time]
    compiled = [row for row in rows if row.record.compiles]
    made: list[Exhibit] = []
    if timed:
        made.append(captions.speeds(report, timed))
    if any(row.standing != "reference" for row in rated):
        made.append(captions.forest(report, rated))
    if timed:
        made.append(captions.distributions(report, timed))
    made += [part.exhibit(report) for part in (ladder, anatomy) if part.measured(report)]
    if compiled:
        made.append(captions.compiling(report, compiled))
    made += [make(report) for has_data, make in TO_THE_TARGET if has_data(report)]
    if curves.places(report):
        made.append(courses.losses(report))
    if timed:
        made.append(courses.run_order(report, timed))
    if report.history:
        made.append(courses.trend(report))
    return made
