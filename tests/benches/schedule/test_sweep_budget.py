"""What fits into the budget of a sweep, and what is said of the rest."""

from runs import run_of
from watched import ARM, LOG, Override, Watched, plausible_always

from triptych.benches.arms.process import WorkerLost
from triptych.benches.record.run import Cell, CellRecord, Run, Settings
from triptych.benches.schedule import plan, rounds, sweep_budget
from triptych.benches.schedule.job import Job
from triptych.benches.worker import messages
from triptych.benches.workloads.sizes import size_of

STEP_S = {1: 0.01, 2: 1.0, 4: 2.0, 8: 4.0}


def job(trainer: str, workload: str) -> Job:
    """A job without anything behind it."""
    record = CellRecord(Cell(workload, trainer, "cpu"), "cpu")
    return Job(record, messages.Spec(record.cell, trainer, ""))


def swept(budget_s: float | None, override: Override = plausible_always, restarts: int = 2) -> tuple[Run, LOG]:
    """Two trainers over four widths on a clock that only training moves: by 0.01, 1, 2 and 4 s."""
    log: LOG = []
    now = [0.0]

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Train):
            size = size_of(cell_id.rpartition("-cpu")[0].rpartition("-")[0])
            now[0] += STEP_S[size.size] if size else 0.0
        return override(request, cell_id)

    jobs = [job(trainer, f"teacher-width{size}") for trainer in ("treemap", "flax_optax") for size in (8, 4, 2, 1)]
    run = run_of(*(one.record for one in jobs))
    run.workloads = [
        run.workloads[0].__class__(f"teacher-width{size}", "", "", "", "", 1, 100, 1e-3, 1e-6, 0.1) for size in STEP_S
    ]
    run.settings = Settings(restarts=restarts, rounds=1, block_s=0.04, sweep_budget_s=budget_s)
    started = iter(range(99))
    rim = plan.Rim(lambda _: Watched(next(started), log, answer), lambda: None, lambda *_: None, lambda: now[0])
    rounds.measure(run, [ARM], jobs, rim)
    return run, log


def measured(run: Run) -> set[str]:
    """The workloads that have blocks."""
    return {record.cell.workload for record in run.cells if record.blocks}


def test_without_a_budget_everything_is_measured() -> None:
    """Whoever asks for one size by name gets it."""
    run, _ = swept(None)
    assert all(record.blocks for record in run.cells)


def test_small_sizes_come_first_and_all_are_kept_in_time() -> None:
    """In the first restart; the second takes them in random order, and no worker is started for a trial."""
    run, log = swept(1000)
    assert all(record.outcome.kind == "ok" for record in run.cells)
    trained = [cell.split("-")[1] for _, request, cell in log if request == "Train"]
    assert trained[:8] == ["width1"] * 2 + ["width2"] * 2 + ["width4"] * 2 + ["width8"] * 2
    assert sorted(trained[8:]) == sorted(trained[:8])
    assert trained[8:] != trained[:8]
    assert [request for _, request, _ in log].count("start") == 2 * 8


def test_what_cannot_fit_is_not_even_tried() -> None:
    """Two restarts of a training of 1 s of two trainers make 4 s of width 2, so width 4 is taken to need 8."""
    run, log = swept(11)
    assert measured(run) == {"teacher-width1", "teacher-width2"}
    assert not any("width4" in cell or "width8" in cell for _, _, cell in log)
    left_out = [record.outcome for record in run.cells if not record.blocks]
    assert {(one.kind, one.reason) for one in left_out} == {
        (
            "unmeasured",
            "left out: the sizes before it leave too little of the budget of 11 s; --sweep-budget gives more",
        )
    }


def test_a_trainer_that_fails_is_left_at_that() -> None:
    """One raises at one size; the other is measured there, and both at every other."""

    def broken(request: messages.Request, cell_id: str) -> messages.Answer | None:
        fails = isinstance(request, messages.Prepare) and "width1-flax" in cell_id
        return messages.Failed("raised", "no such luck") if fails else None

    run, _ = swept(1000, broken)
    assert {record.cell.id for record in run.cells if not record.blocks} == {"teacher-width1-flax_optax-cpu-step"}


def test_a_worker_lost_at_one_size_costs_that_cell() -> None:
    """The others are measured in the same restarts, at every size."""

    def broken(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, messages.Prepare) and "width2-treemap" in cell_id:
            raise WorkerLost("killed", "its process ended")
        return None

    run, log = swept(1000, broken)
    assert [record.outcome.kind for record in run.cells].count("killed") == 1
    assert sum(len(record.blocks) == 2 for record in run.cells) == 7
    assert run.cut_short == []
    assert [request for _, request, _ in log].count("start") == 8 + 7


def test_a_batch_that_no_data_fill_is_left_out() -> None:
    """Digits have 1,438 training rows; with or without a budget."""
    too_large, fits = job("treemap", "digits-batch2048"), job("treemap", "digits-batch1024")
    assert [sweep_budget.has_rows(one.record) for one in (too_large, fits)] == [False, True]
    assert too_large.record.outcome.reason == ("left out: digits has 1,438 training rows, too few for a batch of 2,048")


def test_a_cell_of_a_sweep_is_compiled_once_a_restart() -> None:
    """In the first restart too, in which sizes are tried: what was measured there is kept."""
    _, log = swept(1000)
    mine = [request for _, request, cell in log if cell == "teacher-width1-treemap-cpu-step"]
    assert [mine.count(kind) for kind in ("Compile", "Prepare", "Train", "TimeBlock", "Count")] == [2, 2, 2, 2, 1]


def test_a_size_already_measured_is_not_measured_again() -> None:
    """A sweep that was stopped after its second size goes on with its third."""
    run, _ = swept(1000, restarts=1)
    run.done = [one for one in run.done if "width4" not in one and "width8" not in one]
    rim = plan.Rim(lambda _: Watched(0, log, plausible_always), lambda: None, lambda *_: None, lambda: 0.0)
    log: LOG = []
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in run.cells]
    rounds.measure(run, [ARM], jobs, rim)
    assert {cell.split("-")[1] for _, _, cell in log if cell} == {"width4", "width8"}
