"""The ladder on the page: its factors in words, in data and in the figure."""

from pathlib import Path

from tests.benches.analysis.test_ladder import climbed
from triptych.benches.record.run import Outcome
from triptych.reports.figures import ladder
from triptych.reports.figures.all import exhibits
from triptych.reports.page.page import write_report
from triptych.reports.view.report import report


def test_the_sentence_multiplies_the_factors() -> None:
    """What it says can be checked with a pencil."""
    finding = ladder.exhibit(report([climbed()])).finding
    assert (
        "all changes together make a step 80,000 times as fast (3.20 × 55.6 × 6.43 × 1.08 × 16.3 × 4.00 = 80,000)"
        in finding
    )
    assert "Of a treemap step 73.1 % is the dispatch floor" in finding


def test_data_have_a_line_per_rung() -> None:
    """The first has no factor, the others theirs with the interval."""
    data = ladder.exhibit(report([climbed()])).data
    assert len(data) == 7
    assert data[0][3:] == ["20.3 ms", "–", "–"]
    assert data[1][4:] == ["3.20", "[3.20–3.20]"]


def test_a_loop_in_c_that_did_not_run_is_missed() -> None:
    """With the reason; the ladder ends before it."""
    run = climbed()
    loop = next(record for record in run.cells if record.cell.mode == "limit")
    loop.blocks, loop.outcome = [], Outcome("unmeasured", "there is no C compiler")
    exhibit = ladder.exhibit(report([run]))
    assert "The loop in C is not among them: there is no C compiler." in exhibit.finding
    assert len(exhibit.data) == 6


def test_the_page_shows_it_only_where_it_was_measured(tmp_path: Path) -> None:
    """With a rung missing there is no such figure; the floor is no row of the table."""
    whole, part = climbed(), climbed()
    del part.cells[0]
    assert "ladder" in [exhibit.key for exhibit, _ in exhibits(report([whole]))]
    assert "ladder" not in [exhibit.key for exhibit, _ in exhibits(report([part]))]
    assert "floor" not in {row.place.mode for row in report([whole]).rows}
    page = write_report([whole], tmp_path)[0].read_text(encoding="utf-8")
    assert "From naive to fastest, one change at a time" in page
