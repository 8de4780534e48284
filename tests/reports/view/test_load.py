"""Result files come singly, several together, compressed, or as a folder of history."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reports.sample_run import sample_run
from triptych.benches.record.files import RecordError, write
from triptych.reports.view.load import load

ROOT = Path(__file__).parents[3]


def test_files_in_the_order_given_and_folders_by_time(tmp_path: Path) -> None:
    """A folder is a history, whatever its files are called."""
    for name, created in (("b.json", "2026-01-01"), ("a.json", "2026-02-01")):
        run = sample_run(workloads=("xor",))
        run.created = created
        write(run, tmp_path / name)
    assert [run.created for run in load([tmp_path / "a.json", tmp_path / "b.json"])] == ["2026-02-01", "2026-01-01"]
    assert [run.created for run in load([tmp_path])] == ["2026-01-01", "2026-02-01"]


def test_compressed_files_are_read(tmp_path: Path) -> None:
    """As the page's download link saves them."""
    run = sample_run(workloads=("xor",))
    write(run, tmp_path / "plain.json")
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress((tmp_path / "plain.json").read_bytes()))
    assert load([tmp_path / "packed.json.gz"]) == [run]


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    """A folder without results, a file that is not compressed, one cut short, one that is missing."""
    with pytest.raises(RecordError, match=r"holds no \.json file"):
        load([tmp_path])
    whole = gzip.compress(b"{}" * 1000)
    for name, content in (("a.json.gz", b"no"), ("b.json.gz", whole[:-9]), ("c.json.gz", whole)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordError, match=name):
            load([tmp_path / name])
    with pytest.raises(RecordError, match="cannot be read"):
        load([tmp_path / "absent.json"])


def test_reading_and_wording_cost_no_plots() -> None:
    """A Markdown report needs neither matplotlib nor pandas."""
    code = "import sys, triptych.reports.view.load, reports.text, triptych.reports.page.terminal\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"matplotlib", "pandas", "jinja2", "jax"} & set(done.stdout.split())
