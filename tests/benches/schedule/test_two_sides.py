"""A schedule over several arms, watched through workers that only write down what they are asked."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from runs import XOR
from watched import HELD, Watched, plausible_always

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker, WorkerLost
from triptych.benches.record.run import SCHEMA, ArmRecord, Cell, CellRecord, Run, Settings
from triptych.benches.schedule import plan, rounds
from triptych.benches.schedule.job import Job
from triptych.benches.worker import messages

HELD_BY = {"base": "abc", "head": "abc", "canary": "a"}
SIDES = tuple(HELD_BY)


Asked = list[tuple[int, str, str, str]]
"""Restart, arm, request and cell, in order."""


Told = Callable[[str, int, str, messages.Request], messages.Answer | None]
"""May answer, or lose the worker, of an arm in a restart, when it is asked something of a cell."""


def watch_arms(answer: Told = lambda *_: None, **settings: Any) -> tuple[Run, Asked]:
    """A comparison of arms, and what was asked; the workers of the base are the first that a restart starts."""
    asked: Asked = []
    starts = Counter[str]()

    def start(arm: Arm) -> Worker:
        starts[arm.name] += 1

        def override(request: messages.Request, cell_id: str) -> messages.Answer | None:
            restart = (starts["base"] - 1) // len(HELD_BY["base"])
            asked.append((restart, arm.name, type(request).__name__, cell_id))
            return answer(arm.name, restart, cell_id, request)

        return Watched(0, [], override)

    return measured_by(start, **settings), asked


def measured_by(start: Callable[[Arm], Worker], **settings: Any) -> Run:
    """A comparison of arms, by such workers."""
    run = Run(SCHEMA, "", "", None, Settings(**settings), "a", [ArmRecord(n, "cpu", {}) for n in SIDES], [XOR], [])
    run.cells = [CellRecord(Cell("xor", trainer, "cpu"), arm) for arm in SIDES for trainer in HELD_BY[arm]]
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in run.cells]
    rim = plan.Rim(start, save=lambda: None, advance=lambda doing, share: None)
    rounds.measure(run, [Arm(name, "cpu") for name in SIDES], jobs, rim, plan.TWO_SIDES)
    return run


def turns_of(asked: Asked, kind: str) -> list[list[tuple[str, list[str]]]]:
    """Every round of seven such requests: the cells in turn, each with the arms that were asked one after another."""
    found = [(cell, arm) for _, arm, request, cell in asked if request == kind]
    rounds = [found[first : first + 7] for first in range(0, len(found), 7)]
    return [[(cell, [arm for _, arm in turn]) for cell, turn in groupby(one, key=lambda b: b[0])] for one in rounds]


@pytest.mark.parametrize(("kind", "a_restart"), [("Compile", 1), ("Train", 1), ("TimeBlock", 4)])
def test_the_arms_of_a_cell_take_their_turns_side_by_side(kind: str, a_restart: int) -> None:
    """In every round of every restart, whatever the order of cells; the canary beside the cell that it has."""
    _, asked = watch_arms(restarts=3, rounds=4)
    turns = turns_of(asked, kind)
    assert len(turns) == (3 * a_restart if kind != "Train" else 1)
    for cells in turns:
        assert sorted((cell, sorted(arms)) for cell, arms in cells) == [
            ("xor-a-cpu-step", ["base", "canary", "head"]),
            ("xor-b-cpu-step", ["base", "head"]),
            ("xor-c-cpu-step", ["base", "head"]),
        ]


@pytest.mark.parametrize("kind", ["Compile", "TimeBlock"])
def test_neither_arm_is_always_first(kind: str) -> None:
    """Who is second finds the processor as the first has left it."""
    _, asked = watch_arms(restarts=6, rounds=2)
    first = {arms[0] for cells in turns_of(asked, kind) for cell, arms in cells if cell != "xor-a-cpu-step"}
    assert first == {"base", "head"}


def test_a_block_has_as_many_steps_in_every_arm() -> None:
    """Whatever each worker would choose; a faster side would else be timed over more steps."""
    guesses = {"base": 50, "head": 70, "canary": 90}

    def answer(arm: str, restart: int, _: str, request: messages.Request) -> messages.Answer | None:
        if isinstance(request, messages.Prepare) and not request.steps:
            return messages.Prepared(1e-4, guesses[arm] + restart)
        return None

    run, _ = watch_arms(answer, restarts=2, rounds=2)
    steps: dict[str, set[int]] = defaultdict(set)
    for record in run.cells:
        steps[record.cell.id] |= {block.steps for block in record.blocks}
    assert [len(one) for one in steps.values()] == [1, 1, 1]
    assert set().union(*steps.values()) <= set(guesses.values())


def test_a_cell_is_trained_once_by_each_arm() -> None:
    """A base and a head need one curve each to be compared; restarts are for times."""
    run, _ = watch_arms(restarts=3, rounds=1)
    assert [len(record.trainings) for record in run.cells] == [1] * 7


def lose(arm: str, cell: str, restarts: set[int], kind: type = messages.TimeBlock) -> Told:
    """Loses the worker of that arm and cell, in those restarts, when it is asked that."""

    def answer(name: str, restart: int, cell_id: str, request: messages.Request) -> None:
        if (name, cell_id) == (arm, cell) and restart in restarts and isinstance(request, kind):
            raise WorkerLost("killed", "its process ended with signal SIGKILL")

    return answer


@pytest.mark.parametrize("arm", SIDES)
@pytest.mark.parametrize("kind", [one for one in HELD if one is not messages.Train])
def test_a_lost_worker_discards_the_restart_of_all_arms_and_adds_one(arm: str, kind: type) -> None:
    """Whoever killed it, and at whatever it was: no cell fails, and as many whole restarts are taken as were asked."""
    run, _ = watch_arms(lose(arm, "xor-a-cpu-step", {1}, kind), restarts=4, rounds=2)
    assert run.cut_short == [1]
    assert {record.outcome.kind for record in run.cells} == {"ok"}
    for record in run.cells:
        whole = Counter(block.restart for block in record.blocks if block.restart not in run.cut_short)
        assert whole == {0: 2, 2: 2, 3: 2, 4: 2}


def test_three_losses_at_the_same_cell_of_an_arm_fail_it() -> None:
    """Twice may be chance. The others go on, and the other side of the cell with them."""
    run, _ = watch_arms(lose("head", "xor-b-cpu-step", {0, 1, 2}), restarts=4, rounds=1)
    failed = [(record.arm, record.cell.trainer) for record in run.cells if record.outcome.kind == "killed"]
    assert failed == [("head", "b")]
    assert run.cut_short == [0, 1, 2]
    assert {len({b.restart for b in r.blocks} - set(run.cut_short)) for r in run.cells if r.outcome.kind == "ok"} == {4}


def test_losses_at_different_places_fail_nothing() -> None:
    """Two of one cell and two of another: four restarts are made up for."""

    def answer(name: str, restart: int, cell_id: str, request: messages.Request) -> None:
        lose("head", "xor-b-cpu-step", {0, 1})(name, restart, cell_id, request)
        lose("base", "xor-b-cpu-step", {2, 3})(name, restart, cell_id, request)

    run, _ = watch_arms(answer, restarts=4, rounds=1)
    assert {record.outcome.kind for record in run.cells} == {"ok"}
    assert len(run.cut_short) == 4


def test_an_arm_that_cannot_start_ends_the_run() -> None:
    """After three attempts, with the last reason."""
    attempts: list[str] = []

    def start(arm: Arm) -> Worker:
        attempts.append(arm.name)
        if arm.name == "canary":
            raise WorkerLost("killed", "no device")
        return Watched(0, [], plausible_always)

    with pytest.raises(WorkerLost, match="no device"):
        measured_by(start, restarts=4)
    assert attempts.count("canary") == 3


def test_an_arm_that_cannot_say_what_it_is_ends_the_run() -> None:
    """Likewise: nobody could tell where it was measured."""

    def answer(arm: str, restart: int, cell_id: str, request: messages.Request) -> None:
        if arm == "head" and isinstance(request, messages.Describe):
            raise WorkerLost("killed", "no device")

    with pytest.raises(WorkerLost, match="no device"):
        watch_arms(answer, restarts=4)


def test_a_run_that_loses_every_worker_ends() -> None:
    """At ever other cells; after as many lost restarts as were asked for, and one."""
    cells = [f"xor-{trainer}-cpu-step" for trainer in "abc"]

    def answer(name: str, restart: int, cell_id: str, request: messages.Request) -> None:
        lose("head", cells[restart % 3], {restart})(name, restart, cell_id, request)

    run, _ = watch_arms(answer, restarts=3, rounds=1)
    assert run.cut_short == [0, 1, 2, 3]
