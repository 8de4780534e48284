"""Counts beside times: the tables' figures by hand, and no section where nothing was counted."""

from pathlib import Path

import pytest

from tests.reports.sample_run import sample_run
from triptych.benches.record.run import Run
from triptych.reports.page.page import write_report
from triptych.reports.page.terminal import markdown
from triptych.reports.view.report import Report, report
from triptych.reports.words import count_table


def line(view: Report, title: str) -> list[str]:
    """One line of the first workload's table."""
    return dict(count_table.tables(view)[0].lines)[title]


def test_a_table_per_workload_and_a_column_per_trainer(view: Report) -> None:
    """Counts as they are; what a trainer has no program for is a dash."""
    tables = count_table.tables(view)
    assert [table.name for table in tables] == ["xor · cpu", "digits · cpu"]
    assert tables[0].heads == ["naive", "treemap", "flax_optax"]
    assert line(view, "Programs launched") == ["180", "1", "1"]
    assert line(view, "Flops, by XLA") == ["–", "495", "495"]
    assert line(view, "Arrays in → out") == ["6 → 5"] * 3


def test_flops_per_second_are_those_of_the_formula_over_the_measured_time(view: Report) -> None:
    """226 flops in about 13 microseconds are 17.4 Mflop/s."""
    treemap = view.rows[1]
    assert treemap.step_s is not None
    rate = float(line(view, "Flops per second")[1].replace(",", ""))
    assert rate == pytest.approx(226 / treemap.step_s.value, rel=5e-3)
    assert 15e6 < rate < 20e6


def test_the_markdown_has_the_tables(run: Run) -> None:
    """Folded, names escaped."""
    words = markdown([run])
    assert "<summary>Counts of xor · cpu</summary>" in words
    assert "| Count | naive | treemap | flax\\_optax |" in words


def test_an_older_run_has_no_section(tmp_path: Path) -> None:
    """No heading, no link."""
    old = sample_run()
    for cell in old.cells:
        cell.counts = None
    write_report([old], tmp_path)
    assert 'id="counts"' not in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert count_table.tables(report([old])) == []
