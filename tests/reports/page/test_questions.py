"""The three questions: answered from the figures of the report, or with the command that would answer them."""

from pathlib import Path

import msgspec
import pytest
from runs import cell_record, run_of

from tests.benches.analysis.test_ladder import climbed
from tests.reports.figures.test_scaling import swept
from tests.reports.sample_run import sample_run
from triptych.benches.record.run import Compile, Run
from triptych.reports import text
from triptych.reports.page.page import write_report
from triptych.reports.page.questions import compiling, cost, faster, questions
from triptych.reports.view.report import report
from triptych.reports.words import columns


def pair(naive: tuple[float, float], treemap: tuple[float, float], restarts: int = 6) -> Run:
    """Two trainers with (seconds to compile, seconds per step), the same in every restart."""
    records = []
    for trainer, (compile_s, step_s) in (("naive", naive), ("treemap", treemap)):
        record = cell_record(trainer, {restart: [step_s] * 3 for restart in range(restarts)})
        record.compiles = [Compile(restart, 0.0, 0.0, compile_s, compile_s, 1) for restart in range(restarts)]
        records.append(record)
    return run_of(*records)


def test_a_ladder_tells_why() -> None:
    """16,000 / 5,000 / 90 / 14 / 13 microseconds up to a step, 13 / 0.8 beyond; the product is 16,000 / 13."""
    asked = faster(report([climbed()]))
    assert asked.asked == "Why is treemap 1,230 times as fast as naive?"
    assert asked.answers == [
        "On xor on cpu: 3.20 × (the whole batch at once) · 55.6 × (loss and gradient compiled into one program) · "
        "6.43 × (the update compiled with them) · 1.08 × (the old state's memory used again (donated)) = 1,230 times; "
        "measured as one ratio, 1,230 [1,230–1,230]. Beyond that, all steps in one lax.scan: 16.3 ×; "
        "the same loop in C: 4.00 ×."
    ]
    assert asked.missing == ""
    assert asked.figures[0] == "ladder"


def test_without_a_ladder_the_command_is_named() -> None:
    """How many times is known, why is not."""
    asked = faster(report([pair((0.1, 1.0), (0.1, 0.001))]))
    assert asked.asked == "Why is treemap 1,000 times as fast as naive?"
    assert asked.answers == ["On xor on cpu, naive takes 1,000 [1,000–1,000] times treemap's time per step."]
    assert (bool(asked.missing), asked.command) == (True, "triptych run --ladder")


def test_cost_with_and_without_a_sweep() -> None:
    """The ratio at a workload's own size, the crossover of a sweep, both of two runs side by side."""
    without, alone, both = (cost(report(runs)) for runs in ([sample_run()], [swept()], [sample_run(), swept()]))
    assert len(without.answers) == 2
    assert without.answers[0].startswith("On xor on cpu, flax_optax takes 1.0")
    assert (bool(without.missing), without.command) == (True, "triptych run --sweep width=16:4096")
    assert len(alone.answers) == 1
    assert "a tie within ±2 % from width 256 on; at 128 it is none" in alone.answers[0]
    assert (len(both.answers), both.missing) == (3, "")


@pytest.mark.parametrize(
    ("naive", "treemap", "said"),
    [
        ((0.7, 1e-2), (0.1, 1e-5), "treemap is ahead from the first step"),
        ((0.1, 2e-3), (1.1, 1e-3), "treemap is ahead after 1,000 steps ([1,000–1,000])"),
        ((0.1, 1e-3), (1.1, 2e-3), "treemap is never ahead"),
        ((1.1, 1e-3), (0.1, 2e-3), "treemap is ahead until 1,000 steps ([1,000–1,000])"),
    ],
)
def test_when_compiling_pays(naive: tuple[float, float], treemap: tuple[float, float], said: str) -> None:
    """Extra compile time over time saved: 1 s over 1 ms is 1,000 steps."""
    [answer] = compiling(report([pair(naive, treemap)])).answers
    assert answer.startswith(f"On xor on cpu, {said}; compiling takes ")


@pytest.mark.parametrize(
    ("naive", "treemap", "said"),
    [
        ((0.7, 1e-2), (0.1, 1e-5), "treemap is ahead from the first step so far (no interval: {few})"),
        ((0.1, 1e-3), (1.1, 2e-3), "treemap is never ahead so far (no interval: {few})"),
        ((0.1, 2e-3), (1.1, 1e-3), "treemap is ahead after 1,000 steps (no interval: {few})"),
    ],
)
def test_one_restart_claims_no_more_than_it_saw(
    naive: tuple[float, float], treemap: tuple[float, float], said: str
) -> None:
    """Neither "never" nor "from the first step"; what has no interval says so in a sentence."""
    view, few = report([pair(naive, treemap, 1)]), "1 restart, 6 needed"
    [answer] = compiling(view).answers
    assert answer.startswith(f"On xor on cpu, {said.format(few=few)}; compiling takes ")
    ratio = text.significant(naive[1] / treemap[1])
    [answer] = faster(view).answers
    assert answer == f"On xor on cpu, naive takes {ratio} times treemap's time per step (no interval: {few})."
    assert columns.even(view.rows[0]).main.endswith("so far") == ("so far" in said)


def test_few_compiles_are_as_few_restarts() -> None:
    """A sweep compiles once: its steps have an interval, its break-even has none."""
    run = pair((0.7, 1e-2), (0.1, 1e-5))
    for record in run.cells:
        del record.compiles[1:]
    [answer] = compiling(report([run])).answers
    assert "ahead from the first step so far" in answer


def test_disagreeing_restarts_are_no_answer() -> None:
    """One restart in which compiling took less."""
    run = pair((0.1, 2e-3), (1.1, 1e-3))
    run.cells[0].compiles[0] = msgspec.structs.replace(run.cells[0].compiles[0], backend_s=2.0)
    [answer] = compiling(report([run])).answers
    assert "treemap is undecided (restarts disagree)" in answer


def test_a_run_of_one_trainer_answers_nothing() -> None:
    """Every question then has its command."""
    asked = questions(report([run_of(cell_record("treemap", {0: [1e-3]}))]))
    assert [one.answers for one in asked] == [[], [], []]
    assert all(one.missing and one.command.startswith("triptych run --") for one in asked)


def test_no_ratio_without_parity() -> None:
    """A trainer that computed something else answers no question."""
    run = pair((0.1, 1.0), (0.1, 0.001))
    run.cells[0].trainings = cell_record("naive", {0: [1.0]}, losses=(0.7, 0.3)).trainings
    assert faster(report([run])).answers == []


def test_figures_stand_beside_their_questions_and_are_numbered_in_reading_order(tmp_path: Path) -> None:
    """Each figure once."""
    page = write_report([sample_run()], tmp_path)[0].read_text(encoding="utf-8")
    keys = [part.split('"')[0] for part in page.split('<figure id="figure-')[1:]]
    assert keys == ["speeds", "ratios", "totals", "tail", "compile", "losses", "order"]
    heads = [part.split("</h3>")[0].partition(".")[0] for part in page.split("<figcaption><h3>")[1:]]
    assert heads == ["1", "2", "3", "4", "5", "6", "7"]
    assert "<code>triptych run --ladder</code> measures it." in page
