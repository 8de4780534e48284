"""What is swept, what fits into the budget, and what is said of the rest."""

from collections.abc import Sequence

import pytest
from runs import run_of

from tests.benches.schedule.test_rounds import ARM, LOG, Override, Watched, plausible_always
from triptych.benches.arms.process import WorkerLost
from triptych.benches.record.run import Cell, CellRecord, Run, Settings
from triptych.benches.run.choice import Choice, ChoiceError
from triptych.benches.schedule import rounds, sweep_budget
from triptych.benches.schedule.sweep_budget import Costed, Sweep, SweepError
from triptych.benches.worker import messages
from triptych.benches.workloads.sizes import size_of


def test_a_range_is_its_powers_of_two() -> None:
    """Both ends included."""
    assert sweep_budget.parse("width=16:128") == Sweep("width", (16, 32, 64, 128))
    assert sweep_budget.parse("batch=1:4") == Sweep("batch", (1, 2, 4))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("depht=1:8", "'depht=1:8' names no axis; expected AXIS=FROM:TO .* the axes are width, depth, batch"),
        ("", "names no axis"),
        ("width", "is not a range"),
        ("width=8", "'width=8' is not a range; expected AXIS=FROM:TO with two powers of two, such as width=16:4096"),
        ("width=8:16:32", "is not a range"),
        ("width=-2:4", "is not a range"),
        ("width=2.0:4", "is not a range"),
        ("width=٢:8", "is not a range"),
        ("width=0:4", "has an end that is no power of two"),
        ("width=12:48", "has an end that is no power of two"),
        ("width=64:16", "does not grow"),
        ("width=8:8", "does not grow"),
        ("depth=1:128", "goes too far: a depth of at most 64 can be measured; lower its end"),
        (f"batch=1:{2**62}", "goes too far"),
        ("width=1:" + "9" * 5000, "is not a range"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_sentence(words: str, sentence: str) -> None:
    """What was got, what was expected."""
    with pytest.raises(SweepError, match=sentence):
        sweep_budget.parse(words)


def test_an_axis_is_swept_once() -> None:
    """Two ranges of one axis would make cells of one name."""
    with pytest.raises(SweepError, match="--sweep names width twice"):
        sweep_budget.checked(["width=1:4", "depth=1:2", "width=2:8"])


def test_each_axis_is_swept_by_itself() -> None:
    """Not their product."""
    asked = sweep_budget.checked(["width=16:32", "depth=1:2"])
    cells = Choice(("treemap",), ("digits", "teacher"), ("cpu",), sweeps=asked).checked().cells()
    assert [cell.workload for cell in cells] == [
        "digits-width16", "digits-width32", "digits-depth1", "digits-depth2",
        "teacher-width16", "teacher-width32", "teacher-depth1", "teacher-depth2",
    ]  # fmt: skip


def test_what_does_not_go_with_a_sweep_is_refused() -> None:
    """A size of a size, a ladder beside it."""
    asked = sweep_budget.checked(["width=16:32"])
    with pytest.raises(ChoiceError, match="'digits-width8' has a size already; give --sweep the name 'digits'"):
        Choice(("treemap",), ("digits-width8",), ("cpu",), sweeps=asked).checked()
    with pytest.raises(ChoiceError, match="--sweep and --ladder were both given"):
        Choice(("treemap",), ("digits",), ("cpu",), ladder=True, sweeps=asked).checked()
    with pytest.raises(ChoiceError, match="unknown workload 'mnist'; expected one of xor, "):
        Choice(("treemap",), ("mnist-width8",), ("cpu",)).checked()


def job(trainer: str, workload: str) -> rounds.Job:
    """A job without anything behind it."""
    record = CellRecord(Cell(workload, trainer, "cpu"), "cpu")
    return rounds.Job(record, messages.Spec(record.cell, trainer, ""))


def costed(trainer: str, workload: str, seconds: float) -> Costed:
    size = size_of(workload)
    assert size
    return Costed(job(trainer, workload), size, seconds)


def dropped(cells: Sequence[Costed], budget_s: float) -> list[str]:
    """Who goes, in order."""
    return [f"{one.job.record.cell.trainer} {one.size.size}" for one in sweep_budget.left_out(cells, budget_s)]


def three_trainers() -> list[Costed]:
    """Sizes 1, 2, 4: treemap takes 1, 2, 4 s, flax_optax half a second more each, naive ten times as long."""
    return [
        costed(trainer, f"teacher-width{size}", factor * size + extra)
        for trainer, factor, extra in (("treemap", 1, 0), ("flax_optax", 1, 0.5), ("naive", 10, 0))
        for size in (1, 2, 4)
    ]


def test_the_largest_cells_of_the_slowest_trainer_go_first() -> None:
    """85.5 s in all; naive goes from the top until it is no longer the slowest, then sizes go whole."""
    assert dropped(three_trainers(), 85.5) == []
    assert dropped(three_trainers(), 85.4) == ["naive 4"]
    assert dropped(three_trainers(), 45.4) == ["naive 4", "naive 2"]
    assert dropped(three_trainers(), 25.4) == ["naive 4", "naive 2", "naive 1"]
    assert dropped(three_trainers(), 15.4)[3:] == ["treemap 4", "flax_optax 4"]
    assert len(dropped(three_trainers(), 0)) == 9


def test_no_trainer_is_left_alone_at_a_size() -> None:
    """With nothing to compare it to, its time is better spent; one trainer by itself was asked for so."""
    pair = [costed(trainer, f"teacher-width{size}", 1) for trainer in ("treemap", "flax_optax") for size in (1, 2)]
    assert sorted(dropped(pair, 3)) == ["flax_optax 2", "treemap 2"]
    assert dropped([one for one in pair if one.job.spec.cell.trainer == "treemap"], 1) == ["treemap 2"]


def test_the_costliest_axis_is_cut_back_first() -> None:
    """Every curve loses its upper end and never gets a hole."""
    cells = [costed("treemap", f"teacher-{axis}{size}", factor * size)
             for axis, factor in (("width", 1), ("batch", 3)) for size in (1, 2, 4)]  # fmt: skip
    assert [one.size.name for one in sweep_budget.left_out(cells, 12)] == ["teacher-batch4", "teacher-batch2"]


STEP_S = {1: 0.01, 2: 1.0, 4: 2.0}


def planned(budget_s: float | None, override: Override = plausible_always) -> tuple[Run, list[str], LOG]:
    """Plans two trainers over three widths on a clock that only training moves: by 0.1, 1 and 2 s."""
    log: LOG = []
    now = [0.0]

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Train):
            size = size_of(cell_id.rpartition("-cpu")[0].rpartition("-")[0])
            now[0] += STEP_S[size.size] if size else 0.0
        return override(request, cell_id)

    jobs = [job(trainer, f"teacher-width{size}") for trainer in ("treemap", "flax_optax") for size in (4, 2, 1)]
    run = run_of(*(one.record for one in jobs))
    run.settings = Settings(restarts=2, rounds=1, block_s=0.04, sweep_budget_s=budget_s)
    started = iter(range(99))
    rim = rounds.Rim(lambda _: Watched(next(started), log, answer), lambda: None, lambda *_: None)
    kept = sweep_budget.plan(run, [ARM], jobs, rim, lambda: now[0])
    return run, [one.spec.cell.workload + " " + one.spec.cell.trainer for one in kept], log


def test_without_a_budget_nothing_is_tried() -> None:
    """Whoever asks for one size by name gets it."""
    _, kept, log = planned(None)
    assert (len(kept), log) == (6, [])


def test_small_sizes_are_tried_first_and_all_are_kept_in_time() -> None:
    """One worker, ended; every cell compiled, prepared and trained once."""
    _, kept, log = planned(1000)
    assert len(kept) == 6
    trained = [cell for _, request, cell in log if request == "Train"]
    assert [cell.split("-")[1] for cell in trained] == ["width1"] * 2 + ["width2"] * 2 + ["width4"] * 2
    assert [number for number, request, _ in log if request == "end"] == [0]


def test_what_cannot_fit_is_not_even_tried() -> None:
    """Two restarts of two trainings make 4 s of width 2, so width 4 is guessed to take 8 and is left out untried."""
    run, kept, log = planned(11)
    assert {name.split()[0] for name in kept} == {"teacher-width1", "teacher-width2"}
    assert not any("width4" in cell for _, _, cell in log)
    reasons = {record.outcome.reason for record in run.cells if record.cell.workload == "teacher-width4"}
    assert len(reasons) == 1
    assert reasons.pop().startswith("left out: an estimated 8.2 s of ")
    assert {record.outcome.kind for record in run.cells} == {"unmeasured"}


def test_a_trial_that_fails_is_the_cells_outcome() -> None:
    """One raises, one kills its worker; the others are measured, in a fresh worker."""

    def broken(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Prepare) and "width1-flax" in cell_id:
            return messages.Failed("raised", "no such luck")
        if isinstance(request, messages.Prepare) and "width2-treemap" in cell_id:
            raise WorkerLost("killed", "its process ended")
        return None

    run, kept, log = planned(1000, broken)
    outcomes = {record.cell.id: record.outcome.kind for record in run.cells}
    assert outcomes["teacher-width1-flax_optax-cpu-step"] == "raised"
    assert outcomes["teacher-width2-treemap-cpu-step"] == "killed"
    assert len(kept) == 4
    assert {number for number, *_ in log} == {0, 1}


def test_a_batch_that_no_data_fill_is_left_out() -> None:
    """Digits have 1,438 training rows; with or without a budget."""
    too_large, fits = job("treemap", "digits-batch2048"), job("treemap", "digits-batch1024")
    run = run_of(too_large.record, fits.record)
    rim = rounds.Rim(lambda arm: Watched(0, [], plausible_always), lambda: None, lambda *_: None)
    assert sweep_budget.plan(run, [ARM], [too_large, fits], rim) == [fits]
    assert too_large.record.outcome.reason == ("left out: digits has 1,438 training rows, too few for a batch of 2,048")


def test_a_sweep_compiles_each_cell_cold_once() -> None:
    """In the first restart; the others only prepare."""
    log: LOG = []
    one = job("treemap", "teacher-width1")
    run = run_of(one.record)
    run.settings = Settings(restarts=3, rounds=1, sweep_budget_s=10)
    run.workloads = [run.workloads[0].__class__("teacher-width1", "", "", "", "", 1, 100, 1e-3, 1e-6, 0.1)]
    started = iter(range(99))
    rim = rounds.Rim(lambda _: Watched(next(started), log, plausible_always), lambda: None, lambda *_: None)
    rounds.measure(run, [ARM], [one], rim)
    assert [request for _, request, _ in log].count("CompileCold") == 1
    assert [request for _, request, _ in log].count("Prepare") == 3
