"""Workers disturb nobody while they idle, and nothing of them is left, whoever dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import restless

from triptych.benches.arms.arm import cpus_of, platform_arm
from triptych.benches.arms.process import Worker, WorkerLost, Workers
from triptych.benches.record.run import Cell
from triptych.benches.worker import messages
from triptych.benches.workloads.published import WORKLOADS, save

FILE = Path(restless.__file__)
NAMES = ("Child", *(pytest.param(name, marks=pytest.mark.processes) for name in ("Thread", "Daemon", "Sleepers")))
PATIENCE_S = 60.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are Linux's")


def spec(name: str, folder: Path) -> messages.Spec:
    return messages.Spec(Cell("xor", name, "cpu"), f"{FILE}:{name}", str(save(WORKLOADS["xor"], folder)))


def below(pid: int) -> list[psutil.Process]:
    """A process's descendants but those that are dead already."""
    found = psutil.Process(pid).children(recursive=True)
    return [one for one in found if one.status() != psutil.STATUS_ZOMBIE]


def states(pid: int) -> dict[int, str]:
    return {one.pid: one.status() for one in below(pid)}


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_trainer_has_started_rests_and_ends_with_its_worker(name: str, tmp_path: Path) -> None:
    """Between two requests every process below the forkserver but itself is stopped; after the end none is there."""
    with Workers() as workers:
        worker = workers.start(platform_arm("cpu", cpus_of(None)))
        server = next(one for one in psutil.Process().children() if "benches.worker" in " ".join(one.cmdline()))
        assert isinstance(worker.ask(messages.Compile(spec(name, tmp_path), 0), PATIENCE_S), messages.Compiled)
        wait_until(lambda: set(states(server.pid).values()) == {psutil.STATUS_STOPPED})
        before = sum(one.cpu_times().user for one in below(server.pid))
        time.sleep(0.3)
        assert sum(one.cpu_times().user for one in below(server.pid)) == before
        assert isinstance(worker.ask(messages.Count(), PATIENCE_S), messages.Counted)
        worker.end()
        assert below(server.pid) == []
    assert not server.is_running()


@pytest.mark.parametrize("name", NAMES)
def test_a_parent_that_is_killed_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Its workers are stopped at that moment and cannot see it die; the forkserver does."""
    code = f"""
import time
from triptych.benches.arms.arm import platform_arm
from triptych.benches.arms.process import Workers
from triptych.benches.record.run import Cell
from triptych.benches.worker import messages
with Workers() as workers:
    worker = workers.start(platform_arm("cpu"))
    worker.ask(messages.Compile(messages.{spec(name, tmp_path)}, 0), 60)
    print("ready", flush=True)
    time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    left = below(parent.pid)
    assert len(left) >= 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert psutil.wait_procs(left, timeout=PATIENCE_S)[1] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_forkserver_that_is_killed_takes_its_workers_along(name: str, tmp_path: Path) -> None:
    """The worker is lost, a new forkserver makes the next one, and nothing of either is left."""
    arm = platform_arm("cpu")
    with Workers() as workers:
        worker = workers.start(arm)
        [server] = [one for one in psutil.Process().children() if "benches.worker" in " ".join(one.cmdline())]
        assert isinstance(worker.ask(messages.Compile(spec(name, tmp_path), 0), PATIENCE_S), messages.Compiled)
        left = below(server.pid)
        server.kill()
        with pytest.raises(WorkerLost):
            worker.ask(messages.Count(), PATIENCE_S)
        assert psutil.wait_procs(left, timeout=PATIENCE_S)[1] == []
        with workers.start(arm) as another:
            assert isinstance(another.ask(messages.Describe(), PATIENCE_S), messages.Described)


def test_the_death_of_a_worker_is_seen_though_its_children_hold_its_socket(tmp_path: Path) -> None:
    """Copies of it have the same files open, so no end of file tells."""
    with Workers() as workers, workers.start(platform_arm("cpu")) as worker:
        assert isinstance(worker.ask(messages.Compile(spec("Forker", tmp_path), 0), PATIENCE_S), messages.Compiled)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerLost, match="signal SIGKILL"):
            worker.ask(messages.Count(), PATIENCE_S)


def test_a_worker_that_was_ended_says_so() -> None:
    """Asked again, it is lost, not stuck."""
    with Workers() as workers:
        worker: Worker = workers.start(platform_arm("cpu"))
        worker.end()
        with pytest.raises(WorkerLost, match="ended already"):
            worker.ask(messages.Describe(), PATIENCE_S)
