"""The figures of a report, in reading order: those that it has data for."""

from reports import anatomy, captions, climb, courses, curves, naming, targets
from reports.exhibit import Exhibit
from reports.table import Report


def exhibits(report: Report) -> list[Exhibit]:
    """Every figure with its words; nothing is drawn yet."""
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
    made += [part.exhibit(report) for part in (climb, anatomy, targets) if part.measured(report)]
    if compiled:
        made.append(captions.compiling(report, compiled))
    if curves.places(report):
        made.append(courses.losses(report))
    if timed:
        made.append(courses.run_order(report, timed))
    if report.history:
        made.append(courses.trend(report))
    return made
