"""A result file is read back as it was written, and anything else is refused with a sentence."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from runs import cell_record, run_of

from triptych.benches.record import files
from triptych.benches.record.files import RecordError, make_folder, scratch
from triptych.benches.record.run import Point, Run, SeedTraining, Start

ROOT = Path(__file__).resolve().parents[3]


def another(does: str) -> subprocess.Popen[str]:
    """Another process, which has done something with `files` and now lives on until it is killed."""
    code = f"import time; from pathlib import Path; from triptych.benches.record import files\n{does}\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-uc", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


@pytest.fixture
def run() -> Run:
    """A run of two cells."""
    run = run_of(cell_record("naive", {0: [2.0]}), cell_record("treemap", {0: [1.0]}))
    run.cells[1].seed_trainings = [SeedTraining(3, 0, "missed", 100, 1.5, [Point(0, 0.0, 0.7)], diverged_at=7)]
    run.cells[1].starts = [Start(0, "hit", 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1, 12)]
    return run


def test_round_trip(run: Run, tmp_path: Path) -> None:
    """What is written is what is read."""
    files.write(run, tmp_path / "result.json")
    assert files.read(tmp_path / "result.json") == run


def test_a_pytest_benchmark_file_is_read_by_its_triptych_key(run: Run) -> None:
    """Other keys beside ours are somebody else's."""
    text = json.dumps({"machine_info": {}, "benchmarks": [], "triptych": files.to_builtins(run)})
    assert files.decode(text.encode(), "file") == run


def test_a_file_from_before_seeds_and_starts_still_reads(run: Run) -> None:
    """What was not measured then is absent."""
    old = files.to_builtins(run)
    for cell in old["cells"]:
        del cell["seed_trainings"], cell["starts"]
    for name in ("seeds", "start_up"):
        del old["settings"][name]
    read = files.decode(json.dumps({"triptych": old}).encode(), "file")
    assert [(cell.seed_trainings, cell.starts) for cell in read.cells] == [([], [])] * 2
    assert (read.settings.seeds, read.settings.start_up) == (0, False)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(run: Run, tmp_path: Path) -> None:
    """The file is replaced whole or not at all."""
    path = tmp_path / "result.json"
    files.write(run, path)
    run.cells[0].blocks.append(object())  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        files.write(run, path)
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]
    assert len(files.read(path).cells[0].blocks) == 1


def spoiled(run: Run, **changes: object) -> bytes:
    return json.dumps({"triptych": files.to_builtins(run) | changes}).encode()


def test_refusals(run: Run) -> None:
    """Each bad file gets its own sentence: what was got, what was expected, what to do."""
    whole = spoiled(run)
    nan = whole.replace(b'"duration_s": 0.0', b'"duration_s": NaN')
    negative = whole.replace(b'"duration_s": 0.0', b'"duration_s": -1.0')
    huge = whole.replace(b'"duration_s": 0.0', b'"duration_s": 1e999')
    cases = {
        b"": "is not JSON, or was cut short",
        whole[: len(whole) // 2]: "is not JSON, or was cut short",
        b'{"benchmarks": []}': "holds no triptych run",
        b"[]": "holds no triptych run",
        b'{"triptych": {"schema": "1"}}': "holds no triptych run",
        spoiled(run, schema=0): "has schema 0, older than the 2 read here; measure again",
        spoiled(run, schema=99): "has schema 99, newer than the 2 read here; upgrade triptych",
        spoiled(run, cells=[{}]): "is not a valid record: Object missing required field `cell`",
        spoiled(run, status="fine"): "is not a valid record: Invalid enum value 'fine'",
        negative: "is not a valid record: Expected `float` >= 0",
        nan: "is not JSON, or was cut short",
        huge: "is not",
        spoiled(run, arms=[]): "has a cell of arm 'cpu' and workload 'xor', but does not define both",
        spoiled(run, cells=files.to_builtins(run)["cells"] * 2): "holds cell xor-naive-cpu-step of arm cpu twice",
    }
    for text, sentence in cases.items():
        with pytest.raises(RecordError) as refusal:
            files.decode(text, "file.json")
        assert str(refusal.value).startswith("file.json ")
        assert sentence in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The sentence names the file and the system's reason."""
    with pytest.raises(RecordError, match=r"absent\.json cannot be read \(No such file or directory\)"):
        files.read(tmp_path / "absent.json")


def test_hostile_content_is_refused(run: Run) -> None:
    """Nesting beyond reason, bytes that are no text, a block without duration, two blocks in one round."""
    whole = files.to_builtins(run)
    block = whole["cells"][0]["blocks"][0]

    def with_blocks(*blocks: object) -> bytes:
        return spoiled(run, cells=[whole["cells"][0] | {"blocks": blocks}])

    cases = {
        b'{"triptych": {"schema": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}": "file.json is not",
        spoiled(run).replace(b"by hand", b"by \xff hand"): "file.json is not",
        with_blocks(block | {"seconds": 0.0}): "Expected `float` >= 1e-12",
        with_blocks(block | {"seconds": 1e308}): "Expected `float` < 1000000000.0",
        with_blocks(block, block): "counts two blocks of cell xor-naive-cpu-step",
    }
    for text, sentence in cases.items():
        with pytest.raises(RecordError) as refusal:
            files.decode(text, "file.json")
        assert sentence in str(refusal.value)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    """A named pipe would be waited on for ever."""
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", tmp_path):
        with pytest.raises(RecordError, match="is not a regular file"):
            files.read(path)


def test_a_folder_is_one_runs_until_it_ends(tmp_path: Path) -> None:
    """A second process is refused, and no longer once the first is killed."""
    with another(f"files.make_folder(Path({str(tmp_path)!r})); print('made')") as other:
        with pytest.raises(
            BlockingIOError, match=f"another run writes to {tmp_path}; wait for its end, or give another"
        ):
            make_folder(tmp_path)
        other.kill()
    make_folder(tmp_path)
    make_folder(tmp_path)


def test_passing_folders_of_killed_processes_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of the living, and nothing that anybody else calls so, results among it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make_folder(tmp_path / "triptych-results")
    with another(f"files.tempfile.tempdir = {str(tmp_path)!r}; a = files.scratch('a'); print(a.__enter__())") as other:
        with scratch("b") as folder, scratch("c"):
            assert len(list(tmp_path.glob("triptych-?-*"))) == 3
            assert folder.is_dir()
        other.kill()
    assert [path.name[:11] for path in tmp_path.glob("triptych-?-*")] == ["triptych-a-"]
    with scratch("d") as folder:
        assert set(tmp_path.iterdir()) == {folder, tmp_path / "triptych-results"}
