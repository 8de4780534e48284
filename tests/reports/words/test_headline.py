"""The verdict says what the ratios say, once, with its numbers."""

import msgspec
import pytest
from runs import cell_record, run_of

from tests.reports.sample_run import sample_run
from triptych.benches.record.run import CellRecord
from triptych.reports.view.report import report
from triptych.reports.words import naming
from triptych.reports.words.cards import cards
from triptych.reports.words.headline import caveats, sentences


def constant(factor: float, trainer: str, losses: tuple[float, ...] = (0.7, 0.1)) -> CellRecord:
    """A cell whose every block takes so many times a millisecond per step."""
    return cell_record(trainer, {restart: [factor * 1e-3] * 3 for restart in range(7)}, losses)


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ([(2, "naive")], "Against treemap on cpu, naive takes 2.00 [2.00\u20132.00] times as long per step."),
        ([(1.03, "naive")], "Against treemap on cpu, naive takes 1.03 [1.03\u20131.03] times as long per step."),
        ([(1, "naive")], "Against treemap on cpu, naive ties (1.00 [1.00\u20131.00] times)."),
        (
            [(2, "naive"), (0.5, "flax_optax"), (1, "mine")],
            "Against treemap on cpu, naive takes 2.00 [2.00\u20132.00] and flax_optax 0.500 [0.500\u20130.500] times "
            "as long per step; mine ties (1.00 [1.00\u20131.00] times).",
        ),
        (
            [(2, "a"), (3, "b"), (4, "c"), (5, "d")],
            "Against treemap on cpu, 4 trainers take 2.00 (a) to 5.00 (d) times as long per step.",
        ),
    ],
)
def test_one_sentence_with_its_numbers(others: list[tuple[float, str]], sentence: str) -> None:
    """What several trainers share is said once; many are summed up by their extremes."""
    run = run_of(*(constant(factor, trainer) for factor, trainer in others), constant(1, "treemap"))
    assert sentences(report([run])) == [sentence]


def test_what_cannot_be_told_is_said() -> None:
    """Ratios of 1.1 to the power -3 to 3 have their third Walsh averages at -2 and 2; two restarts have none."""
    noisy = cell_record("mine", {restart: [1.1 ** (restart - 3) * 1e-3] * 3 for restart in range(7)})
    few = cell_record("few", {restart: [2e-3] * 3 for restart in range(2)})
    assert sentences(report([run_of(noisy, few, constant(1, "treemap"))])) == [
        "Against treemap on cpu, few takes 2.00 times as long per step; "
        "for mine this run cannot tell (1.00 [0.826\u20131.21] times)."
    ]


def test_lost_parity_is_said() -> None:
    """In the verdict, in a caveat, and with its reason on the card."""
    view = report([run_of(constant(2, "naive", (0.7, 0.2)), constant(1, "treemap"))])
    assert sentences(view) == ["Against treemap on cpu, naive has no ratio."]
    assert "Parity was lost in 1 of 1 comparison; no ratio is given there." in caveats(view)
    line = cards(view)[0].lines[0]
    assert (line.figure, line.word, line.kind) == ("", "no ratio", "none")
    assert "losses differ at step 50" in line.note


def test_missing_reference_is_said() -> None:
    """A run whose reference was not measured has no ratios, and says which is missing."""
    run = run_of(constant(1, "naive"))
    run.reference = "treemap"
    view = report([run])
    assert sentences(view) == ["Against treemap on cpu, naive has no ratio."]
    assert cards(view)[0].lines[0].note == "no reference cell was measured"


def test_without_the_usual_reference_the_page_says_so() -> None:
    """A trainer that is its own reference, one that stands in for the usual one, and the usual one."""
    run = run_of(constant(1, "flax_optax"))
    run.reference = "flax_optax"
    assert caveats(report([run]))[1] == "treemap, the usual reference, was not measured."
    run.cells.append(constant(2, "naive"))
    assert caveats(report([run]))[1] == "treemap, the usual reference, was not measured; the ratios are to flax_optax."
    assert "usual" not in " ".join(caveats(report([sample_run()])))


def test_a_lone_trainer_without_interval_is_a_sentence() -> None:
    """How fast it is, where, and how many restarts an interval needs."""
    run = run_of(cell_record("treemap", {0: [1e-3] * 3}))
    assert sentences(report([run])) == [
        "treemap on xor, cpu makes 1,000 steps/s (no interval: 1 restart, 6 needed); "
        "there is no other trainer to compare it with."
    ]


@pytest.mark.parametrize(
    ("cpus", "words"),
    [
        ([], "cpu: measured on all processors, as users have it."),
        (
            [3],
            "cpu: measured on one processor (number 3), with one thread of XLA's; "
            "--cpus all measures as users have it.",
        ),
        (
            [0, 1],
            "cpu: measured on processors 0, 1, with a thread of XLA's for each; --cpus all measures as users have it.",
        ),
    ],
)
def test_the_processors_of_a_run_are_said_first(cpus: list[int], words: str) -> None:
    """They decide what may be compared; of several runs each says its own."""
    run = sample_run()
    run.arms[0].cpus = cpus
    assert caveats(report([run]))[0] == words
    assert f"Run B, {words}" in caveats(report([sample_run(seed=1), run]))


def test_a_trainer_that_needs_more_processors_than_it_had_is_named() -> None:
    """Three busy threads on one processor; two are Python's and XLA's, and on all processors three are welcome."""
    said = "treemap on xor, cpu kept 3 threads busy on one processor; try --cpus all."
    for cpus, busy, expected in (([1], 3, True), ([1], 2, False), ([], 3, False)):
        run = run_of(cell_record("treemap", {0: [1e-3]}), cell_record("naive", {0: [1e-3]}))
        run.arms[0].cpus, run.cells[0].busy_threads = cpus, busy
        assert (said in caveats(report([run]))) == expected


def test_a_training_that_takes_longer_than_its_blocks_say_is_named() -> None:
    """100 steps in 1 s are 10 ms a step: as the blocks say within a tenth, or else it is told by how much."""
    said = "treemap on xor, cpu took 2.00 times as long per step in a whole training as in the blocks of its steps/s."
    for step_s, expected in ((5e-3, True), (9.5e-3, False)):
        run = run_of(cell_record("treemap", {0: [step_s]}), cell_record("naive", {0: [1e-2]}))
        assert (said in caveats(report([run]))) == expected


def test_devices_and_modes_are_named_where_they_differ() -> None:
    """And not where they do not."""
    record = constant(2, "naive")
    other = constant(1, "treemap")
    scan = [
        msgspec.structs.replace(one, cell=msgspec.structs.replace(one.cell, mode="scan")) for one in (record, other)
    ]
    view = report([run_of(record, other, *scan)])
    assert [sentence[:45] for sentence in sentences(view)] == [
        "Against treemap on cpu, step mode, naive take",
        "Against treemap on cpu, scan mode, naive take",
    ]
    assert [line.where for line in cards(view)[0].lines] == ["xor · step", "xor · scan"]


def test_sides_of_a_scene_stand_together() -> None:
    """Run beside run for the same trainer, in the order of the first run's workloads."""
    rows = naming.side_by_side(report([sample_run(), sample_run(seed=1)]))
    assert [(row.place.workload, row.trainer, row.place.source) for row in rows[:4]] == [
        ("xor", "naive", "A"),
        ("xor", "naive", "B"),
        ("xor", "treemap", "A"),
        ("xor", "treemap", "B"),
    ]
    assert [row.place.workload for row in rows] == ["xor"] * 6 + ["digits"] * 6


def test_history_is_headed_by_the_newest() -> None:
    """Of many runs the last one's verdict comes first."""
    runs = [sample_run(seed=seed, workloads=("xor",)) for seed in range(8)]
    for day, run in enumerate(runs):
        run.created = f"2026-11-{day + 1:02}T00:00:00Z"
    assert "in run F on cpu" in sentences(report(runs))[0]


def test_ratios_without_interval_are_a_first_look() -> None:
    """Said beside the verdict, after where it was measured, and on the card in place of the interval."""
    view = report([sample_run(restarts=2)])
    assert caveats(view)[1] == "A first look, not a finding: there is no interval yet (2 restarts, 6 needed)."
    assert {(line.note, line.word) for card in cards(view) for line in card.lines} == {
        ("2 restarts, 6 needed", "no interval")
    }
