"""A run that was stopped, or killed, is taken up where it was, and only there."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import psutil
import pytest
from watched import new_run, plausible, plausible_always, watch

from tests.reports.sample_run import fingerprint, sample_run
from triptych.benches.record import files
from triptych.benches.record.files import RecordError
from triptych.benches.record.run import Cell, Run, Settings
from triptych.benches.run import take
from triptych.benches.run.choice import refuse_beside_resume
from triptych.benches.run.options import OPTIONS, ChoiceError
from triptych.benches.worker import messages

ROOT = Path(__file__).resolve().parents[3]

PATIENCE_S = 60.0

KILLS, EARLIEST_S, LATEST_S = 10, 3.0, 12.0

SMALL = ("--trainer=treemap,flax_optax", "--workload=xor", "--device=cpu", "--restarts=6")


def stopped_in_its_third_place(path: Path) -> Run:
    """Of four places of three trainers, by Ctrl-C at its second training: compiles and a training are left of it."""
    trained = Counter[int]()

    def stop(request: messages.Request, cell_id: str) -> messages.Answer | None:
        trained.update([request.restart] if isinstance(request, messages.Train) else [])
        if trained[1] > 1:
            raise KeyboardInterrupt
        return plausible(request)

    run = new_run(modes=("step", "eager"), restarts=2, rounds=2)
    with pytest.raises(KeyboardInterrupt):
        watch(stop, run)
    files.write(run, path)
    return run


def test_what_no_place_has_to_its_end_is_dropped_and_measured_again(tmp_path: Path) -> None:
    """The record is in the end as if nobody had stopped it."""
    stopped = stopped_in_its_third_place(tmp_path / "result.json")
    assert [len({one.restart for one in record.compiles}) for record in stopped.cells].count(2) == 3
    run = take.taken_up(tmp_path / "result.json")
    for record in run.cells:
        assert {one.restart for name in take.BY_RESTART for one in getattr(record, name)} == {0}
    watch(plausible_always, run)
    whole = watch(modes=("step", "eager"), restarts=2, rounds=2).run
    for ours, theirs in zip(run.cells, whole.cells, strict=True):
        assert msgspec.to_builtins(ours) == msgspec.to_builtins(theirs)


def test_a_cell_whose_only_training_is_dropped_is_trained_again(tmp_path: Path) -> None:
    """And what was said of how that ended is forgotten; a cell that failed stays failed."""
    run = new_run("ab", restarts=2)
    watch(run=run)
    run.done.clear()
    run.cells[1].outcome = msgspec.structs.replace(run.cells[1].outcome, kind="killed", reason="somebody killed it")
    files.write(run, tmp_path / "result.json")
    kinds = [record.outcome.kind for record in take.taken_up(tmp_path / "result.json").cells]
    assert kinds == ["unmeasured", "killed"]


def test_what_is_never_trained_keeps_how_it_ended(tmp_path: Path) -> None:
    """What was compiled and never run, in every restart that asks for it, is not begun again."""
    run = watch(modes=("compile",), restarts=1, rounds=1).run
    files.write(run, tmp_path / "result.json")
    taken = take.taken_up(tmp_path / "result.json")
    assert {one.outcome.kind for one in taken.cells} == {"ok"}


def test_a_complete_run_is_not_taken_up(tmp_path: Path) -> None:
    """There is nothing left to measure."""
    path = tmp_path / "result.json"
    files.write(sample_run(), path)
    with pytest.raises(RecordError) as refused:
        take.taken_up(path)
    assert str(refused.value) == f"{path} holds a complete run; leave --resume out to measure again"


def test_a_run_is_taken_up_on_its_own_machine(tmp_path: Path) -> None:
    """Where nothing is missing nothing is measured: what is compared there are workers on the same processors."""
    path = tmp_path / "result.json"
    settings = Settings(restarts=1, rounds=1, tail_s=0.0)
    take.take(take.new_run([Cell("xor", "treemap", "cpu")], settings, "test"), {"treemap": "treemap"}, path)
    begun = files.read(path)
    begun.status = "incomplete"
    files.write(begun, path)
    take.take(take.taken_up(path), {"treemap": "treemap"}, path)
    ended = files.read(path)
    assert ended.status == "complete"
    assert ended.cells == begun.cells


def test_a_run_is_not_taken_up_on_another_machine(tmp_path: Path) -> None:
    """Its samples would be compared with others; its file is left as it was."""
    path = tmp_path / "result.json"
    run = take.new_run([Cell("xor", "treemap", "cpu")], Settings(restarts=2), "test")
    run.arms[0].fingerprint = fingerprint(cpu_model="Abacus 9000")
    run.cells[0].compiles = sample_run().cells[0].compiles[:1]
    files.write(run, path)
    before = path.read_bytes()
    with pytest.raises(RecordError, match=r"begun elsewhere \(cpu_model: Abacus 9000 against .*; measure anew without"):
        take.take(run, {"treemap": "treemap"}, path)
    assert path.read_bytes() == before


USUAL = {option.name: option.default if option.kind is not bool else False for option in OPTIONS}


@pytest.mark.parametrize(
    ("name", "value"), [("trainer", ["naive"]), ("restarts", 3), ("cpus", "all"), ("quick", True), ("output", "there")]
)
def test_no_option_stands_beside_resume(name: str, value: object) -> None:
    """A run that is taken up goes on as it was begun."""
    refuse_beside_resume(USUAL | {"resume": "result.json"})
    with pytest.raises(ChoiceError) as refused:
        refuse_beside_resume(USUAL | {"resume": "result.json", name: value})
    assert str(refused.value) == f"--{name} was given beside --resume, which goes on as the run began; leave it out"


def run_for(seconds: float | None, *options: str | Path) -> bool:
    """A whole `triptych run`, killed after so long; whether it came to its end before."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, ROOT / "triptych.py", "run", *options]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as one:
        try:
            printed, _ = one.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            family = psutil.Process(one.pid).children(recursive=True)
            one.kill()
            assert psutil.wait_procs(family, PATIENCE_S)[1] == []
            return False
    assert one.returncode == 0, printed.decode()
    return True


def whole(path: Path) -> dict[str, list[object]]:
    """How much a complete file has of each cell: blocks by restart, of which none twice, compiles, tails, trainings."""
    run = files.read(path)
    assert run.status == "complete"
    found: dict[str, list[object]] = {}
    for record in run.cells:
        rounds = Counter((block.restart, block.round) for block in record.counted_blocks)
        assert set(rounds.values()) == {1}
        by_restart = [sorted(one.restart for one in samples) for samples in (record.compiles, record.tails)]
        found[record.cell.id] = [Counter(restart for restart, _ in rounds), *by_restart, len(record.trainings)]
    return found


@pytest.mark.processes
def test_a_run_that_is_killed_time_and_again_becomes_the_run_that_it_would_have_been(tmp_path: Path) -> None:
    """At ten moments, before its first file or in its last page; where it came to its end before, another is begun."""
    assert run_for(None, *SMALL, f"--output={tmp_path / 'undisturbed'}")
    expected = whole(tmp_path / "undisturbed" / "result.json")
    assert [sum(blocks.values()) for blocks, *_ in expected.values() if isinstance(blocks, Counter)] == [6 * 20] * 2
    moments = random.Random(22)
    kills, number, complete = 0, 0, False
    while kills < KILLS or not complete:
        path = tmp_path / str(number) / "result.json"
        left_s = moments.uniform(EARLIEST_S, LATEST_S) if kills < KILLS else None
        options = [f"--resume={path}"] if path.exists() else [*SMALL, f"--output={path.parent}"]
        kills += not run_for(left_s, *options)
        complete = path.exists() and files.read(path).status == "complete"
        if complete:
            assert whole(path) == expected
            number += 1
