"""Workers as processes: where they run, when they run, how they end, and what ends with them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from triptych.benches.arms.arm import platform_arm
from triptych.benches.arms.process import START_TIMEOUT_S, Worker, WorkerLost, Workers
from triptych.benches.record.run import Cell
from triptych.benches.worker import messages
from triptych.benches.workloads.published import WORKLOADS, save

ROOT = Path(__file__).resolve().parents[3]

PATIENCE_S = 60.0

PROCESSES = (pytest.mark.processes,)

TREEMAP = "from triptych.impls.treemap.trainer import Trainer as Treemap\n"

SPAWNER = f"""import subprocess
{TREEMAP}

def Trainer(task):
    subprocess.Popen(["sleep", "601"])
    subprocess.Popen(["sleep", "602"], start_new_session=True)
    subprocess.run(["sh", "-c", "sleep 603 &"], start_new_session=True)
    return Treemap(task)
"""
"""Starts a child, one in a session of its own, and one that loses its parent at once."""

CLOSER = f"""import os
{TREEMAP}
os.close(0)
Trainer = Treemap
"""

SPIN = [sys.executable, "-c", "while True: pass"]

NEVER_REST = {
    "child": f"import subprocess; subprocess.Popen({SPIN}, start_new_session=True)",
    "thread": "import threading; threading.Thread(target=exec, args=('while True: pass',), daemon=True).start()",
    "daemon": f"import subprocess; subprocess.run(['sh', '-c', '{sys.executable} -c \"while True: pass\" &'])",
}
"""A child in a session of its own, a thread, and what has lost its parent, each computing for ever."""

FORKER = f"""import os, signal
{TREEMAP}

def Trainer(task):
    if os.fork() == 0:
        while True:
            signal.pause()
    return Treemap(task)
"""
"""Has a copy of itself, with its socket open."""

PARENT = """import sys
from pathlib import Path
from tests.benches.arms.test_process import compiled
from triptych.benches.arms.arm import platform_arm
from triptych.benches.arms.process import Workers

with Workers() as workers:
    worker = workers.start(platform_arm("cpu"))
    compiled(worker, Path(sys.argv[1]), sys.argv[2])
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Whatever is started is ended."""
    with Workers() as workers:
        yield workers


def compiled(worker: Worker, folder: Path, trainer: str, timeout_s: float = START_TIMEOUT_S) -> messages.Answer:
    """What a worker answers that is to hold a trainer of this text."""
    file = folder / "mine.py"
    file.write_text(trainer)
    spec = messages.Spec(Cell("xor", "mine", "cpu"), f"{file}:Trainer", str(save(WORKLOADS["xor"], folder)))
    worker.ask(messages.Hold(spec), timeout_s)
    return worker.ask(messages.Compile(0), timeout_s)


def below() -> list[psutil.Process]:
    """Everything that this process has started, dead or alive."""
    return psutil.Process().children(recursive=True)


def asleep() -> list[psutil.Process]:
    """What a `SPAWNER` has started."""
    return [process for process in below() if process.name() == "sleep"]


def comes_true(holds: Callable[[], bool]) -> bool:
    """Whether something holds before patience is at its end; a signal takes its time."""
    deadline = time.monotonic() + PATIENCE_S
    while not (now := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return now


def process_of(worker: Worker) -> psutil.Process:
    """The one below this process that has the worker's threads."""
    worker.ask(messages.Platforms(), START_TIMEOUT_S)
    [found] = [one for one in below() if one.pid in worker.thread_seconds()]
    return found


def is_stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has batch processes")
def test_every_thread_of_a_pinned_worker_stays_on_its_processor_and_pushes_none_away(workers: Workers) -> None:
    """All that XLA made before, seen from outside; until then it had every processor, as it has that is not pinned."""
    cpu, present = max(os.sched_getaffinity(0)), os.sched_getaffinity(0)
    for cpus, scheduled in (((cpu,), ({cpu}, os.SCHED_BATCH)), ((), (present, os.SCHED_OTHER))):
        with workers.start(platform_arm("cpu", cpus)) as worker:
            worker.ask(messages.Describe(), START_TIMEOUT_S)
            threads = [thread.id for thread in process_of(worker).threads()]
            assert {str(os.sched_getaffinity(one)) for one in threads} == {str(present)}
            worker.pin()
            places = [(os.sched_getaffinity(one), os.sched_getscheduler(one)) for one in threads]
        assert len(places) > 2
        assert set(map(str, places)) == {str(scheduled)}


def test_a_pinned_worker_is_described_as_that(workers: Workers) -> None:
    """And one that may use all processors as that, whoever was forked before it."""
    present = sorted(os.sched_getaffinity(0))
    for cpus, told in (((present[-1],), [present[-1]]), ((), present)):
        with workers.start(platform_arm("cpu", cpus)) as worker:
            worker.pin()
            answer = worker.ask(messages.Describe(), START_TIMEOUT_S)
        assert isinstance(answer, messages.Described)
        assert answer.fingerprint.affinity == told


def test_an_idle_worker_is_stopped_with_all_that_it_started(workers: Workers, tmp_path: Path) -> None:
    """Else a thread that spins would take the processor from who is timed; asked something, it goes on."""
    with workers.start(platform_arm("cpu")) as worker:
        assert isinstance(compiled(worker, tmp_path, SPAWNER), messages.Compiled)
        process = process_of(worker)
        assert len(asleep()) == 3
        assert comes_true(lambda: all(map(is_stopped, [process, *asleep()])))
        worker.send(messages.Prepare(prove=True, block_s=10.0))
        assert comes_true(lambda: not any(map(is_stopped, [process, *asleep()])))
        assert isinstance(worker.receive("Prepare", START_TIMEOUT_S), messages.Prepared)
        assert comes_true(lambda: all(map(is_stopped, [process, *asleep()])))


@pytest.mark.parametrize(
    "text", [pytest.param(NEVER_REST[name], id=name, marks=PROCESSES * (name != "child")) for name in NEVER_REST]
)
def test_what_never_rests_uses_no_processor_while_its_worker_idles(workers: Workers, tmp_path: Path, text: str) -> None:
    """It is stopped and the worker with it, though the worker is not known to have started it; asked, it goes on."""
    with workers.start(platform_arm("cpu")) as worker:
        assert isinstance(compiled(worker, tmp_path, f"{text}\n{TREEMAP}Trainer = Treemap\n"), messages.Compiled)
        family = psutil.Process(process_of(worker).ppid()).children(recursive=True)
        assert len(family) == (1 if "thread" in text else 2)
        assert comes_true(lambda: all(map(is_stopped, family)))
        before = [one.cpu_times()[:2] for one in family]
        time.sleep(0.3)
        assert [one.cpu_times()[:2] for one in family] == before
        assert isinstance(worker.ask(messages.Count(), START_TIMEOUT_S), messages.Counted)
        assert [one.cpu_times()[:2] for one in family] != before


@pytest.mark.parametrize("forked", [True, False])
def test_what_a_worker_has_started_ends_with_it(workers: Workers, tmp_path: Path, *, forked: bool) -> None:
    """Also what has left its group; what has lost its parent is known to a forkserver only."""
    with workers.start(replace(platform_arm("cpu"), forked=forked)) as worker:
        compiled(worker, tmp_path, SPAWNER if forked else SPAWNER.replace("sleep 603 &", ""))
        process, started = process_of(worker), asleep()
    assert len(started) == (3 if forked else 2)
    assert comes_true(lambda: all(map(is_gone, [process, *started])))


def test_one_worker_ends_and_its_neighbours_go_on(workers: Workers, tmp_path: Path) -> None:
    """Nor is what they have started ended."""
    arm = platform_arm("cpu")
    with workers.start(arm) as stays:
        compiled(stays, tmp_path, SPAWNER)
        with workers.start(arm) as goes:
            goes.ask(messages.Platforms(), START_TIMEOUT_S)
        assert isinstance(stays.ask(messages.Count(), START_TIMEOUT_S), messages.Counted)
        with_parent = [one for one in asleep() if "603" not in one.cmdline()]
        assert len(with_parent) == 2


@pytest.mark.parametrize("text", [TREEMAP + "Trainer = Treemap\n", CLOSER, SPAWNER], ids=["usual", "closer", "spawner"])
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path, text: str) -> None:
    """Though they are stopped, whatever files they have closed, and with all that they have started."""
    command = [sys.executable, "-c", PARENT, str(tmp_path), text]
    parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        family = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    assert len(family) == (2 if text != SPAWNER else 5)
    assert comes_true(lambda: all(map(is_gone, family)))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("os._exit(3)", "its process ended with exit status 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "its process ended with signal SIGSEGV"),
        ("print('so long', flush=True); os._exit(4)", "its process ended with exit status 4; its last words: so long"),
    ],
)
@pytest.mark.parametrize("forked", [True, False])
def test_a_worker_that_ends_by_itself_says_how(
    workers: Workers, tmp_path: Path, end: str, words: str, *, forked: bool
) -> None:
    """Forked or not; asked again, it is still gone."""
    arm = replace(platform_arm("cpu"), forked=forked)
    with workers.start(arm) as worker:
        with pytest.raises(WorkerLost) as lost:
            compiled(worker, tmp_path, f"import os, signal\n{end}\n")
        assert (lost.value.kind, lost.value.reason) == ("killed", words)
        with pytest.raises(WorkerLost, match="it has been ended already"):
            worker.ask(messages.Count(), START_TIMEOUT_S)


def test_a_worker_that_is_killed_is_missed_though_its_copy_holds_its_socket(workers: Workers, tmp_path: Path) -> None:
    """So that no end of file tells."""
    with workers.start(platform_arm("cpu")) as worker:
        assert isinstance(compiled(worker, tmp_path, FORKER), messages.Compiled)
        process_of(worker).send_signal(signal.SIGKILL)
        with pytest.raises(WorkerLost, match="its process ended with signal SIGKILL"):
            worker.ask(messages.Count(), START_TIMEOUT_S)


def test_a_worker_that_says_nothing_is_ended(workers: Workers, tmp_path: Path) -> None:
    """It hangs, for all that can be known."""
    worker = workers.start(platform_arm("cpu"))
    process = process_of(worker)
    with pytest.raises(WorkerLost, match="no answer within 1 s, so its process was ended") as lost:
        compiled(worker, tmp_path, "import time\ntime.sleep(600)\n", 1.0)
    assert lost.value.kind == "hung"
    assert comes_true(lambda: is_gone(process))


def test_a_forkserver_that_dies_is_replaced(workers: Workers, tmp_path: Path) -> None:
    """Its workers die with it, and are lost with all that they have started; the next worker has a new one."""
    arm = platform_arm("cpu")
    with workers.start(arm) as worker:
        compiled(worker, tmp_path, SPAWNER)
        process, started = process_of(worker), asleep()
        psutil.Process(process.ppid()).kill()
        assert comes_true(lambda: is_gone(process))
        with pytest.raises(WorkerLost, match="its process ended with nobody knows how"):
            worker.ask(messages.Platforms(), START_TIMEOUT_S)
        assert len(started) == 3
        assert comes_true(lambda: all(map(is_gone, started)))
    with workers.start(arm) as another:
        assert isinstance(another.ask(messages.Platforms(), START_TIMEOUT_S), messages.PlatformsFound)


def test_arms_of_one_environment_share_a_forkserver(workers: Workers, tmp_path: Path) -> None:
    """Whatever they are called and wherever they are pinned; another checkout, variable or library has its own."""
    arm = platform_arm("cpu")
    others = [
        replace(arm, name="other name", cpus=(max(os.sched_getaffinity(0)),)),
        replace(arm, env=arm.env | {"MINE": "1"}),
        replace(arm, checkout=tmp_path),
        replace(arm, preload=("flax",)),
    ]
    with ExitStack() as stack:
        parents = [process_of(stack.enter_context(workers.start(one))).ppid() for one in (arm, *others)]
    assert parents[0] == parents[1]
    assert len(set(parents)) == 4


def test_a_library_that_its_forkserver_has_imported_is_there_when_a_trainer_is_built(
    workers: Workers, tmp_path: Path
) -> None:
    """And one that cannot be imported ends no forkserver."""
    text = f"import sys\nassert 'flax' in sys.modules\n{TREEMAP}Trainer = Treemap\n"
    for preload, kind in (((), messages.Failed), (("no_such_module", "flax"), messages.Compiled)):
        with workers.start(replace(platform_arm("cpu"), preload=preload)) as worker:
            assert isinstance(compiled(worker, tmp_path, text), kind)


def test_an_arm_that_is_not_forked_begins_as_a_new_interpreter(workers: Workers) -> None:
    """A child of this very process, which runs on whether it is asked or not."""
    with workers.start(replace(platform_arm("cpu"), forked=False)) as worker:
        process = process_of(worker)
        assert process.ppid() == os.getpid()
        time.sleep(0.1)
        assert not is_stopped(process)


def test_nothing_is_left_when_workers_are_ended() -> None:
    """Neither a worker nor what made it; a worker that was not ended by itself neither."""
    before = set(below())
    with Workers() as workers:
        worker = workers.start(platform_arm("cpu"))
        process = process_of(worker)
    assert comes_true(lambda: is_gone(process))
    assert set(below()) <= before
    worker.end()
