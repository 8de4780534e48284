"""Every rule of the instrument, bitten: what misbehaving trainers are recorded as, each beside a good one."""

import re
from pathlib import Path

import misbehaving
import msgspec
import psutil
import pytest
from misbehaving import SLOW_STEP_S

from triptych.benches.analysis import pairing
from triptych.benches.record import files
from triptych.benches.record.run import Cell, CellRecord, Run, Settings
from triptych.benches.run.take import new_run, take
from triptych.impls import registry

FILE = Path(misbehaving.__file__)

ASKER = FILE.with_name("asking_trainer.py")

FAILING = ("Raiser", "Sleeper", "Suicide", "Hoarder", "Quitter", "Interrupter")
"""They never have a step behind them, and two of them lose their worker."""

WAYWARD = (
    "Retracer", "HostMover", "Diverger", "EarlyReturner", "WrongLearner", "Switcher", "Idler", "Concealer", "Closer",
)  # fmt: skip

SETTINGS = Settings(restarts=2, rounds=2, block_s=0.02, train_budget_s=1.0, loss_budget_s=1.0, timeout_s=6.0, seed=1)


def measured(names: tuple[str, ...], settings: Settings, folder: Path) -> Run:
    """Some of them, one that asks and treemap on xor, written to a file and read back."""
    wanted = (*(f"{FILE}:{name}" for name in names), f"{ASKER}:Trainer", "treemap")
    references = {registry.label(reference): reference for reference in wanted}
    run = new_run([Cell("xor", label, "cpu") for label in references], settings, "test")
    take(run, references, folder / "result.json")
    return files.read(folder / "result.json")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two restarts."""
    return measured(FAILING, SETTINGS, tmp_path_factory.mktemp("failing"))


@pytest.fixture(scope="module")
def wayward(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One restart: what they do shows in each."""
    return measured(WAYWARD, msgspec.structs.replace(SETTINGS, restarts=1), tmp_path_factory.mktemp("wayward"))


def cell(run: Run, name: str) -> CellRecord:
    label = registry.label(f"{FILE}:{name}")
    return next(record for record in run.cells if record.cell.trainer == label)


def treemap(run: Run) -> CellRecord:
    return next(record for record in run.cells if record.cell.trainer == "treemap")


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("Retracer", "void", "4 of 4 blocks were void: "),
        ("HostMover", "void", "a step moves data to the host"),
        ("Raiser", "raised", "ValueError: no such luck"),
        ("Sleeper", "hung", "no answer within 6 s"),
        ("Suicide", "killed", "its process ended with signal SIGKILL"),
        ("Diverger", "diverged", "the loss was no longer finite at step 5"),
        ("Switcher", "raised", "the trainer changed jax.config: jax_enable_x64=True"),
        ("Quitter", "raised", "SystemExit: 0"),
        ("Interrupter", "raised", "KeyboardInterrupt"),
        ("Concealer", "raised", "ValueError: step returned the loss 0, the batch's is 0.778"),
        ("Hoarder", "out_of_memory", "MemoryError: cannot allocate 1 PiB"),
    ],
)
def test_a_misbehaving_trainer_is_recorded_as_what_it_does(
    failing: Run, wayward: Run, name: str, kind: str, reason: str
) -> None:
    """The outcome has the kind that the design names, and a reason in words."""
    outcome = cell(failing if name in FAILING else wayward, name).outcome
    assert (outcome.kind, outcome.reason[: len(reason)]) == (kind, reason)


def test_a_void_block_is_kept_as_void_and_never_averaged(wayward: Run) -> None:
    """The retracing trainer has blocks, every one void with its count of compiles, and so no time per step."""
    retracer = cell(wayward, "Retracer")
    assert all("compiles inside the block" in (block.void or "") for block in retracer.blocks)
    assert retracer.blocks
    assert pairing.step_s(retracer) is None


def test_the_rest_of_the_run_is_complete(failing: Run, wayward: Run) -> None:
    """Beside all these failures treemap has its restarts and rounds, and the run says it is complete."""
    for run in (failing, wayward):
        complete = [blocks for blocks in pairing.restarts(treemap(run)).values() if len(blocks) == SETTINGS.rounds]
        assert len(complete) == run.settings.restarts
        assert treemap(run).outcome.kind == "ok"
        assert (run.status, run.cut_short) == ("complete", [])


def test_a_trainer_that_reads_what_is_typed_is_answered_that_there_is_nothing(failing: Run, wayward: Run) -> None:
    """At once, and never from the keyboard of whoever started the run."""
    for run in (failing, wayward):
        outcome = next(record.outcome for record in run.cells if record.cell.trainer == "asking_trainer")
        assert outcome.kind == "raised"
        assert "raised EOFError: EOF when reading a line" in outcome.reason


def test_a_trainer_that_closes_what_is_not_its_own_is_measured_and_ended(wayward: Run) -> None:
    """What it read was empty anyway; no process is left of it, nor of any other."""
    assert cell(wayward, "Closer").outcome.kind == "ok"
    assert len(cell(wayward, "Closer").counted_blocks) == SETTINGS.rounds
    assert [one for one in psutil.Process().children() if "triptych.benches.worker" in one.cmdline()] == []


def test_asynchronous_work_is_inside_the_clock(wayward: Run) -> None:
    """A step that returns early is still charged for its work; this lower bound is a sleep, not a measurement."""
    early = cell(wayward, "EarlyReturner")
    assert early.outcome.kind in ("ok", "over_budget")
    assert all(block.step_s >= SLOW_STEP_S for block in early.counted_blocks)


def test_no_ratio_without_parity(wayward: Run) -> None:
    """A trainer that computes something else gets a step at which its losses are others instead of a ratio."""
    ratio = pairing.ratio(wayward, cell(wayward, "WrongLearner"), treemap(wayward))
    assert ratio.time is None
    assert re.match(r"losses differ at step \d+: 0\.\d+ against 0\.\d+$", ratio.reason)


def test_a_trainer_that_stops_working_once_it_is_timed_has_no_ratio(wayward: Run) -> None:
    """Its training is as it should be; the loss after a block is not that of the reference after as many steps."""
    assert pairing.ratio(wayward, cell(wayward, "Idler"), treemap(wayward)).reason.startswith("losses differ at step")


def test_a_switch_turned_by_one_trainer_does_not_reach_another(wayward: Run) -> None:
    """Treemap, from the same forkserver, ends where float32 ends, and no state of its was computed in float64."""
    final_loss = treemap(wayward).trainings[-1].final_loss
    assert final_loss == pytest.approx(0.0193075, abs=1e-6)


def test_a_failed_cell_has_no_ratio(failing: Run) -> None:
    """The reason stands where the ratio would."""
    assert pairing.ratio(failing, cell(failing, "Raiser"), treemap(failing)).reason.endswith("Raiser: raised")
