"""The schedule, watched through workers that only write down what they are asked."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import pytest
from runs import XOR
from watched import LOG, Override, Watched

from triptych.benches.arms.arm import Arm, present_cpus
from triptych.benches.arms.process import Worker, WorkerLost
from triptych.benches.record.modes import Mode
from triptych.benches.record.run import (
    SCHEMA,
    ArmRecord,
    Block,
    Cell,
    CellRecord,
    Outcome,
    Point,
    Run,
    SeedTraining,
    Settings,
    Training,
)
from triptych.benches.schedule import plan, rounds
from triptych.benches.schedule.job import Job, outcome_of
from triptych.benches.worker import messages

ARM = Arm("cpu", "cpu", cpus=(0,))


def plausible_always(request: messages.Request, cell_id: str) -> None:
    """Overrides no answer."""


class Watch(NamedTuple):
    """What was watched.

    Attributes:
        log: What workers were asked.
        saves: How long the log was at each save.
        arms: For every worker, in the order of their starts.
    """

    run: Run
    log: LOG
    saves: list[int]
    arms: list[Arm]


def new_run(
    trainers: Sequence[str] = "abc", modes: Sequence[Mode] = ("step",), device: str = "cpu", **settings: Any
) -> Run:
    """Nothing measured yet of these trainers, in a place per mode."""
    cells = [CellRecord(Cell("xor", trainer, device, mode), "cpu") for mode in modes for trainer in trainers]
    return Run(SCHEMA, "", "", None, Settings(**settings), "a", [ArmRecord("cpu", device, {})], [XOR], cells)


def watch(answer: Override = plausible_always, run: Run | None = None, **wanted: Any) -> Watch:
    """Runs the schedule over a record, or a new one."""
    found = Watch(run or new_run(**wanted), [], [], [])
    begin(found, answer)
    return found


def begin(found: Watch, answer: Override) -> None:
    """Fills what is watched."""
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in found.run.cells]

    def start(arm: Arm) -> Worker:
        found.arms.append(arm)
        return Watched(len(found.arms) - 1, found.log, answer)

    rim = plan.Rim(start, save=lambda: found.saves.append(len(found.log)), advance=lambda doing, share: None)
    rounds.measure(found.run, [ARM], jobs, rim)


def asked_of(log: LOG) -> dict[int, list[tuple[str, str]]]:
    """Requests and the cell held, by worker."""
    asked: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for number, request, cell in log:
        asked[number].append((request, cell))
    return asked


def test_a_worker_holds_one_cell_of_one_restart() -> None:
    """Three trainers in three restarts are nine fresh workers; each builds and compiles once, and is ended."""
    _, log, _, _ = watch(restarts=3, rounds=2)
    held: list[str] = []
    for requests in asked_of(log).values():
        kinds = [kind for kind, _ in requests]
        assert [kinds.count(kind) for kind in ("start", "Hold", "Compile", "end")] == [1, 1, 1, 1]
        assert (kinds[0], kinds[-1]) == ("start", "end")
        [cell] = {cell for kind, cell in requests if kind not in ("start", "end")}
        held.append(cell)
    assert Counter(held) == dict.fromkeys((f"xor-{trainer}-cpu-step" for trainer in "abc"), 3)


def test_the_workers_of_a_place_build_side_by_side_and_are_pinned_then() -> None:
    """All are told before one is awaited, and none is alone on its processor before the last has answered."""
    told: list[int] = []

    def answer(request: messages.Request, cell_id: str) -> None:
        told.extend([len(found.log)] if isinstance(request, messages.Hold) else [])

    found = Watch(new_run(restarts=1, rounds=1), [], [], [])
    begin(found, answer)
    assert [kind for _, kind, _ in found.log[:10]] == ["start"] * 3 + ["Hold"] * 3 + ["pin"] * 3 + ["Describe"]
    assert told == [6] * 3


def test_an_arm_is_described_once_by_a_pinned_worker() -> None:
    """Of a cell that it could build; the first could not."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        fails = isinstance(request, messages.Hold) and cell_id != "xor-b-cpu-step"
        return messages.Failed("raised", "no") if fails else None

    run, log, _, _ = watch(answer, restarts=2, rounds=1)
    assert [cell for _, kind, cell in log if kind == "Describe"] == ["xor-b-cpu-step"]
    assert log.index((1, "pin", "xor-b-cpu-step")) < log.index((1, "Describe", "xor-b-cpu-step"))
    assert run.arms[0].fingerprint is not None


def test_a_worker_comes_with_the_libraries_of_its_trainer_imported() -> None:
    """Those that the registry names of a built-in; of another trainer nobody knows."""
    preloads = [arm.preload for arm in watch(run=new_run(["treemap", "flax_optax", "mine"], restarts=1)).arms]
    assert preloads == [(), ("flax", "optax"), ()]


def test_the_workers_of_a_place_are_ended_before_the_next_begins() -> None:
    """However many places there are, at most one place's workers are alive, and in it all trainers are."""
    _, log, _, _ = watch(modes=("step", "eager", "scan"), restarts=2, rounds=1)
    places = {number: requests[-2][1].rpartition("-")[2] for number, requests in asked_of(log).items()}
    alive: set[int] = set()
    largest = 0
    for number, request, _ in log:
        alive = {"start": alive | {number}, "end": alive - {number}}.get(request, alive)
        assert len({places[one] for one in alive}) <= 1
        largest = max(largest, len(alive))
    assert largest == 3
    assert alive == set()


def test_places_come_in_a_random_order_that_follows_from_the_seed() -> None:
    """Another in other restarts."""

    def order(seed: int) -> list[str]:
        log = watch(modes=("step", "eager", "scan"), trainers="a", restarts=6, rounds=1, seed=seed).log
        return [cell.rpartition("-")[2] for _, request, cell in log if request == "Compile"]

    assert order(1) == order(1) != order(2)
    assert len({tuple(order(1)[first : first + 3]) for first in range(0, 18, 3)}) > 1


def test_a_round_is_one_block_of_every_cell() -> None:
    """Within a round every cell comes once; within a restart positions count up."""
    run = watch(restarts=2, rounds=4).run
    blocks = sorted((b.restart, b.position, b.round, r.cell.trainer) for r in run.cells for b in r.blocks)
    rounds = [sorted(t for *_, t in group) for _, group in groupby(blocks, key=lambda b: (b[0], b[2]))]
    assert rounds == [["a", "b", "c"]] * 8
    assert [position for _, position, _, _ in blocks] == [*range(12), *range(12)]


def test_positions_count_up_over_the_places_of_a_restart() -> None:
    """So that the record tells in which order all blocks were taken."""
    run = watch(modes=("step", "eager"), restarts=1, rounds=2).run
    assert sorted(block.position for record in run.cells for block in record.blocks) == list(range(12))


def test_order_is_random_and_follows_from_the_seed() -> None:
    """The same seed gives the same order, another seed another, and rounds differ among themselves."""

    def order(seed: int) -> list[str]:
        log = watch(restarts=2, rounds=4, seed=seed).log
        return [cell for _, request, cell in log if request == "TimeBlock"]

    first = order(1)
    assert first == order(1) != order(2)
    assert len({tuple(first[i : i + 3]) for i in range(0, len(first), 3)}) > 1


def test_what_disturbs_blocks_comes_before_or_after_them_all() -> None:
    """Single steps and counts last, when nothing of the place is to be timed any more."""
    log = watch(restarts=1, rounds=2, seeds=1).log
    assert [kind for kind, _ in groupby(request for _, request, _ in log)][-9:] == [
        "Compile",
        "Prepare",
        "Train",
        "TimeBlock",
        "RecordTail",
        "TrainSeed",
        "MeasureCeilings",
        "Count",
        "end",
    ]


def test_a_void_block_is_taken_again() -> None:
    """Two void takes and a good one are three blocks of one round, of which one counts."""
    takes = iter(["a compile", "a compile", None])

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TimeBlock) and (void := next(takes, None)):
            return messages.BlockTimed(Block(0, 0, request.position, 1, 0.1, 0.1, void))
        return None

    run = watch(answer, trainers="a", restarts=1, rounds=1).run
    assert [block.void for block in run.cells[0].blocks] == ["a compile", "a compile", None]
    assert len(run.cells[0].counted_blocks) == 1
    assert run.cells[0].outcome.kind == "ok"


def test_a_failed_cell_is_left_out_and_the_others_go_on() -> None:
    """After its first failure a cell is asked nothing more, and no worker is started for it."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        fails = isinstance(request, messages.Prepare) and cell_id == "xor-b-cpu-step"
        return messages.Failed("raised", "ValueError: no") if fails else None

    run, log, _, arms = watch(answer, restarts=2, rounds=3)
    asked = [request for _, request, cell in log if cell == "xor-b-cpu-step"]
    assert asked == ["Hold", "pin", "Compile", "Prepare"]
    assert [len(record.blocks) for record in run.cells] == [6, 0, 6]
    assert run.cells[1].outcome == Outcome("raised", "ValueError: no")
    assert len(arms) == 3 + 2


HELD = [messages.Hold, messages.Compile, messages.Prepare, messages.Train, messages.TimeBlock]
"""What a cell is asked before it has all its times."""


def dies_at(kind: type[messages.Request]) -> Override:
    """The worker of trainer b ends when it is asked that."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, kind) and cell_id == "xor-b-cpu-step":
            raise WorkerLost("killed", "its process ended with signal SIGKILL")
        return None

    return answer


@pytest.mark.parametrize("kind", HELD)
def test_a_lost_worker_costs_its_own_cell_and_no_restart(kind: type[messages.Request]) -> None:
    """The others have workers of their own and go on in the same restart; the lost one's is ended too."""
    run, log, _, arms = watch(dies_at(kind), restarts=3, rounds=2)
    assert run.cells[1].outcome == Outcome("killed", "its process ended with signal SIGKILL")
    assert run.cut_short == []
    assert [len(record.blocks) for record in (run.cells[0], run.cells[2])] == [6, 6]
    assert {block.restart for block in run.cells[0].blocks} == {0, 1, 2}
    assert len(arms) == len([entry for entry in log if entry[1] == "end"]) == 3 + 2 + 2


def test_a_worker_lost_while_it_is_counted_fails_nothing() -> None:
    """Its times are there; it has no counts."""
    run = watch(dies_at(messages.Count), restarts=2, rounds=1).run
    assert {record.outcome.kind for record in run.cells} == {"ok"}
    assert [record.counts is None for record in run.cells] == [False, True, False]


def test_a_worker_that_cannot_start_ends_the_run() -> None:
    """Nobody could be measured then; the reason is passed on."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Describe):
            raise WorkerLost("killed", "no device")
        return None

    with pytest.raises(WorkerLost, match="no device"):
        watch(answer, restarts=2)


def test_a_run_in_which_every_cell_fails_ends() -> None:
    """With nothing left to measure no further worker is started."""
    run, _, _, arms = watch(lambda request, cell_id: messages.Failed("raised", "no") if cell_id else None, restarts=5)
    assert len(arms) == 3
    assert {record.outcome.kind for record in run.cells} == {"raised"}


def test_the_record_is_saved_when_a_place_is_done() -> None:
    """With all its workers ended, so that writing disturbs no block; a kill loses at most the place under way."""
    run, log, saves, _ = watch(modes=("step", "eager"), restarts=2, rounds=2)
    ends = [at + 1 for at, (_, request, _) in enumerate(log) if request == "end"]
    assert saves == ends[2::3]
    assert sorted(run.done) == [f"{restart} xor cpu {mode}" for restart in (0, 1) for mode in ("eager", "step")]


def test_what_is_done_is_not_measured_again() -> None:
    """The record of a whole run has nothing left to do."""
    run = watch(modes=("step", "eager"), restarts=2, rounds=2, seeds=1).run
    before = msgspec.json.encode(run)
    assert watch(run=run).log == []
    assert msgspec.json.encode(run) == before


@pytest.mark.parametrize("places", [0, 1])
def test_a_stopped_run_is_taken_up_at_the_next_place(places: int) -> None:
    """Four places, of which two or three were done: the others are measured as they would have been, none twice."""
    whole = watch(modes=("step", "eager"), restarts=2, rounds=2).run
    compiled = Counter[int]()

    def stop(request: messages.Request, cell_id: str) -> None:
        compiled.update([request.restart] if isinstance(request, messages.Compile) else [])
        if compiled[1] > 3 * places:
            raise KeyboardInterrupt

    run = new_run(modes=("step", "eager"), restarts=2, rounds=2)
    with pytest.raises(KeyboardInterrupt):
        watch(stop, run)
    assert [done[:1] for done in run.done] == ["0", "0", "1"][: 2 + places]
    assert len(watch(run=run).arms) == (2 - places) * 3
    assert run.done == whole.done
    assert [record.blocks for record in run.cells] == [record.blocks for record in whole.cells]


def test_a_long_training_is_made_once_and_a_short_one_in_every_restart() -> None:
    """The naive trainer's minutes are spent once; milliseconds before the blocks, with a loss curve the first time."""
    curves: list[bool] = []

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Train) and cell_id == "xor-a-cpu-step":
            return messages.Trained(Training(request.restart, 100, 30.0, [], 0.1, None, 1.0, None), None)
        curves.extend([request.curve] if isinstance(request, messages.Train) and "-b-" in cell_id else [])
        return None

    run = watch(answer, restarts=3, rounds=1).run
    assert [len(record.trainings) for record in run.cells] == [1, 3, 3]
    assert curves == [True, False, False]


def paced(seconds: dict[str, float]) -> Override:
    """A step of these trainers takes so long, whenever it is looked at; a block of theirs is one step."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        step_s = next((seconds[name] for name in seconds if f"-{name}-" in cell_id), None)
        match request:
            case messages.Prepare() if step_s:
                return messages.Prepared(0.0 if request.steps else step_s, request.steps or 1)
            case messages.TimeBlock() if step_s:
                at = (request.restart, request.round, request.position)
                return messages.BlockTimed(Block(*at, request.steps, step_s * request.steps, 0.0))
            case _:
                return None

    return answer


def test_trainings_put_off_come_last_in_workers_of_their_own() -> None:
    """The longest first, one on each processor, the last before the others; all are sent before one is awaited.

    Of 10, 30 and 20 seconds; a training of a second is made beside the blocks as ever.
    """
    sent: list[int] = []
    pace = paced({"a": 0.1, "b": 0.3, "c": 0.2, "d": 0.01})

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Train) and "-d-" not in cell_id:
            assert request == messages.Train(0, 60.0, curve=True)
            sent.append(sum(kind == "Train" and "-d-" not in cell for _, kind, cell in found.log))
        return pace(request, cell_id)

    found = Watch(new_run("abcd", restarts=2, slow_restarts=2, rounds=3, train_budget_s=5.0), [], [], [])
    begin(found, answer)
    last = {number: asked for number, asked in asked_of(found.log).items() if number >= 2 * 4}
    assert [asked[1][1] for asked in last.values()] == [f"xor-{trainer}-cpu-step" for trainer in "bca"]
    assert [[kind for kind, _ in asked] for asked in last.values()] == [
        ["start", "Hold", "pin", "Compile", "Train", "end"]
    ] * 3
    blocks_end = max(at for at, entry in enumerate(found.log) if entry[1] == "TimeBlock")
    assert blocks_end < found.log.index((8, "start", ""))
    cpus = present_cpus()[::-1]
    together = len(cpus) or 1
    assert sent == [min(3, (at // together + 1) * together) for at in range(3)]
    own = [tuple(cpus[at % together : at % together + 1]) for at in range(3)]
    assert [arm.cpus for arm in found.arms] == [(0,)] * 8 + own
    assert [len(record.trainings) for record in found.run.cells] == [1, 1, 1, 2]
    assert {record.outcome.kind for record in found.run.cells} == {"ok"}


def test_a_training_too_long_for_the_end_is_cut_there() -> None:
    """100 steps of a second are more than 60: how far 5 s go is seen last of all, beside one that is made whole."""
    budgets: dict[str, float] = {}

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        budgets.update({cell_id: request.budget_s} if isinstance(request, messages.Train) else {})
        return paced({"a": 1.0, "b": 0.5})(request, cell_id)

    arms = watch(answer, trainers="ab", restarts=1, rounds=3).arms
    assert budgets == {"xor-a-cpu-step": 5.0, "xor-b-cpu-step": 60.0}
    assert len(arms) == 2 + 2


def test_a_worker_lost_in_a_training_put_off_fails_its_own_cell() -> None:
    """The others are trained."""
    dies, pace = dies_at(messages.Train), paced(dict.fromkeys("abc", 0.1))

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        return dies(request, cell_id) or pace(request, cell_id)

    run = watch(answer, restarts=1, rounds=1).run
    assert [record.outcome.kind for record in run.cells] == ["ok", "killed", "ok"]
    assert [len(record.trainings) for record in run.cells] == [1, 0, 1]


def test_slow_cells_take_part_in_fewer_rounds_and_restarts_evenly() -> None:
    """A step of a second, in a run of blocks of 0.01 s: in 3 of 12 rounds, and in 6 of 10 restarts.

    Of 10 restarts the even selection of 6 is those in which i * 6 / 10 reaches a new whole number.
    """
    run = watch(paced({"a": 1.0}), trainers="ab", restarts=10, rounds=12, block_s=0.01).run
    slow, quick = run.cells
    assert [(block.restart, block.round) for block in slow.blocks] == [
        (restart, number) for restart in (0, 2, 4, 5, 7, 9) for number in (0, 4, 8)
    ]
    assert len(quick.blocks) == 10 * 12
    assert len(slow.compiles) == 6


def test_a_cell_of_longer_blocks_takes_part_in_as_many_rounds_as_the_time_of_the_others_allows() -> None:
    """A step twice as long as a block should be: every other round."""
    run = watch(paced({"a": 0.02}), trainers="ab", restarts=1, rounds=12, block_s=0.01).run
    assert [block.round for block in run.cells[0].blocks] == [0, 2, 4, 6, 8, 10]


def test_an_even_selection_is_even() -> None:
    """Of 40, every number up to all of them, the first included; neighbours differ by one step at most."""
    for some in range(1, 41):
        found = [index for index in range(40) if rounds.is_among(index, some, 40)]
        assert (len(found), found[0]) == (some, 0)
        gaps = {later - earlier for earlier, later in zip(found, [*found[1:], 40], strict=True)}
        assert max(gaps) - min(gaps) <= 1


def test_a_device_that_admits_one_process_is_measured_worker_after_worker() -> None:
    """Each with all its rounds, ended before the next starts, in a random order."""
    run, log, _, _ = watch(device="tpu", restarts=2, rounds=3)
    assert [len(record.blocks) for record in run.cells] == [6] * 3
    assert [number for number, _ in groupby(log, key=lambda entry: entry[0])] == list(range(6))
    assert all([kind for kind, _ in one].count("TimeBlock") == 3 for one in asked_of(log).values())


def test_a_block_has_as_many_steps_in_every_restart() -> None:
    """However a worker calibrates: later ones are told, and are asked for no proof again."""
    guesses = iter(range(50, 500, 50))
    told: list[tuple[bool, int | None]] = []

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Prepare):
            told.append((request.prove, request.steps))
            return messages.Prepared(0.0 if request.steps else 1e-4, request.steps or next(guesses))
        return None

    run = watch(answer, trainers="a", restarts=3, rounds=2).run
    assert {block.steps for block in run.cells[0].blocks} == {50}
    assert told == [(True, None), (False, 50), (False, 50)]


def test_the_ceilings_of_an_arm_are_measured_once() -> None:
    """And so is each cell counted."""
    run, log, _, _ = watch(modes=("step", "eager"), restarts=3, rounds=1)
    kinds = Counter(request for _, request, _ in log)
    assert (kinds["MeasureCeilings"], kinds["Count"]) == (1, 6)
    assert run.arms[0].ceilings is not None


def test_single_steps_are_recorded_in_every_restart_where_a_call_is_one() -> None:
    """Not of a scan, and not where nobody asked."""
    run = watch(modes=("step", "scan"), trainers="a", restarts=3, rounds=1).run
    assert [len(record.tails) for record in run.cells] == [3, 0]
    assert watch(trainers="a", restarts=1, rounds=1, tail_s=0.0).run.cells[0].tails == []


def test_threads_that_compute_while_blocks_are_timed_are_counted() -> None:
    """One computed a second, one 0.3 s, one 0.1 s: the last needs no processor."""
    assert [record.busy_threads for record in watch(restarts=2, rounds=1).run.cells] == [2, 2, 2]


def test_a_training_cut_by_its_budget_says_how_far_it_came() -> None:
    """93 of 900 steps in 12 s leave 807 steps, which at that pace take 104 s."""
    cut = Training(0, 93, 12.0, [], 0.5, None, None, None)
    outcome = outcome_of(cut, 900)
    assert outcome.kind == "over_budget"
    assert outcome.reason == "came to step 93 of 900 in 12 s; the rest would take 104 s"


def test_every_cell_is_trained_from_every_seed_once() -> None:
    """After the blocks of the first restart, seed by seed; not again in the next."""
    run, log, _, _ = watch(restarts=2, rounds=1, seeds=3)
    asked = [request for _, request, _ in log if request in ("TrainSeed", "TimeBlock")]
    assert asked == ["TimeBlock"] * 3 + ["TrainSeed"] * 9 + ["TimeBlock"] * 3
    assert [[training.seed for training in record.seed_trainings] for record in run.cells] == [[0, 1, 2]] * 3


def test_a_cell_cut_at_its_first_seed_is_left_at_that() -> None:
    """Too slow for the budget whatever the seed; the others go on."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.TrainSeed) and cell_id == "xor-a-cpu-step":
            return messages.SeedTrained(SeedTraining(request.seed, 0, "cut", 20, 5.0, [Point(0, 0, 0.7)]))
        return None

    run = watch(answer, restarts=2, rounds=1, seeds=5).run
    assert [len(record.seed_trainings) for record in run.cells] == [1, 5, 5]


def test_a_worker_lost_at_a_seed_leaves_the_seeds_of_the_others() -> None:
    """The cell that lost it is out; the others are trained from all, once."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        second = isinstance(request, messages.TrainSeed) and request.seed == 1
        return dies_at(messages.TrainSeed)(request, cell_id) if second else None

    run = watch(answer, restarts=1, rounds=1, seeds=4).run
    assert run.cells[1].outcome.kind == "killed"
    for record in (run.cells[0], run.cells[2]):
        assert [training.seed for training in record.seed_trainings] == [0, 1, 2, 3]


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
    run, asked = watch_arms(restarts=3, rounds=1)
    assert [len(record.trainings) for record in run.cells] == [1] * 7
    assert not any(kind == "MeasureCeilings" for _, _, kind, _ in asked)


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
