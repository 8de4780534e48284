"""How a series is recorded, watched through workers that only write down what they are asked."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from runs import XOR
from watched import Watched

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker, WorkerLost
from triptych.benches.record.files import RecordError
from triptych.benches.record.run import SCHEMA, ArmRecord, Cell, CellRecord, Run, Settings
from triptych.benches.schedule.job import Job
from triptych.benches.selftest.recorder import injection, restarts_of, write_trainers
from triptych.benches.selftest.series import Restart
from triptych.benches.worker import messages
from triptych.impls import registry

NAMES = ("base", "head")


def recorded(lose: set[int]) -> Iterator[Restart]:
    """Restarts of one cell in two arms, of which the head loses these workers in their second round."""
    settings = Settings(restarts=1, rounds=2, block_s=0.01)
    run = Run(SCHEMA, "", "", None, settings, "a", [ArmRecord(name, "cpu", {}) for name in NAMES], [XOR], [])
    run.cells = [CellRecord(Cell("xor", "a", "cpu"), name) for name in NAMES]
    jobs = [Job(record, messages.Spec(record.cell, "a", "")) for record in run.cells]
    starts = Counter[str]()

    def start(arm: Arm) -> Worker:
        starts[arm.name] += 1
        number = starts[arm.name]

        def override(request: messages.Request, _: str) -> None:
            second = isinstance(request, messages.TimeBlock) and request.round == 1
            if arm.name == "head" and number in lose and second:
                raise WorkerLost("killed", "somebody killed it")

        return Watched(number, [], override)

    return restarts_of(run, [Arm(name, "cpu") for name in NAMES], jobs, first=5, start=start)


def test_every_restart_holds_every_round_of_every_arm() -> None:
    """Numbered on from the first, each with its own blocks and compile only."""
    found = list(islice(recorded(set()), 3))
    assert [restart.number for restart in found] == [5, 6, 7]
    for restart in found:
        assert {arm: len(cells["xor-a-cpu-step"].step_s) for arm, cells in restart.arms.items()} == {
            "base": 2,
            "head": 2,
        }
        assert None not in restart.arms["head"]["xor-a-cpu-step"].step_s


def test_a_restart_that_lost_a_worker_is_left_out() -> None:
    """The series goes on with the next, however often that happens."""
    assert [restart.number for restart in islice(recorded({2, 5}), 4)] == [5, 7, 8, 10]


def test_workers_lost_in_turn_end_the_series() -> None:
    """It can be gone on with; what was recorded stays."""
    restarts = recorded({2, 3})
    assert next(restarts).number == 5
    with pytest.raises(RecordError, match="two restarts one after the other lost a worker; go on"):
        next(restarts)


def test_every_injection_has_its_trainer(tmp_path: Path) -> None:
    """A line of a small file, found by the registry; its cell bears the amount."""
    made = [injection("device", 0.05, 305), injection("host", 0.05, 1500), injection("compile", 0.2, 700)]
    write_trainers(tmp_path, made)
    assert "device_305 = slowed.device(305)\n" in (tmp_path / "slowed.py").read_text()
    for one in made:
        assert callable(registry.load(f"{tmp_path}/{one.trainer}"))
    assert made[0].cell.id == "digits-slowed.device_305-cpu-step"
