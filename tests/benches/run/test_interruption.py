"""A run that is stopped half-way leaves a readable file and no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from triptych.benches.record import files

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0


Running = tuple[subprocess.Popen[bytes], bool, Path]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A benchmark run of many restarts under way, its workers, and its result file; whatever happens, it is ended."""
    options = ["--trainer=treemap,flax_optax", "--workload=xor", "--device=cpu", "--restarts=99"]
    command = [sys.executable, "-m", "pytest", "--benchmark-only", *options, f"--output={tmp_path}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & has it ignored, by children too
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield process, half_way(tmp_path / "result.json"), tmp_path / "result.json"
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def half_way(path: Path) -> bool:
    """Waits until a cell has a block."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if path.is_file() and any(cell.blocks for cell in files.read(path).cells):
            return True
        time.sleep(0.1)
    return False


def workers_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(signal.SIGINT, id="ctrl-c"),
        pytest.param(signal.SIGTERM, id="term", marks=pytest.mark.processes),
        pytest.param(signal.SIGKILL, id="kill", marks=pytest.mark.processes),
    ],
)
def test_a_stopped_run_leaves_a_readable_file_and_no_worker(running: Running, sent: signal.Signals) -> None:
    """The file holds what was measured, and every worker ends with its parent."""
    process, has_begun, path = running
    assert has_begun
    workers = workers_of(process)
    assert workers
    process.send_signal(sent)
    process.communicate(timeout=PATIENCE_S)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
    assert alive == []
    run = files.read(path)
    assert any(cell.blocks for cell in run.cells)
    assert run.status == "incomplete"
    assert [file.name for file in path.parent.iterdir() if file.suffix == ".tmp"] == []
