"""The tails on the page: what they say, what they draw, and what lay behind the longest."""

import msgspec
import numpy as np
import pytest
from matplotlib.axes import Axes
from runs import cell_record, run_of

from triptych.benches.record.run import CellRecord, LongStep, Tail
from triptych.reports.figures import tail
from triptych.reports.view.report import Report, report

FULL = "a garbage collection (generation 2)"


def recorded(trainer: str, *long: LongStep, restarts: int = 1) -> CellRecord:
    """A cell whose steps take 20 microseconds, but for these."""
    record = cell_record(trainer, {0: [1.0]})
    record.tails = [Tail(restart, 3000, 2e-5, 3e-5, list(long)) for restart in range(restarts)]
    return record


def finding(*cells: CellRecord) -> str:
    return tail.exhibit(report([run_of(*cells)])).finding


def test_the_worst_trainer_is_named_with_its_cause() -> None:
    """By its longest step over its median."""
    said = finding(recorded("treemap", LongStep(7, 1e-3, FULL)), recorded("naive", LongStep(7, 9e-4, "a compile")))
    assert said == f"On xor · cpu, the longest of 3,000 single steps of treemap took 50.0 times its median: {FULL}."


def test_a_regular_distance_is_said_whoever_is_worst() -> None:
    """Also where nobody knows why."""
    stalls = [LongStep(step, 5e-4) for step in (999, 1999, 2999)]
    said = finding(recorded("treemap", LongStep(7, 1e-3)), recorded("naive", *stalls, restarts=2))
    assert said.endswith(
        "of treemap took 50.0 times its median: no known cause; of the long steps, those of naive come every 1,000th "
        "step."
    )


def test_a_longest_step_that_is_not_long_is_no_stall() -> None:
    """Its table has no cause for it, nor a percentile of few steps."""
    record = recorded("treemap", LongStep(7, 3e-5))
    record.tails = [msgspec.structs.replace(one, p99_s=None, steps=30) for one in record.tails]
    said = tail.exhibit(report([run_of(record)]))
    assert said.finding == "On xor · cpu, no single step took 2 times its trainer's median."
    assert said.data[0][3:] == ["20.0 µs", "–", "30.0 µs", "1.50", "no long step", "–", "–", "30"]


def test_the_table_counts_causes() -> None:
    """Those of all long steps that were kept."""
    record = recorded("treemap", LongStep(9, 1e-3, FULL), LongStep(5, 1e-4), LongStep(2, 9e-5), restarts=6)
    [line] = tail.exhibit(report([run_of(record)])).data
    assert line[4:7] == ["30.0 µs [30.0 µs–30.0 µs]", "1.00 ms", "50.0"]
    assert line[7:] == [FULL, "–", "12 × no known cause, 6 × a garbage collection", "18,000"]


def test_marks_are_the_figures_of_the_record(view: Report) -> None:
    """Median, percentile and longest step of every cell in milliseconds, and the words at its right."""
    axes: Axes = tail.draw(view).axes[0]
    drawn = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in axes.lines])
    shown = tail.rows(view)
    assert len(shown) == len(view.rows)
    for one in shown:
        found = one.found
        for seconds in (found.median_s.value, found.longest.seconds, *(found.p99_s[:3] if found.p99_s else ())):
            assert np.isclose(drawn, 1e3 * (seconds or 0), rtol=1e-12).any()
    assert "not steps/s" in axes.get_xlabel()
    words = [note.get_text() for note in axes.texts]
    assert sum(word.endswith("no known cause, every 200th step") for word in words) == 1
    assert sum("a garbage collection" in word for word in words) == 3


@pytest.mark.parametrize(("name", "shown"), [("", "no known cause"), ("x" * 99, f"{'x' * 59}…")])
def test_a_cause_of_another_file_has_its_room(name: str, shown: str) -> None:
    """A record may hold any words."""
    [one] = tail.rows(report([run_of(recorded("treemap", LongStep(9, 1e-3, name)))]))
    assert one.cause == shown
