"""One place, watched through workers that only write down what they are asked."""

from collections import Counter
from itertools import groupby

import pytest
from watched import HELD, Watch, asked_of, begin, dies_at, new_run, watch

from triptych.benches.record.run import Block, Outcome, Point, SeedTraining
from triptych.benches.worker import messages


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
    """By the module that the registry names of a style; of another trainer nobody knows."""
    preloads = [arm.preload for arm in watch(run=new_run(["treemap", "flax_optax", "mine"], restarts=1)).arms]
    assert preloads == [("triptych.impls.treemap.trainer",), ("triptych.impls.flax_optax.trainer",), ()]


def test_a_round_is_one_block_of_every_cell() -> None:
    """Within a round every cell comes once; within a restart positions count up."""
    run = watch(restarts=2, rounds=4).run
    blocks = sorted((b.restart, b.position, b.round, r.cell.trainer) for r in run.cells for b in r.blocks)
    rounds = [sorted(t for *_, t in group) for _, group in groupby(blocks, key=lambda b: (b[0], b[2]))]
    assert rounds == [["a", "b", "c"]] * 8
    assert [position for _, position, _, _ in blocks] == [*range(12), *range(12)]


def test_what_disturbs_blocks_comes_before_or_after_them_all() -> None:
    """Single steps and counts last, when nothing of the place is to be timed any more."""
    log = watch(restarts=1, rounds=2, seeds=1).log
    assert [kind for kind, _ in groupby(request for _, request, _ in log)][-8:] == [
        "Compile",
        "Prepare",
        "Train",
        "TimeBlock",
        "RecordTail",
        "TrainSeed",
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


def test_cells_about_as_fast_take_blocks_of_as_many_steps() -> None:
    """Of 17, 34 and 100 steps the shortest becomes as long as its neighbour, the longest stays alone; then all stay."""
    own = {"xor-a-cpu-step": 17, "xor-b-cpu-step": 34, "xor-c-cpu-step": 100}

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        is_new = isinstance(request, messages.Prepare) and request.steps is None
        return messages.Prepared(0.001, own[cell_id]) if is_new else None

    run = watch(answer, restarts=2, rounds=1).run
    taken = {one.cell.trainer: {block.steps for block in one.blocks} for one in run.cells}
    assert taken == {"a": {34}, "b": {34}, "c": {100}}


def test_each_cell_is_counted_once() -> None:
    """Three trainers in two modes, whatever the number of restarts."""
    log = watch(modes=("step", "eager"), restarts=3, rounds=1).log
    assert Counter(request for _, request, _ in log)["Count"] == 6


def test_what_only_compiles_is_compiled_and_counted_and_nothing_else() -> None:
    """In three restarts at most, and its outcome says so."""
    run, log, _, _ = watch(modes=("compile",), restarts=5, rounds=2)
    kinds = Counter(request for _, request, _ in log)
    assert {kind: kinds[kind] for kind in ("Compile", "Count", "Prepare", "Train", "TimeBlock")} == {
        "Compile": 9, "Count": 3, "Prepare": 0, "Train": 0, "TimeBlock": 0,
    }  # fmt: skip
    assert {one.outcome.reason for one in run.cells} == {"compiled, and never run"}


def test_single_steps_are_recorded_in_every_restart_where_a_call_is_one() -> None:
    """Not of a scan, and not where nobody asked."""
    run = watch(modes=("step", "scan"), trainers="a", restarts=3, rounds=1).run
    assert [len(record.tails) for record in run.cells] == [3, 0]
    assert watch(trainers="a", restarts=1, rounds=1, tail_s=0.0).run.cells[0].tails == []


def test_threads_that_compute_while_blocks_are_timed_are_counted() -> None:
    """One computed a second, one 0.3 s, one 0.1 s: the last needs no processor."""
    assert [record.busy_threads for record in watch(restarts=2, rounds=1).run.cells] == [2, 2, 2]


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
