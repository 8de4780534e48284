"""Seeds, starts and total time on the page: their sentences and data are the record's."""

import msgspec
import pytest

from tests.reports.sample_run import sample_run, seeded
from triptych.benches.record.run import Run
from triptych.reports.figures import seeds, starts, totals
from triptych.reports.figures.all import exhibits
from triptych.reports.view.report import report


def sample() -> Run:
    return seeded(sample_run(workloads=("xor",)))


def test_misses_are_said_beside_the_share_and_the_median() -> None:
    """Seed 6 of 0 to 11 missed; in the middle of the twelve are seeds 5 and 7: 485 and 559 steps of 13 and 14 µs."""
    finding = seeds.exhibit(report([sample()])).finding
    assert "naive did not come to the loss 0.05 within the time budget (cut at step 90)" in finding
    share = "from 11 of 12 seeds [61.5 %–99.8 %], 1 missed it within 2,000 steps"
    assert f"treemap and flax_optax reached the loss 0.05 {share}; median time " in finding
    assert finding.endswith("median time 6.79 ms and 7.31 ms.")


def test_data_of_the_seeds() -> None:
    """Every count, the median step with its order statistics, and the certificate of every seed."""
    lines = {line[1]: line[3:] for line in seeds.exhibit(report([sample()])).data}
    assert lines["naive"][:5] == ["0.05", "0 of 1", "–", "0", "1"]
    assert lines["naive"][5].startswith("not within the budget")
    assert lines["treemap"][1:5] == ["11 of 12", "[61.5 %–99.8 %]", "1", "0"]
    assert lines["treemap"][-1] == "reference"
    assert lines["flax_optax"][-1] == "✓ same losses from 12 seeds, target at the same step from 11 of 11 seeds"


def test_a_majority_of_misses_has_no_median() -> None:
    """Only seeds 0, 3, 6 and 9 got there: never, and of twelve the third, seed 6, is the lower bound."""
    run = sample()
    treemap = run.cells[1]
    treemap.seed_trainings = [
        msgspec.structs.replace(one, ending="missed" if one.seed % 3 else "reached") for one in treemap.seed_trainings
    ]
    line = next(line for line in seeds.exhibit(report([run])).data if line[1] == "treemap")
    assert line[8].startswith("never [522–never]")


def test_the_way_to_the_first_step_is_told_in_phases() -> None:
    """Medians 2.5 % above 0.77 s until compiling and 0.12 s of it (a fifth from disk), and a first step of 20 ms."""
    shown = starts.exhibit(report([sample()]))
    assert "flax_optax on xor, cpu: 932 ms cold, 834 ms from disk, of which 195 ms own imports" in shown.finding
    assert len(shown.data) == 6
    assert shown.data[0][3:5] == ["cold", "6"]
    assert shown.data[1][3:5] == ["from disk, 36 found", "6"]


def test_nothing_from_disk_is_not_shown_as_if() -> None:
    """A backend that keeps no programs leaves the cold starts alone."""
    run = sample()
    for cell in run.cells:
        cell.starts = [msgspec.structs.replace(start, hits=0) for start in cell.starts]
    assert [line[3] for line in starts.exhibit(report([run])).data] == ["cold"] * 3


def test_total_time_says_who_is_ahead_of_whom() -> None:
    """The sample's treemap compiles and steps faster than both others, and flax_optax than naive."""
    shown = totals.exhibit(report([sample()]))
    assert shown.finding.startswith("On xor · cpu: treemap is ahead of naive and flax_optax from the first step; ")
    assert "flax_optax is ahead of naive from the first step" in shown.finding
    assert len(shown.data) == 3


def test_a_crossing_has_its_step_in_words_and_data() -> None:
    """A trainer that compiles 0.9 s longer and saves a microsecond per step is ahead late."""
    run = sample()
    naive, treemap = run.cells[:2]
    naive.outcome = treemap.outcome
    naive.blocks = [msgspec.structs.replace(block, seconds=block.seconds * 12 / 13) for block in treemap.blocks]
    naive.compiles = [msgspec.structs.replace(one, backend_s=one.backend_s + 0.9) for one in treemap.compiles]
    line = next(line for line in totals.exhibit(report([run])).data if line[1:3] == ["naive", "treemap"])
    assert float(line[3].split()[1].replace(",", "")) == pytest.approx(900_000, rel=0.02)
    assert line[4].startswith("[")


def test_a_run_without_seeds_and_starts_has_no_such_figures() -> None:
    """Absent, not empty; total time needs no more than compiles and blocks."""
    keys = [exhibit.key for exhibit in exhibits(report([sample_run()]))]
    assert "totals" in keys
    assert not {"seeds", "starts"} & set(keys)
