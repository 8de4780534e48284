"""Which figures a report has, whatever is missing from it."""

import importlib
import pkgutil

import pytest

from tests.reports.sample_run import sample_run, seeded
from triptych.reports import figures
from triptych.reports.figures import scaling, speeds, svg, totals
from triptych.reports.figures.all import FIGURES, exhibits
from triptych.reports.view.report import Report, report


def test_every_figure_has_its_line() -> None:
    """A file with an exhibit that the list does not have would never be shown."""
    names = [one.name for one in pkgutil.iter_modules(figures.__path__)]
    modules = [importlib.import_module(f"{figures.__name__}.{name}") for name in names]
    assert {one for one in modules if hasattr(one, "exhibit")} == {*FIGURES, scaling}


def test_a_figure_is_there_where_it_has_rows(view: Report) -> None:
    """And only there: the sample has no ladder, no law and few styles, and one run is no history."""
    assert [one.key for one, _ in exhibits(view)] == [one.exhibit(view).key for one in FIGURES if one.rows(view)]
    empty = {one.__name__.split(".")[-1] for one in FIGURES if not one.rows(view)}
    assert empty == {"ladder", "law", "matrix", "trend"}


@pytest.mark.parametrize("trainers", [("naive", "treemap", "flax_optax"), ("treemap", "flax_optax")])
def test_one_restart_draws_no_interval(trainers: tuple[str, ...]) -> None:
    """A bar of no length would look like a narrow interval; every figure is drawn, with naive or without."""
    view = report([seeded(sample_run(trainers=trainers, restarts=1))])
    assert all(svg.draw(*one).png.startswith(b"\x89PNG") for one in exhibits(view))
    assert "-|" not in {f"{line.get_linestyle()}{line.get_marker()}" for line in speeds.draw(view).axes[0].lines}
    words = [note.get_text() for note in speeds.draw(view).axes[0].texts]
    assert sum(word.endswith("no interval") for word in words) == len(view.rows)


def test_one_restart_overtakes_nobody_for_good() -> None:
    """What one restart did is said of that restart, with why there is no interval."""
    said = totals.exhibit(report([sample_run(workloads=("xor",), restarts=1)]))
    assert "so far (no interval: 1 restart, 6 needed)" in said.finding
    enough = totals.exhibit(report([sample_run(workloads=("xor",), restarts=6)]))
    assert "so far" not in enough.finding
    assert "reference" in {line[-2] for line in enough.data}
