"""Curves over size: what they say, what they draw, and that the page has them once."""

from pathlib import Path

import msgspec
import numpy as np
from runs import XOR, cell_record, run_of

from tests.reports.sample_run import sample_run
from triptych.benches.record.run import CellRecord, Outcome, Run
from triptych.benches.workloads.sizes import Axis
from triptych.reports.figures import scaling
from triptych.reports.figures.all import exhibits
from triptych.reports.page.page import write_report
from triptych.reports.view.report import report

SIZES = (16, 32, 64, 128, 256, 512)


def point(trainer: str, axis: Axis, size: int, step_s: float) -> CellRecord:
    """One size, in six restarts of which each is a tenth slower than the one before."""
    record = cell_record(trainer, {restart: [step_s * 1.1**restart] * 3 for restart in range(6)})
    record.cell = msgspec.structs.replace(record.cell, workload=f"xor-{axis}{size}")
    return record


def swept(axis: Axis = "width", overhead: float = 4.0) -> Run:
    """One trainer takes a microsecond per unit of size, flax_optax always `overhead` more: 1.0156 times at 256."""
    cells = [
        point(trainer, axis, size, 1e-6 * (size + extra))
        for size in SIZES
        for trainer, extra in (("treemap", 0.0), ("flax_optax", overhead))
    ]
    run = run_of(*cells)
    run.workloads = [msgspec.structs.replace(XOR, name=f"xor-{axis}{size}") for size in SIZES]
    return run


def test_the_planted_crossover_is_said() -> None:
    """1 + 4 / size enters 2 % at 256; the drift of the machine does not touch it."""
    view = report([swept()])
    [curve] = scaling.rows(view)
    assert scaling.sentence(view, curve, "flax_optax") == (
        "On xor on cpu, by width, flax_optax takes 1.25 [1.25–1.25] times treemap's time at 16 and "
        "1.01 [1.01–1.01] at 512: a tie within ±2 % from width 256 on; at 128 it is none."
    )


def test_a_crossover_beyond_the_sizes_is_not_claimed() -> None:
    """With an overhead of 40 the last ratio is 1.078."""
    view = report([swept("batch", overhead=40.0)])
    [curve] = scaling.rows(view)
    assert "a tie within ±2 % is not reached up to batch 512" in scaling.sentence(view, curve, "flax_optax")


def test_trainers_that_are_the_same_tie_everywhere() -> None:
    """No overhead, no crossover."""
    view = report([swept(overhead=0.0)])
    [curve] = scaling.rows(view)
    assert "a tie within ±2 % at every width from 16 to 512" in scaling.sentence(view, curve, "flax_optax")


def test_without_parity_a_size_has_no_ratio() -> None:
    """The last size lost it, so the curve of ratios ends before."""
    run = swept()
    run.cells[-1].trainings = cell_record("flax_optax", {0: [1.0]}, losses=(0.7, 0.3)).trainings
    [curve] = scaling.rows(report([run]))
    assert max(curve.ratios["flax_optax"]) == 256


def test_one_size_is_no_curve() -> None:
    """Nor is a workload at its own size."""
    run = swept()
    run.cells = run.cells[:2]
    assert scaling.rows(report([run])) == []
    assert scaling.rows(report([sample_run()])) == []


def test_what_was_left_out_is_named() -> None:
    """With the trainer and the sizes; the reason stands in the table of cells."""
    run = swept()
    for record in run.cells[-2:]:
        record.blocks, record.compiles, record.trainings = [], [], []
        record.outcome = Outcome("unmeasured", "left out: over its budget")
    reading = scaling.exhibit(report([run])).reading
    assert (
        "Not measured, for the reason that its row gives: treemap on xor width 512; flax_optax on xor width 512."
        in (reading)
    )


def test_the_figure_draws_estimates_and_ratios() -> None:
    """Above, microseconds of both trainers; below, flax_optax over treemap alone, with the margin around 1."""
    view = report([swept()])
    times, ratios = scaling.draw(view).axes
    lines = {line.get_marker(): np.asarray(line.get_ydata(), float) for line in times.lines}
    assert np.allclose(lines["^"] - lines["s"], 4 * 1.1**2.5, rtol=0.01)
    [drawn] = [line for line in ratios.lines if line.get_marker() == "^"]
    assert np.asarray(drawn.get_xdata()).tolist() == list(SIZES)
    assert np.allclose(np.asarray(drawn.get_ydata(), float), [1 + 4 / size for size in SIZES])
    assert times.get_xscale() == times.get_yscale() == "log"


def test_sizes_are_points_of_no_other_figure() -> None:
    """A sweep alone has one figure; beside a matrix the others are about the matrix."""
    assert [one.key for one, _ in exhibits(report([swept()]))] == ["scaling"]
    both = report([sample_run(), swept()])
    keys = [one.key for one, _ in exhibits(both)]
    assert keys == ["scaling", *(one.key for one, _ in exhibits(report([sample_run()])))]
    speeds = next(one for one, _ in exhibits(both) if one.key == "speeds")
    assert {line[0] for line in speeds.data} == {"xor", "digits"}


def test_the_page_of_a_sweep(tmp_path: Path) -> None:
    """One figure, beside its question; the table has every cell."""
    page = write_report([swept()], tmp_path)[0].read_text(encoding="utf-8")
    assert page.count("<figure ") == 1
    assert page.index('id="questions"') < page.index('id="figure-scaling"') < page.index('id="cells"')
    assert 'id="figures"' not in page
    assert page.count("xor-width512") >= 2
