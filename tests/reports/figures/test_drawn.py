"""What a figure draws is what the record says."""

import statistics

import numpy as np
import pytest
from matplotlib.axes import Axes
from runs import cell_record, run_of

from triptych.reports.figures import compiling, losses, order, ratios, speeds
from triptych.reports.figures.chart import ticks
from triptych.reports.view.report import Report, report


def drawn_x(axes: Axes) -> np.ndarray:
    """All x values of all lines on an axes."""
    return np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in axes.lines])


def test_speeds_are_estimates_with_their_ends(view: Report) -> None:
    """Steps per second, the inverse of seconds per step, for every cell."""
    values = drawn_x(speeds.draw(view).axes[0])
    for row in view.rows:
        assert row.step_s
        for bound in (row.step_s.value, row.step_s.low, row.step_s.high):
            assert bound
            assert np.isclose(values, 1 / bound, rtol=1e-12).any()


def test_forest_draws_near_ratios_and_arrows_for_far_ones(view: Report) -> None:
    """A ratio of 1,000 would squeeze one of 1.1 into the line at 1."""
    axes = ratios.draw(view).axes[0]
    low, high = axes.get_xlim()
    assert 0.9 < low < 0.98
    assert 1.25 < high < 1.4
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert len(arrows) == sum(row.trainer == "naive" for row in view.rows)
    near = [row.ratio.time for row in view.rows if row.trainer == "flax_optax"]
    assert all(time and np.isclose(drawn_x(axes), time.value).any() for time in near)


def test_forest_shows_all_when_all_are_far() -> None:
    """No close-up without something near."""
    far = cell_record("naive", {restart: [1.0] * 3 for restart in range(7)})
    reference = cell_record("treemap", {restart: [0.001] * 3 for restart in range(7)})
    axes = ratios.draw(report([run_of(far, reference)])).axes[0]
    assert axes.get_xlim()[1] > 1000


def test_compile_bars_add_up(view: Report) -> None:
    """Phases end to end, from zero, on a linear axis: their lengths may be compared."""
    axes = compiling.draw(view).axes[0]
    assert axes.get_xscale() == "linear"
    assert axes.get_xlim()[0] == 0
    row = view.rows[0]
    widths = [patch.get_width() for patch in axes.patches][:3]  # type: ignore[attr-defined] - bars are rectangles
    fields = ("trace_s", "lower_s", "backend_s")
    phases = [statistics.median(getattr(one, field) for one in row.record.compiles) for field in fields]
    assert widths == pytest.approx(phases)


def test_losses_share_a_y_axis(view: Report) -> None:
    """The same losses against steps and against seconds."""
    left, right, *_ = losses.draw(view).axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_yscale() == right.get_xscale() == "log"
    curve = view.rows[0].record.trainings[0].curve
    assert np.asarray(left.lines[0].get_ydata()).tolist() == [point.loss for point in curve]
    assert np.asarray(right.lines[0].get_xdata()).tolist() == [point.seconds for point in curve if point.seconds > 0]


@pytest.mark.parametrize(("low", "high"), [(0.9, 1.3), (1e-5, 10), (5, 120000), (0.03, 0.9), (1e-9, 1e9), (1, 1.0001)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    """Enough to read, not so many that they touch."""
    inside = ticks(low, high)
    assert 2 <= len(inside) <= 8
    assert all(low <= tick <= high for tick in inside)


def test_run_order_reaches_as_far_as_nearly_all_blocks(view: Report) -> None:
    """Round, and the caption counts what lies beyond."""
    reach = order.swing(view.rows)
    off = [abs(share) for row in view.rows for share in order.off_median(row)]
    assert reach in (0.05, 0.1, 0.2, 0.5, 1.0)
    assert sum(share <= reach for share in off) >= 0.95 * len(off) - 1


def test_forest_shows_every_pair_of_a_near_ratio() -> None:
    """Restarts that disagree widen the axis; none is left out."""
    near = cell_record("naive", {restart: [1.1 + 0.3 * restart] * 3 for restart in range(3)})
    reference = cell_record("treemap", {restart: [1.0] * 3 for restart in range(3)})
    axes = ratios.draw(report([run_of(near, reference)])).axes[0]
    assert {1.1, 1.4, 1.7} <= {round(value, 9) for value in drawn_x(axes)}
    assert axes.get_xlim()[1] > 1.7
