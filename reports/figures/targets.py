"""How fast could it be: the targets of a run in words, data and a figure."""

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from triptych.benches.analysis import pairing
from triptych.benches.analysis.targets import (
    C_LOOP,
    FLAX_STEP,
    FLOOR,
    SCAN,
    STEP,
    Finding,
    Side,
    Target,
    cell_of,
    findings,
)
from triptych.benches.record.run import Run
from triptych.benches.stats.ranks import Estimate, hodges_lehmann
from triptych.reports import text
from triptych.reports.figures.chart import bare, beside, log_axis, stacked
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import INK, OWN
from triptych.reports.view.report import Report

if TYPE_CHECKING:
    from rich.table import Table

LEFT_IN, RIGHT_IN = 4.15, 1.75

MODES = {"step": "step by step", "scan": "in a scan", "floor": "empty call", "limit": "C loop", "eager": "eager"}

HEADS = ["Target", "Device", "Measured", "95 % interval", "Verdict", "Where the time goes"]


def measured(report: Report) -> list[tuple[Run, Finding]]:
    """What the runs shown say of the targets."""
    return [(source.run, finding) for source in report.sources for finding in findings(source.run)]


def words(target: Target) -> str:
    """The target as a sentence: on which workload whose step takes at most how many times as long as whose."""
    ours, against = target.ours, target.against
    how = f", {MODES[ours.mode]}" if ours.mode == against.mode else ""
    return f"{target.workload}: {_side(ours, how)} ≤ {target.most:.2f} × {_side(against, how)}{how}"


def _side(side: Side, how: str) -> str:
    if side.mode == "limit":
        return "the C loop"
    if side.mode == "floor":
        return "its dispatch floor"
    return side.trainer if how else f"{side.trainer} {MODES[side.mode]}"


def line(run: Run, finding: Finding) -> list[str]:
    """A finding in the columns of `HEADS`."""
    ratio = finding.ratio
    figures = [text.DASH, text.DASH] if ratio is None else [f"{ratio.value:.3f}", text.interval(ratio, _plain)]
    return [words(finding.target), finding.device, *figures, finding.verdict, finding.reason or why(run, finding)]


def _plain(value: float) -> str:
    return f"{value:.3f}"


def why(run: Run, finding: Finding) -> str:
    """Which part of the two sides the ratio is made of, by cells of the same run; empty where nothing was measured."""
    target = finding.target
    if target.against == FLOOR:
        return _beyond_the_floor(run, finding)
    if (target.ours, target.against) == (FLAX_STEP, STEP):
        return _tree_and_program(run, finding)
    if target.against == C_LOOP:
        return _loop(run, finding)
    return ""


def _beyond_the_floor(run: Run, finding: Finding) -> str:
    rest = _more(run, finding, STEP, FLOOR)
    vector = _more(run, finding, STEP, Side("one_vector", "step"))
    if rest is None:
        return ""
    said = f"the step's own program takes {_signed(rest)} beyond the floor"
    return said if vector is None else f"{said}; with the whole state in one array a step would save {_signed(vector)}"


def _tree_and_program(run: Run, finding: Finding) -> str:
    whole = _more(run, finding, FLAX_STEP, STEP)
    floors = _more(run, finding, Side("flax_optax", "floor"), FLOOR)
    if whole is None or floors is None:
        return ""
    return (
        f"{_signed(whole)} a step more; to hand over Flax's and Optax's tree alone takes {_signed(floors)} more "
        "(the difference of the two floors)"
    )


def _loop(run: Run, finding: Finding) -> str:
    sides = [cell_of(run, finding.device, finding.target.workload, side) for side in (SCAN, C_LOOP)]
    ours, theirs = (pairing.step_s(record) if record else None for record in sides)
    if ours is None or theirs is None:
        return ""
    return (
        f"{text.seconds(ours.value)} a step against {text.seconds(theirs.value)}: inside its loop XLA calls the small "
        "kernels of a step one by one, where a C compiler makes one function of them"
    )


def _more(run: Run, finding: Finding, ours: Side, against: Side) -> Estimate | None:
    """Seconds per step that a side takes more than another on the finding's workload, pair by pair."""
    records = [cell_of(run, finding.device, finding.target.workload, side) for side in (against, ours)]
    if records[0] is None or records[1] is None:
        return None
    more = list(pairing.paired_savings(records[0], records[1]).values())
    return hodges_lehmann(more) if more else None


def _signed(estimate: Estimate) -> str:
    sign = "-" if estimate.value < 0 else ""
    return f"{sign}{text.seconds(abs(estimate.value))}"


def table(run: Run) -> "Table":
    """The targets for a terminal; the caller prints it."""
    from rich.table import Table
    from rich.text import Text

    found = findings(run)
    made = Table(title=Text(sentence(found)), title_justify="left", title_style="bold")
    for head in HEADS:
        made.add_column(Text(head), overflow="fold")
    for finding in found:
        made.add_row(*map(Text, line(run, finding)))
    return made


def sentence(found: list[Finding]) -> str:
    """How many of the targets are met."""
    tally = [(verdict, sum(one.verdict == verdict for one in found)) for verdict in _verdicts(found)]
    return f"Of {text.count(len(found), 'target')}: {', '.join(f'{number} {verdict}' for verdict, number in tally)}."


def _verdicts(found: list[Finding]) -> list[str]:
    return sorted({finding.verdict for finding in found})


def exhibit(report: Report) -> Exhibit:
    """The targets on the page."""
    shown = measured(report)
    return Exhibit(
        "targets",
        "How fast it should be",
        sentence([finding for _, finding in shown]),
        "A mark is how many times as long a step takes as what it is held against, over the most that it may take: "
        "left of the line the target is met. A bar is the 95 % interval; one across the line leaves it undecided.",
        HEADS,
        [line(run, finding) for run, finding in shown],
        figure,
    )


def figure(report: Report) -> Figure:
    """A row per target: its ratio over the most that it may be, the line at 1."""
    shown = [finding for _, finding in measured(report)]
    drawn, [axes] = stacked([len(shown)], LEFT_IN, RIGHT_IN)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    bare(axes)
    axes.axvline(1, color=INK.drawn, linewidth=1, zorder=1)
    ends = [bound for y, finding in enumerate(shown) for bound in _mark(axes, y, finding)]
    log_axis(axes, min([0.9, *ends]), max([1.1, *ends]), "ratio ÷ the most that it may be (log scale; left is met)")
    return drawn


def _mark(axes: Axes, y: int, finding: Finding) -> list[float]:
    """Draws a row; gives the values that the axis has to reach."""
    beside(axes, (0, -LEFT_IN * 72 + 4), y, words(finding.target))
    ratio, most = finding.ratio, finding.target.most
    if ratio is None:
        beside(axes, (1, 8), y, finding.verdict)
        return []
    ends = [bound / most for bound in (ratio.low, ratio.high) if bound is not None]
    style = OWN[finding.target.ours.trainer]
    axes.plot(ends, [y] * len(ends), "-", color=style.color, linewidth=2.2, zorder=2)
    axes.plot([ratio.value / most], [y], style.marker, color=style.color, mec=INK.drawn, mew=0.4, markersize=6.5)
    beside(axes, (1, 8), y, f"{ratio.value:.3f}: {finding.verdict}")
    return [*ends, ratio.value / most]
