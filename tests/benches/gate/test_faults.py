"""A gate whose workers are killed or which is stopped itself, at random moments: never a wrong alarm, nothing left.

`TRIPTYCH_KILLS=20 python -m pytest tests/benches/gate/test_faults.py` kills twenty workers instead of two, two in each
gate: a third one of the same arm could rightly be taken for the trainer's own fault.
"""

import os
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from histories import GENEROUS, PATIENCE_S, TREEMAP, Contents, answer, commit, everything_in, repository, start_gate

KILLS = int(os.environ.get("TRIPTYCH_KILLS", "2"))

KILLS_PER_GATE = 2

QUESTION = ("--trainer=my_trainer.py:Trainer", "--base=HEAD~1", "--restarts=3")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A repository in which nothing that matters was changed."""
    files: Contents = {"my_trainer.py": TREEMAP, "pyproject.toml": GENEROUS}
    repo = repository(tmp_path / "repo", files)
    commit(repo, {"my_trainer.py": f"{TREEMAP}\n# one more line\n"})
    return repo


def processes(aside: Path) -> list[psutil.Process]:
    """Every process that was started with this gate's folder for temporary files, orphans included."""
    return [process for process in psutil.process_iter() if belongs(process, str(aside / "tmp"))]


def belongs(process: psutil.Process, folder: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("TMPDIR") == folder
    except psutil.Error:
        return False


def workers(gate: subprocess.Popen[str]) -> list[psutil.Process]:
    """The grandchildren that run the instrument, of forkservers, seen while they come and go."""
    found: list[psutil.Process] = []
    for server in psutil.Process(gate.pid).children():
        with suppress(psutil.Error):
            found += [one for one in server.children() if "triptych.benches.worker" in one.cmdline()]
    return found


def wait_for_worker(gate: subprocess.Popen[str]) -> list[psutil.Process]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and gate.poll() is None:
        if found := workers(gate):
            return found
        time.sleep(0.02)
    return []


def wait_until_measuring(gate: subprocess.Popen[str], aside: Path) -> None:
    """Until the first thing measured is in the file: the surveys, whose loss ends a gate, are over."""
    deadline = time.monotonic() + PATIENCE_S
    while not (aside / "gate" / "result.json").exists() and time.monotonic() < deadline and gate.poll() is None:
        time.sleep(0.02)


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(-(-KILLS // KILLS_PER_GATE)))
def test_killed_workers_raise_no_alarm_and_leave_nothing(repo: Path, tmp_path: Path, seed: int) -> None:
    """Nothing was changed, so nothing is regressed; the restarts they cost are made up for and told of."""
    chance = random.Random(seed)
    aside = tmp_path / "aside"
    before = everything_in(repo)
    gate = start_gate(repo, aside, *QUESTION)
    wait_until_measuring(gate, aside)
    killed = 0
    for _ in range(KILLS_PER_GATE):
        time.sleep(chance.uniform(0, 2))
        if found := wait_for_worker(gate):
            chance.choice(found).kill()
            killed += 1
    said = answer(gate, aside)
    assert killed == KILLS_PER_GATE
    assert "regressed" not in said.verdicts.values(), said
    assert said.code in (0, 3), said
    assert "Traceback" not in said.complained
    assert re.search("restarts? lost a worker and do(es)? not count", said.printed)
    assert processes(aside) == []
    assert list((aside / "tmp").iterdir()) == []
    assert everything_in(repo) == before


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="ctrl-c"),
        pytest.param(signal.SIGTERM, 143, id="term", marks=pytest.mark.processes),
    ],
)
def test_a_stopped_gate_leaves_nothing(repo: Path, tmp_path: Path, sent: signal.Signals, code: int) -> None:
    """At a random moment of its work, sent twice as an impatient person would: no process, no copy, no change."""
    aside = tmp_path / "aside"
    before = everything_in(repo)
    gate = start_gate(repo, aside, *QUESTION)
    assert wait_for_worker(gate)
    time.sleep(random.Random(os.getpid()).uniform(0, 6))
    gate.send_signal(sent)
    gate.send_signal(sent)
    said = answer(gate, aside)
    assert said.code == code, said
    assert "Traceback" not in said.complained
    assert processes(aside) == []
    assert list((aside / "tmp").iterdir()) == []
    assert everything_in(repo) == before


@pytest.mark.processes
def test_the_workers_of_a_killed_gate_end_by_themselves(repo: Path, tmp_path: Path) -> None:
    """Nobody can clean up its copies then; they lie in the folder for temporary files, and the repository is whole."""
    aside = tmp_path / "aside"
    before = everything_in(repo)
    gate = start_gate(repo, aside, *QUESTION)
    assert wait_for_worker(gate)
    gate.kill()
    gate.communicate(timeout=PATIENCE_S)
    psutil.wait_procs(processes(aside), timeout=PATIENCE_S)
    assert processes(aside) == []
    assert [path.name.startswith("triptych-gate-") for path in (aside / "tmp").iterdir()] == [True]
    assert everything_in(repo) == before
