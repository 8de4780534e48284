"""pytest is the face: the usual pytest-benchmark options work on what the instrument has measured."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.analysis import learning
from triptych.benches.record import files
from triptych.benches.record.run import Outcome, Run

ROOT = Path(__file__).resolve().parents[3]
Saved = tuple[subprocess.CompletedProcess[str], Path]

ONE_CELL, TWO_CELLS = (
    (f"--trainer={trainers}", "--workload=xor", "--device=cpu") for trainers in ("treemap", "treemap,flax_optax")
)


def run_pytest(*arguments: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in the checkout, as a user would, and gives what it printed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=folder, env=own | environment, capture_output=True, text=True, check=False)


def run_by_hand(folder: Path, run: Run, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same with a record made by hand in place of the instrument; writes into `latest` of the folder."""
    files.write(run, folder / "by_hand.json")
    trainers = ",".join(cell.cell.trainer for cell in run.cells)
    options = (f"--trainer={trainers}", "--workload=xor", "--device=cpu", f"--output={folder / 'latest'}")
    plugin = ("-p", "tests.by_hand", "--benchmark-only")
    environment["TRIPTYCH_BY_HAND"] = str(folder / "by_hand.json")
    return run_pytest(*plugin, *options, *arguments, folder=ROOT, **environment)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """A quick run of two trainers with everything saved that can be, and its folder; in a shell that sets numerics."""
    folder = tmp_path_factory.mktemp("saved")
    done = run_pytest(
        "--benchmark-only", "--quick", "--seed=3", *TWO_CELLS, f"--output={folder / 'latest'}",
        "--seeds=3", "--start-up",
        f"--benchmark-json={folder / 'benchmark.json'}", f"--benchmark-storage={folder / 'storage'}",
        "--benchmark-save=base", "--benchmark-save-data",
        JAX_ENABLE_X64="1", JAX_DISABLE_JIT="1",
    )  # fmt: skip
    return done, folder


def test_a_run_passes_and_says_where_everything_is(saved: Saved) -> None:
    """Six benchmarks pass, trainers side by side in one group, and result and page are named."""
    done, folder = saved
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    assert "benchmark 'seconds per step: xor on cpu': 2 tests" in done.stdout
    assert f"wrote {folder / 'latest' / 'index.html'}" in done.stdout
    assert (folder / "latest" / "index.html").stat().st_size > 10_000
    assert (folder / "latest" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_no_progress_bar_without_a_terminal(saved: Saved) -> None:
    """What is piped into a log has no control characters."""
    done, _ = saved
    assert "\x1b" not in done.stdout + done.stderr


def test_replayed_samples_are_the_recorded_ones(saved: Saved) -> None:
    """pytest-benchmark's data are the record's seconds per step to the last bit, so OPS is steps per second."""
    _, folder = saved
    benchmarks = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))["benchmarks"]
    run = files.read(folder / "latest" / "result.json")
    for cell in run.cells:
        shown = next(b for b in benchmarks if b["name"] == f"bench_step[{cell.cell.id}]")
        assert shown["stats"]["data"] == [block.step_s for block in cell.counted_blocks]
        assert shown["stats"]["ops"] == pytest.approx(1 / shown["stats"]["mean"])
        assert shown["extra_info"]["final_loss"] == cell.trainings[-1].final_loss


def test_pytest_benchmarks_own_file_holds_the_run(saved: Saved) -> None:
    """The same run is read from pytest-benchmark's JSON as from ours."""
    _, folder = saved
    ours, theirs = files.read(folder / "latest" / "result.json"), files.read(folder / "benchmark.json")
    assert ours.cells == theirs.cells
    assert ours.settings.seed == 3
    assert ours.arms == theirs.arms


def test_seeds_and_starts_are_in_the_record_and_on_the_page(saved: Saved) -> None:
    """As asked: three seeds of each cell with equal steps, and a start of each kind of each trainer."""
    _, folder = saved
    run = files.read(folder / "latest" / "result.json")
    assert [[one.seed for one in cell.seed_trainings] for cell in run.cells] == [[0, 1, 2]] * 2
    assert all(learning.seed_parity(run, cell, run.cells[0]).holds for cell in run.cells)
    assert [sorted(start.cache for start in cell.starts) for cell in run.cells] == [["cold", "hit"]] * 2
    assert all(start.hits > 0 for cell in run.cells for start in cell.starts if start.cache == "hit")
    page = (folder / "latest" / "index.html").read_text(encoding="utf-8")
    assert 'id="figure-seeds"' in page
    assert 'id="figure-starts"' in page


def test_a_negative_number_of_seeds_is_refused() -> None:
    """With a sentence, before anything is measured."""
    done = run_pytest("--benchmark-only", "--seeds=-1")
    assert done.returncode == 4
    assert "--seeds is -1; expected 1 or more" in done.stderr


def test_a_saved_run_can_be_compared_with(saved: Saved, tmp_path: Path) -> None:
    """--benchmark-compare finds the earlier benchmarks under their ids."""
    done = run_by_hand(
        tmp_path, run_of(*(cell_record(name, {0: [1e-5, 2e-5]}) for name in ("treemap", "flax_optax"))),
        f"--benchmark-storage={saved[1] / 'storage'}", "--benchmark-compare=0001",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(NOW)" in done.stdout
    assert "(0001_base)" in done.stdout


def test_disabled_benchmarks_run_once_and_replace_nothing(tmp_path: Path) -> None:
    """--benchmark-disable checks that everything works, prints no table, and says that it keeps no result."""
    (tmp_path / "result.json").write_text("a measurement")
    done = run_pytest("benches", "--benchmark-disable", *ONE_CELL, f"--output={tmp_path}", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seconds per step: xor" not in done.stdout
    assert "(1 restart, 6 needed)" in done.stdout
    assert "\nwrote nothing: with --benchmark-disable benchmarks are only seen to run\n" in done.stdout
    assert (tmp_path / "result.json").read_text(encoding="utf-8") == "a measurement"
    assert list(tmp_path.iterdir()) == [tmp_path / "result.json"]


def test_a_failed_cell_fails_its_benchmarks_and_a_cut_training_is_skipped(tmp_path: Path) -> None:
    """The exit code is 1, the reason is printed, and the other cells have passed."""
    cut, failed = cell_record("naive", {0: [1e-2, 2e-2]}), cell_record("treemap", {0: [1e-5, 2e-5]})
    cut.outcome = Outcome("over_budget", "came to step 93 of 2,000 in 1.5 s; the rest would take 31 s", 93, 31.0)
    cut.trainings = [msgspec.structs.replace(cut.trainings[0], steps_done=93, final_loss=None)]
    failed.outcome, failed.blocks, failed.trainings = Outcome("raised", "ValueError: no such luck"), [], []
    done = run_by_hand(tmp_path, run_of(cut, failed), "-rs")
    assert done.returncode == 1
    assert "raised: ValueError: no such luck" in done.stdout
    assert re.search("= 3 failed, 2 passed, 1 skipped in [^,]* =", done.stdout), "no warning"
    assert "of 2,000 in" in done.stdout
    assert (tmp_path / "latest" / "index.html").is_file()


def test_lost_parity_fails_the_run(tmp_path: Path) -> None:
    """Every benchmark passes, and yet the session does not: a trainer computed something else."""
    cells = [cell_record("treemap", {0: [1e-5, 2e-5]}), cell_record("flax_optax", {0: [1e-5, 2e-5]}, losses=(0.7, 0.2))]
    done = run_by_hand(tmp_path, run_of(*cells))
    assert done.returncode == 1
    assert "6 passed" in done.stdout
    assert "Parity was lost: xor-flax_optax-cpu-step, losses differ at step 50" in done.stdout


def test_a_page_that_cannot_be_written_fails_the_run(tmp_path: Path) -> None:
    """Something stands where the page should be; the result is there, the exit code is 1."""
    (tmp_path / "latest" / "index.html" / "occupied").mkdir(parents=True)
    done = run_by_hand(tmp_path, run_of(cell_record("treemap", {0: [1e-5, 2e-5]})))
    assert done.returncode == 1
    assert "No page was written: " in done.stdout
    assert files.read(tmp_path / "latest" / "result.json").status == "complete"


def test_a_run_told_to_end_leaves_a_page_and_no_passing_folder(tmp_path: Path) -> None:
    """SIGTERM, which by itself would end the process on the spot, ends it as Ctrl-C does, with its own exit code."""
    (tmp_path / "tmp").mkdir()
    told = {"TRIPTYCH_SIGNAL": str(int(signal.SIGTERM)), "TMPDIR": str(tmp_path / "tmp")}
    done = run_by_hand(tmp_path, run_of(cell_record("treemap", {0: [1e-5, 2e-5]})), **told)
    assert done.returncode == 143
    assert "the run was told to end (SIGTERM)" in done.stdout
    assert (tmp_path / "latest" / "index.html").is_file()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_numerics_of_the_shell_do_not_reach_the_workers(saved: Saved) -> None:
    """With float64 and without jit in the environment a step is what it always is."""
    cells = files.read(saved[1] / "latest" / "result.json").cells
    assert [cell.compiles[0].programs for cell in cells] == [1, 1]
    assert cells[0].trainings[0].final_loss == pytest.approx(0.0193075, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "folder"), [((), "tests"), (("--benchmark-only",), "benches"), (("benches",), "benches")]
)
def test_what_a_bare_pytest_collects(arguments: tuple[str, ...], folder: str) -> None:
    """Without --benchmark-only the tests, with it the benchmarks, never both; a folder that is named is collected."""
    done = run_pytest("--collect-only", "-q", "--ignore-glob=tests/*/*", *arguments)  # which take longer to import
    assert {line.partition("/")[0] for line in done.stdout.splitlines() if "::" in line} == {folder}


def test_tests_that_are_no_benchmarks_are_refused_beside_benchmark_only() -> None:
    """They would be skipped one by one, as if all were well."""
    done = run_pytest("tests/impls/test_task.py", "--benchmark-only", "-p", "no:cacheprovider")
    assert done.returncode == 4
    assert "tests here is a benchmark; leave the path out, or name one" in done.stderr


def test_benchmark_only_measures_from_any_folder_of_the_checkout() -> None:
    """From tests/ too, where it would find tests alone."""
    done = run_pytest("--collect-only", "-q", "--benchmark-only", *ONE_CELL, folder=ROOT / "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bench_step.py::bench_step[xor-treemap-cpu-step]" in done.stdout


def test_benchmarks_in_several_processes_are_refused(tmp_path: Path) -> None:
    """With a sentence, before anything is measured."""
    done = run_pytest("-n", "2", "benches", *ONE_CELL, f"--output={tmp_path / 'out'}")
    assert done.returncode == 4
    assert "pytest-xdist (-n, --dist) would measure in several processes at once" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_spec("pygal") is not None, reason="pygal is installed")
def test_a_histogram_that_cannot_be_drawn_is_refused_before_measuring(tmp_path: Path) -> None:
    """And not after everything was measured."""
    done = run_pytest("--benchmark-only", "--benchmark-histogram", *ONE_CELL, f"--output={tmp_path / 'out'}")
    assert done.returncode == 4
    assert "--benchmark-histogram needs pygal: pip install pygal pygaljs, or leave it out" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        (("--ignore-glob=tests/*/*",), 0),
        (("--ignore-glob=tests/*/*", "-m", "processes"), 1),
        (("tests/test_installation.py",), 1),
    ],
    ids=["bare", "asked for", "named"],
)
def test_a_tier_is_run_where_it_is_asked_for_or_named(arguments: tuple[str, ...], times: int) -> None:
    """What takes long is left out of a bare `pytest`, and of nothing else."""
    done = run_pytest("--collect-only", "-q", *arguments)
    assert done.stdout.count("tests/test_installation.py::test_one_name_is_installed") == times
