"""What the lessons claim, what was measured of it in the runs of a report, and whether it holds.

A claim is told in our words under the title of its lesson. What a lesson prints stands here as a figure, and the band
that a test has found for the one that names no seed; all else is read from result files, or the files of the styles.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from triptych.benches.analysis.lesson_lines import written
from triptych.benches.analysis.programs import twins
from triptych.benches.analysis.tie import TIE_MARGIN, standing
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.schedule.defaults import NETWORKS
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.view.report import Report, Row

A = "How to Train a Neural Network from Scratch in JAX with Example"
B = "JAX in Action: Neural Networks from Scratch"
C = "Beyond Pure JAX: Flax & Optax for Elegant ML"

PRINTED_BY_A = {450: 0.18149126, 490: 0.15317148}
"""Losses by epoch of four updates, towards the end."""

PRINTED_BY_B = {0: 0.7782, 2000: 0.019}
HALF_A_DIGIT = {0: 0.00005, 2000: 0.0005}
PRINTED_BY_C = 0.000045
MIDDLE_OF_C = (1.9e-5, 6.6e-5)
"""Between these 80 % of 200 seeds of the recovered recipe end; `tests/impls/test_lessons.py` trains them."""

LINES = 100

HOLDS, NOT, PART = "holds", "does not hold", "holds in part"

Ratios = Sequence[tuple[str, Estimate]]


class Judged(NamedTuple):
    """A verdict, and the figures behind it."""

    verdict: str
    measured: str


class Claim(NamedTuple):
    """One claim: whose, what it says, and what judges it; None where a report has not measured it."""

    lesson: str
    says: str
    judge: Callable[[Report], Judged | None]


def judged(report: Report) -> list[tuple[Claim, Judged]]:
    """The claims of which the report has measured something."""
    return [(claim, found) for claim in CLAIMS if (found := claim.judge(report))]


def against_numpy(report: Report) -> Judged | None:
    """Naive JAX beside the same arithmetic in NumPy, and beside the one program that jit makes."""
    by_naive, by_jit = (_ratios(report, name, "numpy_by_hand") for name in ("naive", "treemap"))
    if not by_naive:
        return None
    said = f"Time per step over that of NumPy by hand: naive {_each(by_naive)}"
    said += f"; everything in one jit {_each(by_jit)}." if by_jit else "."
    return Judged(_of_all([time.value < 1 for _, time in by_naive]), said)


def printed_curve(report: Report) -> Judged | None:
    """The printed losses beside those of a fresh run."""
    losses = _curve(report, "xnor_online", "naive")
    shown = {epoch: losses[4 * epoch] for epoch in PRINTED_BY_A if 4 * epoch in losses}
    if not shown:
        return None
    pairs = [
        f"{text.significant(PRINTED_BY_A[epoch])} after epoch {epoch}, a fresh run {text.significant(loss)}"
        for epoch, loss in shown.items()
    ]
    holds = all(abs(loss / PRINTED_BY_A[epoch] - 1) < 0.01 for epoch, loss in shown.items())
    return Judged(HOLDS if holds else NOT, f"The lesson prints {' and '.join(pairs)}.")


def jitted_gradient(report: Report) -> Judged | None:
    """The gradient alone in jit beside the whole step in it."""
    found = _ratios(report, "compiled_gradient", "treemap")
    if not found:
        return None
    said = f"With the update outside, time per step over that of everything in one jit: {_each(found)}."
    return Judged(_level(found), said)


def losses_of_b(report: Report) -> Judged | None:
    """The first and last loss, to the digits that are printed."""
    losses = _curve(report, "xor", "treemap")
    shown = {step: losses[step] for step in PRINTED_BY_B if step in losses}
    if len(shown) < len(PRINTED_BY_B):
        return None
    holds = all(abs(loss - PRINTED_BY_B[step]) <= HALF_A_DIGIT[step] for step, loss in shown.items())
    first, last = (f"{loss:.4f} ({PRINTED_BY_B[step]} is printed)" for step, loss in shown.items())
    return Judged(HOLDS if holds else NOT, f"The loss falls from {first} to {last}.")


def loss_of_c(report: Report) -> Judged | None:
    """The last loss beside the band that seeds end in, since the lesson names neither sizes nor seed."""
    losses = _curve(report, "xor_adam", "flax_optax")
    if 2000 not in losses:
        return None
    low, high = MIDDLE_OF_C
    printed, last, *ends = map(text.significant, (PRINTED_BY_C, losses[2000], low, high))
    said = f"{printed} is printed; seed 0 of the recovered recipe ends at {last}, and 80 % of its seeds between "
    said += " and ".join(ends) + "."
    return Judged(HOLDS if low <= losses[2000] <= high and low <= PRINTED_BY_C <= high else NOT, said)


def same_operations(report: Report) -> Judged | None:
    """The time of Flax + Optax over pure JAX's, and how their programs differ."""
    found = _ratios(report, "flax_optax", "treemap")
    if not found:
        return None
    same = {
        one.ours.record.cell.workload: one.same
        for source in report.sources
        for one in twins(source.run)
        if one.ours.record.cell.trainer == "flax_optax" and one.ours.record.cell.mode == "step"
    }
    said = f"Time per step over pure JAX's: {_each(found)}."
    equal, other = ([name for name, _ in found if same.get(name) is word] for word in (True, False))
    said += f" Its program is pure JAX's own on {' and '.join(equal)}." if equal else ""
    said += f" Its program is another on {' and '.join(other)}." if other else ""
    return Judged(_level(found), said)


def rewritten(_: Report) -> Judged | None:
    """New lines of another network's file, pure JAX beside Flax."""
    styles = {one.style: one for one in written()}
    if not {"treemap", "flax_optax"} <= styles.keys():
        return None
    ours, theirs = styles["treemap"], styles["flax_optax"]
    told = [
        f"for {network}.py {ours.new[network]} of {ours.networks[network]} lines are new in pure JAX, "
        f"{theirs.new[network]} of {theirs.networks[network]} in Flax"
        for network in ours.new
    ]
    said = f"Beside the perceptron's file, {'; '.join(told)}. Beyond SGD the optimizers take {ours.beyond_sgd} lines "
    said += f"in pure JAX and {theirs.beyond_sgd} with Optax."
    most = [ours.new[one] > ours.networks[one] / 2 and theirs.new[one] < ours.new[one] for one in ours.new]
    return Judged(_of_all([*most, theirs.beyond_sgd < ours.beyond_sgd]), said)


def short(_: Report) -> Judged | None:
    """Lines of trainer and perceptron."""
    lines = {one.style: one.trainer + one.networks["mlp"] for one in written()}
    said = ", ".join(f"{style} {count}" for style, count in lines.items())
    words = f"Lines of code of a style's trainer and perceptron, with four losses and three optimizers: {said}."
    return Judged(_of_all([count < LINES for count in lines.values()]), words) if lines else None


def larger(report: Report) -> Judged | None:
    """Whether every style that runs them computes the same on convolutions and transformers."""
    rows = [row for row in _rows(report) if row.place.workload in ("digits_conv", "text")]
    certified = [row for row in rows if row.ratio.parity and row.trainer != row.reference]
    if not certified:
        return None
    holds = [row.ratio.parity.holds for row in certified if row.ratio.parity]
    said = f"{sum(holds)} of {len(holds)} trainings by other styles on convolutions and a transformer computed the "
    return Judged(_of_all(holds), f"{said}same losses as {certified[0].reference}'s.")


CLAIMS = (
    Claim(A, "JAX makes this training fast.", against_numpy),
    Claim(A, "The loss falls as the printed curve does.", printed_curve),
    Claim(B, "Loss and gradient inside jit are the efficient form.", jitted_gradient),
    Claim(B, "The loss falls from 0.7782 to about 0.019.", losses_of_b),
    Claim(C, "The loss ends near 0.000045.", loss_of_c),
    Claim(C, "Flax + Optax performs as pure JAX does, for both compile to the same operations.", same_operations),
    Claim(C, "Pure JAX has to be rewritten in good part for another network or optimizer.", rewritten),
    Claim(C, "All of it takes less than a hundred lines.", short),
    Claim(C, "It scales to convolutions and transformers.", larger),
)


def _rows(report: Report) -> list[Row]:
    return [row for row in report.rows if row.place.mode == "step"]


def _ratios(report: Report, trainer: str, beside: str) -> Ratios:
    """Time per step over another trainer's where both computed the same, by workload."""
    found = [(row.place.workload, row) for row in report.against(beside, _rows(report)) if row.trainer == trainer]
    return [(name, row.ratio.time) for name, row in found if row.ratio.time and name in NETWORKS]


def _each(found: Ratios) -> str:
    """For instance "1.02 on xor, 1.01 on digits", each with its interval."""
    return ", ".join(f"{text.estimate(time)} on {name}" for name, time in found)


def _level(found: Ratios) -> str:
    """Whether these are ties; by the estimates where there are too few restarts for an interval."""
    ties = [
        standing(time) == "tie" if time.low is not None else 1 / (1 + TIE_MARGIN) < time.value < 1 + TIE_MARGIN
        for _, time in found
    ]
    return _of_all(ties) + ", by the estimates alone" * any(time.low is None for _, time in found)


def _curve(report: Report, workload: str, trainer: str) -> dict[int, float]:
    """The losses of the first training of a cell, by step."""
    return next(({point.step: point.loss for point in one.trainings[0].curve} for one in _records(report)
                 if (one.cell.workload, one.cell.trainer, one.cell.mode) == (workload, trainer, "step")
                 and one.trainings), {})  # fmt: skip


def _records(report: Report) -> Iterator[CellRecord]:
    runs: list[Run] = [source.run for source in report.sources]
    return (record for run in runs for record in run.cells)


def _of_all(holds: Sequence[bool]) -> str:
    """Whether it holds everywhere, nowhere, or in part."""
    return HOLDS if all(holds) else PART if any(holds) else NOT
