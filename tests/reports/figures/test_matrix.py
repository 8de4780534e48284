"""Every style on every network in one look: where many styles meet, and only there."""

from pathlib import Path

import pytest
from runs import cell_record, run_of

from triptych.benches.record.run import Outcome, Run
from triptych.impls.styles import PEERS, STYLES
from triptych.reports.figures import losses, matrix, svg
from triptych.reports.figures.chart import MOST_KEYS
from triptych.reports.figures.styles import OTHERS, styles
from triptych.reports.page.page import write_report
from triptych.reports.view.report import report


@pytest.fixture
def run() -> Run:
    """Every style on xor, each a tenth slower than the one before; one does not run it, one computes something else."""
    cells = []
    for number, name in enumerate([*STYLES, "compiled_gradient"]):
        times = {restart: [(1 + number / 10) * (1 + restart / 1000)] * 2 for restart in range(6)}
        cells.append(cell_record(name, times, (0.7, 0.2) if name == "haiku" else (0.7, 0.1)))
    made = run_of(*cells)
    for record in made.cells:
        if record.cell.trainer == "numpy_by_hand":
            record.outcome, record.blocks, record.trainings = Outcome("unsupported", "no such network"), [], []
    return made


def test_every_style_has_its_ratio_or_why_there_is_none(run: Run) -> None:
    """In the order of the styles; a rung of the ladder is none of them."""
    exhibit = matrix.exhibit(report([run]))
    told = {row[0]: row[1] for row in exhibit.data}
    assert list(told) == list(STYLES)
    assert told["flax_optax"].startswith("1.09 [")
    assert told["haiku"].startswith("losses differ at step 50")
    assert told["numpy_by_hand"] == "numpy_by_hand: unsupported"
    words = [note.get_text() for note in matrix.draw(report([run])).axes[0].texts]
    assert {"does not run it", "other losses"} <= set(words)


def test_few_styles_have_no_such_look(run: Run) -> None:
    """Seven beside the one that does not run it."""
    run.cells = run.cells[: matrix.MANY - 1]
    assert matrix.rows(report([run])) == {}


def test_the_page_opens_with_it_in_place_of_cards(run: Run, tmp_path: Path) -> None:
    """And its figures have room for eighteen names in a key: more than stand below one another."""
    page = write_report([run], tmp_path)[0].read_text(encoding="utf-8")
    assert page.index('id="figure-matrix"') < page.index('id="glance"')
    assert '<ul class="cards">' not in page
    assert page.count('id="figure-matrix"') == 1
    legend = losses.draw(report([run])).axes[1].get_legend()
    assert legend is not None
    assert len(legend.get_texts()) > MOST_KEYS
    assert svg.draw(matrix.exhibit(report([run])), lambda: matrix.draw(report([run]))).png.startswith(b"\x89PNG")


def test_a_stranger_shares_colour_and_marker_with_no_style() -> None:
    """However many peers it meets, as long as there are looks left."""
    looks = styles([*STYLES, "mine", "yours"])
    assert len({look[:2] for look in looks.values()}) == len(looks)
    assert len({*(row.look[:2] for row in PEERS.values())}) + 2 <= len(OTHERS)
