"""The targets and the parts of a step on the page and in the terminal."""

from pathlib import Path

from rich.console import Console

from tests.benches.analysis.test_targets import planted
from triptych.reports.figures import anatomy, targets
from triptych.reports.figures.all import exhibits
from triptych.reports.page.page import write_report
from triptych.reports.view.report import report


def test_a_missed_target_is_called_that() -> None:
    """Seven of nine are met; the two others are neither hidden nor rounded."""
    made = targets.exhibit(report([planted()]))
    assert made.finding == "Of 9 targets: 7 met, 2 not met."
    missed = [row for row in made.data if row[4] == "not met"]
    assert [row[0] for row in missed] == [
        "xor: flax_optax ≤ 1.02 × treemap, in a scan",
        "xor: treemap in a scan ≤ 4.00 × the C loop",
    ]
    assert missed[1][2:4] == ["6.000", "[6.000–6.000]"]


def test_where_the_time_goes_is_said_in_figures_of_the_run() -> None:
    """12 less 10, 12 less 8, 13 less 12 and 10.8 less 10 microseconds."""
    rows = targets.exhibit(report([planted()])).data
    assert "2.00 µs beyond the floor" in rows[0][-1]
    assert "a step would save 4.00 µs" in rows[0][-1]
    assert rows[1][-1].startswith("1.00 µs a step more; to hand over Flax's and Optax's tree alone takes 800 ns more")
    assert "600 ns a step against 100 ns" in rows[-1][-1]


def test_the_terminal_shows_every_target() -> None:
    """With its verdict."""
    console = Console(width=160, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(targets.table(planted()))
    assert captured.get().count("not met") == 3  # in the title and in two rows


def test_the_anatomy_names_both_ends() -> None:
    """10 of 12 and 10.8 of 13 microseconds."""
    made = anatomy.exhibit(report([planted()]))
    assert "from 83.1 % (flax_optax on xor, cpu) to 83.3 % (treemap on xor, cpu)" in made.finding


def test_the_page_shows_both_only_where_they_were_measured(tmp_path: Path) -> None:
    """And neither the floors nor the C loop are rows of its table."""
    whole, part = planted(), planted(("xor", "flax_optax", "scan"), ("xor", "treemap", "floor"))
    assert {"anatomy", "targets"} <= {exhibit.key for exhibit in exhibits(report([whole]))}
    assert "targets" not in {exhibit.key for exhibit in exhibits(report([part]))}
    assert {row.place.mode for row in report([whole]).rows} == {"step", "scan"}
    page = write_report([whole], tmp_path)[0].read_text()
    assert "Where a step goes" in page
    assert "How fast it should be" in page
