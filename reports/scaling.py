"""How a step grows with the size of the network or the batch, and from which size on two trainers are the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from benches.crossover import Crossover, crossover
from benches.sizes import Axis, size_of
from reports import naming, text
from reports.exhibit import Exhibit
from reports.table import MARGIN, Place, Report, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CURVES = 8
"""Panels that a figure has room for."""

KEY = "scaling"


class Curve(NamedTuple):
    """The rows of one workload along one axis, in one run and arm: sizes by trainer.

    Attributes:
        place: Of its smallest size.
        reference: Whom the ratios stand against.
        lines: Rows by trainer, then by size.
    """

    base: str
    axis: Axis
    place: Place
    reference: str
    lines: dict[str, dict[int, Row]]

    @property
    def compared(self) -> dict[str, Crossover]:
        """The crossover of every trainer that has ratios."""
        found: dict[str, Crossover] = {}
        for trainer, rows in self.lines.items():
            ratios = {size: row.ratio.time for size, row in rows.items() if row.ratio.time}
            if trainer != self.reference and ratios:
                found[trainer] = crossover(ratios, MARGIN)
        return found


def curves(report: Report) -> list[Curve]:
    """Every axis along which a workload was timed in at least two sizes."""
    grouped: dict[tuple[str, ...], dict[str, dict[int, Row]]] = {}
    for row in report.rows:
        if size := size_of(row.place.workload):
            key = (row.place.source, row.place.arm, row.place.mode, row.place.device, size.base, size.axis)
            grouped.setdefault(key, {}).setdefault(row.trainer, {})[size.size] = row
    made: list[Curve] = []
    for key, lines in grouped.items():
        timed = {trainer: dict(sorted(rows.items())) for trainer, rows in lines.items() if _timed(rows)}
        if len({size for rows in timed.values() for size in _timed(rows)}) > 1:
            first = next(iter(next(iter(timed.values())).values()))
            axis: Axis = next(axis for axis in ("width", "depth", "batch") if axis == key[-1])
            made.append(Curve(key[-2], axis, first.place, first.reference, timed))
    return made


def _timed(rows: dict[int, Row]) -> list[int]:
    return [size for size, row in rows.items() if row.step_s]


def others(report: Report) -> list[Row]:
    """The rows that are no point of a curve: what the other figures are about."""
    drawn = {row.id for curve in curves(report) for rows in curve.lines.values() for row in rows.values()}
    return [row for row in report.rows if row.id not in drawn]


def exhibit(report: Report) -> Exhibit:
    """The curves in words and data."""
    found = curves(report)
    cut = f" The first {MOST_CURVES} of {len(found)} are drawn." if len(found) > MOST_CURVES else ""
    return Exhibit(
        KEY,
        "Time per step over size",
        " ".join(_growth(report, curve) for curve in found),
        "Above, time per step, both axes logarithmic; below, the same over the reference's, with the margin of no "
        f"practical account as a band. The bars and shades are 95 % intervals over restarts.{cut}{_missing(found)}",
        ["Workload", "Where", "Changed", "Size", "Trainer", "Time per step", "95 % interval", "Time ÷ reference", ""],
        [line for curve in found for line in _data(report, curve)],
        figure,
    )


def _data(report: Report, curve: Curve) -> list[list[str]]:
    start = [text.name(curve.base, 40), naming.setting(report, curve.place), curve.axis]
    entries = [(size, trainer, row) for trainer, rows in curve.lines.items() for size, row in rows.items()]
    lines: list[list[str]] = []
    for size, trainer, row in sorted(entries, key=lambda entry: entry[0]):
        ratio = text.ratio(row)
        taken = [text.seconds(row.step_s.value), text.interval(row.step_s, text.seconds)] if row.step_s else ["–", "–"]
        lines.append([*start, f"{size:,}", text.name(trainer, 40), *taken, ratio.main, ratio.note])
    return lines


def _missing(found: Sequence[Curve]) -> str:
    """Which sizes were asked for and not timed; the table says why of each."""
    gone: dict[str, list[str]] = {}
    for curve in found:
        for trainer, rows in curve.lines.items():
            if sizes := [size for size, row in rows.items() if not row.step_s]:
                words = f"{text.name(curve.base, 40)} {curve.axis} {', '.join(f'{size:,}' for size in sizes)}"
                gone.setdefault(trainer, []).append(words)
    said = "; ".join(f"{text.name(trainer, 40)} on {', '.join(words)}" for trainer, words in gone.items())
    return f" Not measured, for the reason that its row gives: {said}." if said else ""


def sentence(report: Report, curve: Curve, trainer: str) -> str:
    """A trainer's ratio at both ends, and its crossover."""
    rows = curve.lines[trainer]
    first, *last = _ends(rows)
    ends = [f"{_taken(rows[first])} times {text.name(curve.reference, 40)}'s time at {first:,}"]
    ends += [f"{_taken(rows[size])} at {size:,}" for size in last]
    return (
        f"{_where(report, curve)}, {text.name(trainer, 40)} takes {' and '.join(ends)}: "
        f"{words(curve.compared[trainer], curve.axis)}."
    )


def _growth(report: Report, curve: Curve) -> str:
    """How the first trainer's step grows from the smallest size to the largest."""
    trainer, rows = next(iter(curve.lines.items()))
    timed = [(size, row.step_s.value) for size, row in rows.items() if row.step_s]
    ends = " to ".join(f"{text.seconds(step_s)} at {size:,}" for size, step_s in (timed[0], timed[-1]))
    return f"{_where(report, curve)}, a step of {text.name(trainer, 40)} takes from {ends}."


def _where(report: Report, curve: Curve) -> str:
    return f"On {text.name(curve.base, 40)} {naming.setting(report, curve.place)}, by {curve.axis}"


def _ends(rows: dict[int, Row]) -> list[int]:
    rated = [size for size, row in rows.items() if row.ratio.time]
    return [rated[0], rated[-1]] if len(rated) > 1 else rated


def _taken(row: Row) -> str:
    ratio = row.ratio.time
    if ratio is None:
        return text.NONE
    return text.significant(ratio.value) + (f" {text.interval(ratio)}" if ratio.low is not None else "")


def words(found: Crossover, axis: Axis) -> str:
    """Where the trainers come to tie, with what is decided of it."""
    within = f"within ±{100 * MARGIN:g} %"
    if found.kind == "everywhere":
        return f"a tie {within} at every {axis} from {found.smallest:,} to {found.largest:,}"
    if found.kind == "not reached":
        return f"a tie {within} is not reached up to {axis} {found.largest:,}"
    if found.kind == "reached":
        below = f"; at {found.above:,} it is none" if found.above else ""
        return f"a tie {within} from {axis} {found.by:,} on{below}"
    guess = f"a tie from {axis} {found.at:,} on" if found.at else f"no tie up to {axis} {found.largest:,}"
    decided = f"only that it is none at {found.above:,}" if found.above else "nothing yet"
    return f"by the estimates {guess} ({within}), decided is {decided}; more --restarts would tell"


def figure(report: Report) -> "Figure":
    """Drawn where matplotlib is."""
    from reports.scaling_plot import figure as drawn

    return drawn(report, curves(report)[:MOST_CURVES])
