"""Starts: fresh processes in random order, with and without a cache, one request each."""

from itertools import groupby
from pathlib import Path

import pytest
from runs import XOR

from triptych.benches.arms.arm import Arm, platform_arm
from triptych.benches.arms.process import START_TIMEOUT_S, Worker, WorkerLost
from triptych.benches.record.run import SCHEMA, ArmRecord, Cell, CellRecord, Outcome, Run, Settings, Start
from triptych.benches.schedule import fresh_starts, plan
from triptych.benches.schedule.job import Job
from triptych.benches.worker import messages
from triptych.benches.workloads.published import save
from triptych.benches.workloads.sizes import workload_named

ARM = Arm("cpu", "cpu")


def phases(number: int = 0, cache: fresh_starts.Cache = "cold", hits: int = 0) -> Start:
    return Start(number, cache, 0.05, 0.4, 0.1, 0.01, 0.2, 0.3, 0.02, 0.001, 1, hits)


class Started(Worker):
    """A worker without a process: logs its cache folder and what it is asked, and answers with phases."""

    def __init__(self, arm: Arm, log: list[tuple[str, str]], lost: str) -> None:
        assert not arm.forked, "what a forkserver has imported is no part of a start"
        self.began_s, self.log, self.lost = 0.0, log, lost
        self.folder, self.pinned = arm.env.get("JAX_COMPILATION_CACHE_DIR", ""), False

    def pin(self) -> None:
        self.pinned = True

    def ask(self, request: messages.Request, timeout_s: float) -> messages.Answer:
        assert isinstance(request, messages.StartUp)
        assert self.pinned, "a run says on which processors it was measured"
        self.log.append((request.spec.cell.trainer, self.folder))
        if request.spec.cell.trainer == self.lost:
            raise WorkerLost("killed", "its process ended with signal SIGKILL")
        return messages.Started(phases(request.number, request.cache))

    def end(self) -> None: ...


def watch(lost: str = "", *, start_up: bool = True, seed: int = 0) -> tuple[Run, list[tuple[str, str]]]:
    """Starts of three trainers on two workloads, one of which failed before."""
    log: list[tuple[str, str]] = []
    cells = [
        CellRecord(Cell(workload, trainer, "cpu"), "cpu", Outcome("ok"))
        for workload in ("xor", "digits")
        for trainer in ("a", "b", "failed")
    ]
    for record in cells:
        if record.cell.trainer == "failed":
            record.outcome = Outcome("raised", "no")
    settings = Settings(restarts=4, start_up=start_up, seed=seed)
    run = Run(SCHEMA, "", "", None, settings, "a", [ArmRecord("cpu", "cpu", {})], [XOR], cells)
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in cells]
    rim = plan.Rim(lambda arm: Started(arm, log, lost), lambda: None, lambda doing, share: None)
    fresh_starts.measure_starts(run, [ARM], jobs, rim)
    return run, log


def test_nothing_is_started_unasked() -> None:
    """It is off by default."""
    assert watch(start_up=False)[1] == []
    assert Settings().start_up is False


def test_every_trainer_is_started_as_often_as_there_are_restarts() -> None:
    """Without a cache and with one; on its first workload; a failed trainer never; filling a cache is no sample."""
    run, log = watch()
    taken = {record.cell.id: [start.cache for start in record.starts] for record in run.cells}
    assert {cell: (caches.count("cold"), caches.count("hit")) for cell, caches in taken.items() if caches} == {
        "xor-a-cpu-step": (4, 4),
        "xor-b-cpu-step": (4, 4),
    }
    assert len(log) == 2 + 16
    assert sorted(start.number for record in run.cells for start in record.starts) == list(range(16))


def test_a_trainer_has_a_cache_of_its_own_which_is_filled_first() -> None:
    """Two folders, none shared, the first start in each before any sample."""
    _, log = watch()
    folders = {trainer: {folder for name, folder in log if name == trainer and folder} for trainer in "ab"}
    assert [len(one) for one in folders.values()] == [1, 1]
    assert folders["a"] != folders["b"]
    assert all(folder for _, folder in log[:2])
    assert not any(Path(folder).exists() for _, folder in log if folder)


def test_starts_are_interleaved_in_a_random_order_that_follows_from_the_seed() -> None:
    """Every round of four holds each case once, and rounds differ."""
    orders = [[(name, bool(folder)) for name, folder in watch(seed=seed)[1][2:]] for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    rounds = [orders[0][at : at + 4] for at in range(0, 16, 4)]
    assert all(len(set(one)) == 4 for one in rounds)
    assert len(list(groupby(rounds))) > 1


def test_starts_that_the_record_has_are_not_made_again() -> None:
    """Of a run that was stopped after five, eleven are left; both caches are filled anew."""
    run, _ = watch()
    for record in run.cells:
        record.starts = [start for start in record.starts if start.number < 5]
    log: list[tuple[str, str]] = []
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in run.cells]
    rim = plan.Rim(lambda arm: Started(arm, log, ""), lambda: None, lambda doing, share: None)
    fresh_starts.measure_starts(run, [ARM], jobs, rim)
    assert len(log) == 2 + 11
    assert sorted(start.number for record in run.cells for start in record.starts) == list(range(16))


def test_a_trainer_that_dies_in_a_fresh_process_has_failed() -> None:
    """It is not started again, the others are."""
    run, log = watch(lost="b")
    assert [name for name, _ in log].count("b") == 1
    assert [name for name, _ in log].count("a") == 9
    assert run.cells[1].outcome == Outcome("killed", "in a fresh process: its process ended with signal SIGKILL")


def test_phases_add_up() -> None:
    """Interpreter, jax, own imports, device, build; then compile and first step."""
    start = phases()
    assert start.until_compile_s == pytest.approx(0.76)
    assert start.whole_s == pytest.approx(1.08)


def test_a_cold_start_fetches_nothing_and_a_second_one_with_a_cache_everything(tmp_path: Path) -> None:
    """Real processes: jax's own events tell what came from disk. A process that was started so does nothing else.

    The workload is one of another size, which only its name describes.
    """
    workload = workload_named("digits-width16")
    spec = messages.Spec(Cell(workload.name, "treemap", "cpu"), "treemap", str(save(workload, tmp_path)))
    cold = platform_arm("cpu")
    cached = Arm("cpu", "cpu", cold.env | fresh_starts.env_of_cache(tmp_path / "cache"))
    found: list[Start] = []
    for arm in (cold, cached, cached):
        with Worker(arm, None) as worker:
            answer = worker.ask(messages.StartUp(spec, 0, "cold", worker.began_s), START_TIMEOUT_S)
            again = worker.ask(messages.Describe(), START_TIMEOUT_S)
        assert isinstance(answer, messages.Started)
        assert isinstance(again, messages.Failed)
        assert "expected no other request" in again.reason
        found.append(answer.start)
    assert [start.programs for start in found] == [1, 1, 1]
    assert found[0].hits == found[1].hits == 0
    assert found[2].hits > found[2].programs


def test_a_process_in_use_is_no_start(tmp_path: Path) -> None:
    """What it has imported would not be counted."""
    spec = messages.Spec(Cell("xor", "treemap", "cpu"), "treemap", "")
    with Worker(platform_arm("cpu"), None) as worker:
        worker.ask(messages.Describe(), START_TIMEOUT_S)
        answer = worker.ask(messages.StartUp(spec, 0, "cold", worker.began_s), START_TIMEOUT_S)
    assert isinstance(answer, messages.Failed)
    assert "ask it of a fresh one" in answer.reason
