"""The tidy table: a row per value, every value of the record, nothing that is not there."""

from collections import Counter
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from runs import cell_record, run_of

from tests.reports.sample_run import sample_run
from triptych.benches.record.files import write
from triptych.benches.record.run import Run
from triptych.reports.view import frame
from triptych.reports.view.report import Report


@pytest.fixture(scope="module")
def table(run: Run) -> pd.DataFrame:
    """Of the sample."""
    return frame(run)


def test_a_row_per_block(run: Run, table: pd.DataFrame) -> None:
    """In the order of the record, in full precision, with its place in the run."""
    steps = table[table["metric"] == "step_s"]
    blocks = [block for record in run.cells for block in record.blocks]
    assert steps["value"].tolist() == [block.step_s for block in blocks]
    assert steps["position"].tolist() == [block.position for block in blocks]
    assert set(steps["unit"]) == {"s"}


def test_a_row_per_phase_training_seed_start_and_count(run: Run, table: pd.DataFrame) -> None:
    """As many as the record has; none where it has none."""
    rows = Counter(table["metric"].tolist())
    compiles = sum(len(record.compiles) for record in run.cells)
    for phase in ("trace_s", "lower_s", "backend_s", "first_call_s", "compile_s", "programs"):
        assert rows[phase] == compiles
    trainings = sum(len(record.trainings) for record in run.cells)
    assert {rows[name] for name in ("train_s", "final_loss", "held_out_loss", "accuracy")} == {trainings}
    assert rows["to_target_s"] == sum(len(record.seed_trainings) for record in run.cells)
    assert rows["cold_start_jax_s"] == sum(one.cache == "cold" for record in run.cells for one in record.starts)
    assert rows["jaxpr_equations"] == len(run.cells)
    assert "to_target_s" not in set(frame(sample_run())["metric"])


def test_a_row_per_tail_and_long_step(run: Run, table: pd.DataFrame) -> None:
    """Each long step with its number and its cause."""
    tails = [tail for record in run.cells for tail in record.tails]
    assert table[table["metric"] == "tail_median_s"]["value"].tolist() == [tail.median_s for tail in tails]
    long = table[table["metric"] == "tail_longest_s"]
    kept = [one for tail in tails for one in tail.longest]
    assert list(zip(long["position"], long["value"], long["cause"], strict=True)) == [
        (one.step, one.seconds, one.cause) for one in kept
    ]
    assert set(table[table["metric"].str.startswith("tail")]["unit"]) == {"s"}


def test_estimates_are_the_pages(view: Report, table: pd.DataFrame) -> None:
    """Ratio and speed of every cell, with their intervals."""
    for row in view.rows:
        mine = table[(table["workload"] == row.place.workload) & (table["trainer"] == row.trainer)]
        found = mine.set_index("metric")["value"]
        for name, estimate in (("step_s", row.step_s), ("time_ratio", row.ratio.time)):
            assert estimate
            assert [found[f"{name}_{end}"] for end in ("estimate", "low", "high")] == list(estimate[:3])


def test_what_does_not_count_says_why() -> None:
    """A void block, a cell that ended early, a ratio that cannot be given."""
    run = run_of(cell_record("naive", {0: [1e-3] * 2}, losses=(0.7, 0.3)), cell_record("treemap", {0: [1e-3] * 2}))
    run.cells[0].blocks[0] = msgspec.structs.replace(run.cells[0].blocks[0], void="a compile")
    table = frame([run])
    found = table[table["trainer"] == "naive"].set_index("metric")
    assert found.loc["step_s", "void"].tolist() == ["a compile", ""]
    assert "losses differ at step 50" in str(found.loc["time_ratio_estimate", "void"])
    assert pd.isna(found.loc["time_ratio_estimate", "value"])
    ended = frame(sample_run()).query("metric == 'finished' and value == 0")
    assert ended["void"].tolist() == ["over_budget: came to step 93 of 900 in 12.0 s; the rest would take 104 s"]


def test_files_folders_and_runs_are_taken(tmp_path: Path) -> None:
    """Each run has its letter and its own facts."""
    for name in ("a", "b"):
        write(sample_run(workloads=("xor",)), tmp_path / f"{name}.json")
    table = frame([tmp_path, str(tmp_path / "a.json"), sample_run(workloads=("xor",))])
    rows = Counter(table["run"].tolist())
    assert (list(rows), len(set(rows.values()))) == (["A", "B", "C", "D"], 1)
    assert set(table["cpu_model"]) == {"AMD EPYC 7B13"}
    pd.testing.assert_frame_equal(frame(tmp_path / "a.json"), frame(sample_run(workloads=("xor",))))
