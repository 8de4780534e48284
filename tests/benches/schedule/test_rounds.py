"""The schedule, watched through workers that only write down what they are asked."""

from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from runs import XOR
from watched import LOG, Override, Watched, name_of_cell

from triptych.benches.arms.process import Arm, Worker, WorkerLost
from triptych.benches.record.run import (
    SCHEMA,
    ArmRecord,
    Block,
    Cell,
    CellRecord,
    Point,
    Run,
    SeedTraining,
    Settings,
    Training,
)
from triptych.benches.schedule import rounds
from triptych.benches.schedule.job import Job, outcome_of
from triptych.benches.worker import messages

ARM = Arm("cpu", "cpu")


def plausible_always(request: messages.Request, cell_id: str) -> None:
    """Overrides no answer."""


def watch(answer: Override = plausible_always, trainers: str = "abc", **settings: Any) -> tuple[Run, LOG, list[int]]:
    """Runs the schedule over cells of these trainers; gives the record, the log and the saves after each request."""
    log: LOG = []
    saves: list[int] = []
    cells = [CellRecord(Cell("xor", trainer, "cpu"), "cpu") for trainer in trainers]
    run = Run(SCHEMA, "", "", None, Settings(**settings), "a", [ArmRecord("cpu", "cpu", {})], [XOR], cells)
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in cells]
    started = iter(range(99))
    rim = rounds.Rim(
        start=lambda arm: Watched(next(started), log, answer),
        save=lambda: saves.append(len(log)),
        advance=lambda doing, share: None,
    )
    rounds.measure(run, [ARM], jobs, rim)
    return run, log, saves


def test_a_restart_is_a_fresh_worker_which_is_ended() -> None:
    """Three restarts start three workers one after the other, and every one is ended before the next begins."""
    _, log, _ = watch(restarts=3, rounds=2)
    assert [number for number, _ in groupby(log, key=lambda entry: entry[0])] == [0, 1, 2]
    assert [entry[0] for entry in log if entry[1] == "end"] == [0, 1, 2]


def test_a_round_is_one_block_of_every_cell() -> None:
    """Within a round every cell comes once; within a restart positions count up."""
    run, _, _ = watch(restarts=2, rounds=4)
    blocks = sorted((b.restart, b.position, b.round, r.cell.trainer) for r in run.cells for b in r.blocks)
    rounds = [sorted(t for *_, t in group) for _, group in groupby(blocks, key=lambda b: (b[0], b[2]))]
    assert rounds == [["a", "b", "c"]] * 8
    assert [position for _, position, _, _ in blocks] == [*range(12), *range(12)]


def test_order_is_random_and_follows_from_the_seed() -> None:
    """The same seed gives the same order, another seed another, and rounds differ among themselves."""

    def order(seed: int) -> list[str]:
        _, log, _ = watch(restarts=2, rounds=4, seed=seed)
        return [cell for _, request, cell in log if request == "TimeBlock"]

    first = order(1)
    assert first == order(1) != order(2)
    assert len({tuple(first[i : i + 3]) for i in range(0, len(first), 3)}) > 1


def test_every_cell_is_compiled_cold_before_any_is_prepared() -> None:
    """Cold compiles clear all caches, so none may come after a cell was warmed up."""
    _, log, _ = watch(restarts=1, rounds=1)
    requests = [request for _, request, _ in log]
    assert [kind for kind, _ in groupby(requests)] == [
        "Describe",
        "CompileCold",
        "Prepare",
        "Train",
        "TimeBlock",
        "Train",
        "Count",
        "MeasureCeilings",
        "end",
    ]


def test_a_void_block_is_taken_again() -> None:
    """Two void takes and a good one are three blocks of one round, of which one counts."""
    takes = iter(["a compile", "a compile", None])

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TimeBlock) and (void := next(takes, None)):
            return messages.BlockTimed(Block(0, 0, request.position, 1, 0.1, 0.1, void))
        return None

    run, _, _ = watch(answer, trainers="a", restarts=1, rounds=1)
    assert [block.void for block in run.cells[0].blocks] == ["a compile", "a compile", None]
    assert len(run.cells[0].counted_blocks) == 1
    assert run.cells[0].outcome.kind == "ok"


def test_a_failed_cell_is_left_out_and_the_others_go_on() -> None:
    """After its first failure a cell is asked nothing more."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        fails = isinstance(request, messages.Prepare) and cell_id == "xor-b-cpu-step"
        return messages.Failed("raised", "ValueError: no") if fails else None

    run, log, _ = watch(answer, restarts=2, rounds=3)
    asked = [request for _, request, cell in log if cell == "xor-b-cpu-step"]
    assert asked == ["CompileCold", "Prepare"]
    assert [len(record.blocks) for record in run.cells] == [6, 0, 6]
    assert run.cells[1].outcome.kind == "raised"


def test_a_lost_worker_costs_a_restart_which_is_made_up_for() -> None:
    """The cell that lost it is out; the others still get all their restarts, in fresh workers."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TimeBlock) and cell_id == "xor-b-cpu-step":
            raise WorkerLost("killed", "its process ended with signal SIGKILL")
        return None

    run, log, _ = watch(answer, restarts=3, rounds=2)
    assert run.cells[1].outcome.kind == "killed"
    assert len([entry for entry in log if entry[1] == "end"]) == 4
    for record in (run.cells[0], run.cells[2]):
        full = [
            restart for restart, blocks in groupby(record.blocks, key=lambda b: b.restart) if len(list(blocks)) == 2
        ]
        assert len(full) >= 3


def test_a_run_in_which_every_cell_fails_ends() -> None:
    """With nothing left to measure no further worker is started."""
    run, log, _ = watch(lambda request, cell_id: messages.Failed("raised", "no") if cell_id else None, restarts=5)
    assert len([entry for entry in log if entry[1] == "end"]) == 1
    assert {record.outcome.kind for record in run.cells} == {"raised"}


def test_the_record_is_saved_after_every_answer() -> None:
    """A kill loses at most the request under way."""
    _, log, saves = watch(restarts=1, rounds=2)
    answered = [i + 1 for i, (_, request, _) in enumerate(log) if request not in ("Describe", "MeasureCeilings", "end")]
    assert set(answered) <= set(saves)


def test_a_long_training_is_made_once_and_a_short_one_in_every_restart() -> None:
    """The naive trainer's minutes are spent once; milliseconds before and after the blocks."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Train) and cell_id == "xor-a-cpu-step":
            return messages.Trained(Training(request.restart, 100, 30.0, [], 0.1, None, 1.0, None), None)
        return None

    run, _, _ = watch(answer, restarts=3, rounds=1)
    assert [len(record.trainings) for record in run.cells] == [1, 6, 6]


def test_a_training_cut_by_its_budget_says_how_far_it_came() -> None:
    """93 of 900 steps in 12 s leave 807 steps, which at that pace take 104 s."""
    cut = Training(0, 93, 12.0, [], 0.5, None, None, None)
    outcome = outcome_of(cut, 900)
    assert outcome.kind == "over_budget"
    assert outcome.reason == "came to step 93 of 900 in 12 s; the rest would take 104 s"


def test_every_cell_is_trained_from_every_seed_once_in_one_worker() -> None:
    """After the blocks of the first restart, seed by seed, cells in random order; not again in the next."""
    run, log, _ = watch(restarts=2, rounds=1, seeds=3)
    asked = [(number, request) for number, request, _ in log if request in ("TrainSeed", "TimeBlock")]
    assert asked == [(0, "TimeBlock")] * 3 + [(0, "TrainSeed")] * 9 + [(1, "TimeBlock")] * 3
    assert [[training.seed for training in record.seed_trainings] for record in run.cells] == [[0, 1, 2]] * 3


def test_a_cell_cut_at_its_first_seed_is_left_at_that() -> None:
    """Too slow for the budget whatever the seed; the others go on."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TrainSeed) and cell_id == "xor-a-cpu-step":
            return messages.SeedTrained(SeedTraining(request.seed, 0, "cut", 20, 5.0, [Point(0, 0, 0.7)]))
        return None

    run, _, _ = watch(answer, restarts=2, rounds=1, seeds=5)
    assert [len(record.seed_trainings) for record in run.cells] == [1, 5, 5]


def test_seeds_left_by_a_lost_worker_are_trained_in_the_next() -> None:
    """The cell that lost it is out; the others are not trained twice from any seed."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TrainSeed) and request.seed == 1 and cell_id == "xor-b-cpu-step":
            raise WorkerLost("killed", "its process ended with signal SIGKILL")
        return None

    run, _, _ = watch(answer, restarts=1, rounds=1, seeds=4)
    assert run.cells[1].outcome.kind == "killed"
    for record in (run.cells[0], run.cells[2]):
        assert [training.seed for training in record.seed_trainings] == [0, 1, 2, 3]


SIDES = ("base", "head", "canary")
Asked = list[tuple[int, str, str, str]]
"""Restart, arm, request and cell, in order."""


def watch_arms(
    answer: Callable[[str, messages.Request, int], None] = lambda *_: None, **settings: Any
) -> tuple[Run, Asked]:
    """A comparison of arms: base and head hold cells a, b and c, the canary only a; `answer` may lose the worker.

    It is told the arm, the request and how many workers this arm has had.
    """
    asked: Asked = []
    starts = Counter[str]()
    run = Run(SCHEMA, "", "", None, Settings(**settings), "a", [ArmRecord(n, "cpu", {}) for n in SIDES], [XOR], [])
    held = {"base": "abc", "head": "abc", "canary": "a"}
    run.cells = [CellRecord(Cell("xor", trainer, "cpu"), arm) for arm in SIDES for trainer in held[arm]]

    def start(arm: Arm) -> Worker:
        starts[arm.name] += 1
        number = starts[arm.name]

        def override(request: messages.Request, cell_id: str) -> None:
            asked.append((number, arm.name, type(request).__name__, cell_id))
            answer(arm.name, request, number)

        return Watched(number, [], override)

    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in run.cells]
    rim = rounds.Rim(start, save=lambda: None, advance=lambda doing, share: None)
    rounds.measure(run, [Arm(name, "cpu") for name in SIDES], jobs, rim, rounds.TWO_SIDES)
    return run, asked


def rounds_of(asked: Asked) -> list[list[tuple[str, list[str]]]]:
    """Every round of seven blocks: the cells in turn, each with the arms that took theirs one after another."""
    blocks = [(cell, arm) for _, arm, kind, cell in asked if kind == "TimeBlock"]
    rounds = [blocks[first : first + 7] for first in range(0, len(blocks), 7)]
    return [[(cell, [arm for _, arm in turn]) for cell, turn in groupby(one, key=lambda b: b[0])] for one in rounds]


def test_what_is_counted_between_arms_is_built_from_cold_caches() -> None:
    """Once, when all is timed; before that the caches hold what the neighbours built, so nothing is counted."""
    asked: dict[str, list[tuple[bool, bool]]] = {}

    def note(arm: str, request: messages.Request, _: int) -> None:
        if isinstance(request, messages.CompileCold):
            asked.setdefault(f"{arm} {request.spec.cell.id}", []).append((request.clear, request.count))

    watch_arms(note, restarts=2, rounds=1)
    assert all(turns == [(False, False), (True, True), (False, False)] for turns in asked.values())
    assert len(asked) == 7


def test_the_arms_of_a_cell_take_their_turns_side_by_side() -> None:
    """In every round of every restart, whatever the order of cells; the canary beside the cell that it has."""
    _, asked = watch_arms(restarts=3, rounds=4)
    assert len(rounds_of(asked)) == 3 * 4
    for cells in rounds_of(asked):
        assert sorted((cell, sorted(arms)) for cell, arms in cells) == [
            ("xor-a-cpu-step", ["base", "canary", "head"]),
            ("xor-b-cpu-step", ["base", "head"]),
            ("xor-c-cpu-step", ["base", "head"]),
        ]


def test_neither_arm_is_always_first() -> None:
    """Who is second finds the processor as the first has left it."""
    _, asked = watch_arms(restarts=2, rounds=6)
    first = {arms[0] for cells in rounds_of(asked) for cell, arms in cells if cell != "xor-a-cpu-step"}
    assert first == {"base", "head"}


def test_every_arm_compiles_in_the_same_order() -> None:
    """Each cell finds what the same cells before it have left in its worker's caches; the order varies by restart."""
    _, asked = watch_arms(restarts=6, rounds=1)
    orders = {
        arm: [(number, cell) for number, name, kind, cell in asked if (name, kind) == (arm, "CompileCold")]
        for arm in ("base", "head")
    }
    assert orders["base"] == orders["head"]
    cells = [cell for _, cell in orders["base"]]
    assert len({tuple(cells[start : start + 3]) for start in range(0, len(cells), 3)}) > 1


def test_a_cell_is_trained_once_by_each_arm() -> None:
    """A base and a head need one curve each to be compared; restarts are for times."""
    run, _ = watch_arms(restarts=3, rounds=1)
    assert [len(record.trainings) for record in run.cells] == [1] * 7


Loss = Callable[[str, messages.Request, int], None]


def lose(arm: str, cell: str, restarts: set[int], kind: type = messages.TimeBlock) -> Loss:
    """Loses the worker of that arm, in those of its restarts, when it is asked that of the cell."""

    def answer(name: str, request: messages.Request, number: int) -> None:
        if name == arm and number in restarts and isinstance(request, kind) and name_of_cell(request) == cell:
            raise WorkerLost("killed", "its process ended with signal SIGKILL")

    return answer


@pytest.mark.parametrize("arm", SIDES)
@pytest.mark.parametrize("kind", [messages.CompileCold, messages.Prepare, messages.TimeBlock])
def test_a_lost_worker_discards_the_restart_of_all_arms_and_adds_one(arm: str, kind: type) -> None:
    """Whoever killed it, and at whatever it was: no cell fails, and as many whole restarts are taken as were asked."""
    run, _ = watch_arms(lose(arm, "xor-a-cpu-step", {2}, kind), restarts=4, rounds=2)
    assert run.cut_short == [1]
    assert {record.outcome.kind for record in run.cells} == {"ok"}
    for record in run.cells:
        whole = Counter(block.restart for block in record.blocks if block.restart not in run.cut_short)
        assert whole == {0: 2, 2: 2, 3: 2, 4: 2}


def test_three_losses_at_the_same_cell_of_an_arm_fail_it() -> None:
    """Twice may be chance. The others go on, and the other side of the cell with them."""
    run, _ = watch_arms(lose("head", "xor-b-cpu-step", {1, 2, 3}), restarts=4, rounds=1)
    failed = [(record.arm, record.cell.trainer) for record in run.cells if record.outcome.kind == "killed"]
    assert failed == [("head", "b")]
    assert len(run.cut_short) == 3
    assert {len({b.restart for b in r.blocks} - set(run.cut_short)) for r in run.cells if r.outcome.kind == "ok"} == {4}


def test_losses_at_different_places_fail_nothing() -> None:
    """Two of one cell and two of another: four restarts are made up for."""

    def answer(name: str, request: messages.Request, number: int) -> None:
        lose("head", "xor-b-cpu-step", {1, 2})(name, request, number)
        lose("base", "xor-b-cpu-step", {3, 4})(name, request, number)

    run, _ = watch_arms(answer, restarts=4, rounds=1)
    assert {record.outcome.kind for record in run.cells} == {"ok"}
    assert len(run.cut_short) == 4


def test_an_arm_that_cannot_start_ends_the_run() -> None:
    """After three attempts, with the last reason."""
    with pytest.raises(WorkerLost, match="no device"):
        watch_arms(lambda arm, request, number: unable(arm), restarts=4)


def unable(arm: str) -> None:
    if arm == "canary":
        raise WorkerLost("killed", "no device")


def test_a_run_that_loses_every_worker_ends() -> None:
    """At ever other cells; after as many lost restarts as were asked for, and one."""
    cells = [f"xor-{trainer}-cpu-step" for trainer in "abc"]

    def answer(name: str, request: messages.Request, number: int) -> None:
        lose("head", cells[number % 3], {number})(name, request, number)

    run, _ = watch_arms(answer, restarts=3, rounds=1)
    assert run.cut_short == [0, 1, 2, 3]
