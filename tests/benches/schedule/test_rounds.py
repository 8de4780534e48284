"""Restarts and places, watched through workers that only write down what they are asked."""

from collections import Counter
from itertools import groupby

import msgspec
import pytest
from watched import Override, Watch, asked_of, begin, dies_at, new_run, watch

from triptych.benches.arms.arm import present_cpus
from triptych.benches.arms.process import WorkerLost
from triptych.benches.record.run import Block, Training
from triptych.benches.schedule import rounds
from triptych.benches.schedule.job import outcome_of
from triptych.benches.worker import messages


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


def test_a_training_cut_by_its_budget_says_how_far_it_came() -> None:
    """93 of 900 steps in 12 s leave 807 steps, which at that pace take 104 s."""
    cut = Training(0, 93, 12.0, [], 0.5, None, None, None)
    outcome = outcome_of(cut, 900)
    assert outcome.kind == "over_budget"
    assert outcome.reason == "came to step 93 of 900 in 12 s; the rest would take 104 s"
