"""The view model: every cell appears, ties are ties, runs are never averaged."""

import msgspec
import pytest
from runs import cell_record, run_of

from tests.reports.sample_run import fingerprint, sample_run
from triptych.benches.analysis.tie import standing
from triptych.benches.record.run import CellRecord, Outcome
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.view.report import NothingMeasured, report

EQUAL = {restart: [1e-3] * 3 for restart in range(7)}


def slower_by(factor: float) -> dict[int, list[float]]:
    """Seven restarts that all take so many times a millisecond per step."""
    return {restart: [factor * 1e-3] * 3 for restart in range(7)}


@pytest.mark.parametrize(
    ("time", "word"),
    [
        (Estimate(1.0, 0.99, 1.01, 7), "tie"),
        (Estimate(1.01, 1.001, 1.019, 7), "tie"),
        (Estimate(1.1, 1.0, 1.2, 7), "undecided"),
        (Estimate(1.0, 0.97, 1.01, 7), "undecided"),
        (Estimate(1.1, 1.01, 1.2, 7), "slower"),
        (Estimate(0.9, 0.8, 0.99, 7), "faster"),
        (Estimate(0.9, None, None, 3), "no interval"),
        (None, "none"),
    ],
)
def test_standing(time: Estimate | None, word: str) -> None:
    """A tie lies inside the margin of 2 %; what contains 1 and leaves the margin is undecided."""
    assert standing(time) == word


def test_built_in_trainers_come_first_in_their_order() -> None:
    """Whatever the order of the record."""
    records = [cell_record(name, EQUAL) for name in ("zeta", "flax_optax", "alpha", "naive", "treemap")]
    assert [row.trainer for row in report([run_of(*records)]).rows] == [
        "naive",
        "treemap",
        "flax_optax",
        "alpha",
        "zeta",
    ]


def test_every_cell_appears_however_it_ended() -> None:
    """No outcome drops a row, and what failed has no ratio."""
    kinds = ("over_budget", "diverged", "void", "raised", "hung", "killed", "out_of_memory", "unmeasured")
    failed = [CellRecord(cell_record(kind, {}).cell, "cpu", Outcome(kind, f"it {kind}")) for kind in kinds]
    rows = report([run_of(cell_record("treemap", EQUAL), *failed)]).rows
    assert {row.record.outcome.kind for row in rows} == {"ok", *kinds}
    assert all(row.ratio.time is None for row in rows if row.trainer != "treemap")


def test_lost_parity_leaves_no_ratio() -> None:
    """The reason stands where the ratio would."""
    other = cell_record("naive", slower_by(2), losses=(0.7, 0.2))
    row = report([run_of(other, cell_record("treemap", EQUAL))]).rows[0]
    assert row.ratio.time is None
    assert row.standing == "none"
    assert "losses differ at step 50" in row.ratio.reason
    assert row.break_even.kind == "unknown"


def test_fastest_and_who_ties_with_it() -> None:
    """Rank comes from paired ratios, not from overlapping intervals."""
    records = [cell_record("naive", slower_by(2)), cell_record("treemap", EQUAL), cell_record("flax_optax", EQUAL)]
    assert {row.trainer: row.rank for row in report([run_of(*records)]).rows} == {
        "naive": "behind",
        "treemap": "tied",
        "flax_optax": "tied",
    }
    alone = report([run_of(*records[:2])]).rows
    assert {row.trainer: row.rank for row in alone} == {"naive": "behind", "treemap": "fastest"}


def test_without_intervals_nobody_is_fastest() -> None:
    """Two restarts cannot tell, however far apart the figures are."""
    two = {restart: [1e-3] * 3 for restart in range(2)}
    slow = {restart: [1.0] * 3 for restart in range(2)}
    rows = report([run_of(cell_record("naive", slow), cell_record("treemap", two))]).rows
    assert [row.rank for row in rows] == [None, None]


def test_nothing_measured_is_a_sentence() -> None:
    """With the reasons of the cells, or without any cell."""
    raised = CellRecord(cell_record("naive", {}).cell, "cpu", Outcome("raised", "ValueError: no"))
    with pytest.raises(NothingMeasured, match=r"of 1 cell none was measured \(xor-naive-cpu-step: ValueError: no\)"):
        report([run_of(raised)])
    with pytest.raises(NothingMeasured, match="holds no cell"):
        report([run_of()])


def test_runs_are_told_apart_by_what_differs() -> None:
    """Letters, and the facts in which their fingerprints differ."""
    one, two = sample_run(), sample_run(seed=1)
    two.arms = [msgspec.structs.replace(two.arms[0], fingerprint=fingerprint(jax="0.11.0"))]
    view = report([one, two])
    assert [(source.label, source.differs) for source in view.sources] == [
        ("A", (("jax", "0.10.2"),)),
        ("B", (("jax", "0.11.0"),)),
    ]
    assert len(view.rows) == 12
    assert len({row.id for row in view.rows}) == 12


def test_history_joins_only_equal_conditions() -> None:
    """Another jax is another line; the machine's load is not a condition."""
    runs = [sample_run(seed=seed) for seed in range(9)]
    for day, run in enumerate(runs):
        run.created = f"2026-11-{day + 1:02}T00:00:00Z"
        print_ = fingerprint(jax="0.11.0" if day > 5 else "0.10.2", load_average=[float(day), 0, 0])
        run.arms = [msgspec.structs.replace(run.arms[0], fingerprint=print_)]
    view = report(runs)
    lines = [one for one in view.history if one.cell.id == "xor-treemap-cpu-step"]
    assert [[moment.place for moment in one.moments] for one in lines] == [[0, 1, 2, 3, 4, 5], [6, 7, 8]]
    assert [one.machine for one in lines] == ["1: jax 0.10.2", "2: jax 0.11.0"]
    assert (len(view.sources), view.older) == (6, 3)
    assert view.sources[-1].run.created == "2026-11-09T00:00:00Z"


def test_one_run_has_no_history() -> None:
    """Nor have two runs that share no conditions."""
    two = sample_run(seed=1)
    two.arms = [msgspec.structs.replace(two.arms[0], fingerprint=fingerprint(cpu_model="another"))]
    assert report([sample_run()]).history == ()
    assert report([sample_run(), two]).history == ()


def test_names_are_made_harmless_once_and_stay_apart() -> None:
    """Rows, places and reasons have clean names, two that look alike differ, and commands keep what was typed."""
    run = run_of(*(cell_record(f"evil{one}", EQUAL) for one in "\u202e\u202d"), cell_record("treemap", EQUAL))
    run.cells[0].outcome = Outcome("raised", "no\x1b[31m")
    rows = report([run]).rows
    assert [row.trainer for row in rows] == ["treemap", "evil\ufffd", "evil\ufffd′"]
    assert [row.typed.trainer for row in rows] == ["treemap", "evil\u202e", "evil\u202d"]
    assert rows[1].record.outcome.reason == "no\ufffd[31m"
    assert rows[1].ratio.reason == "evil\ufffd: raised"
    isolated = text.name("\u05e9\u05dc\u05d5\u05dd")
    assert text.name(isolated) == isolated != text.name(isolated, 3)


def test_another_reference_is_as_if_the_run_had_had_it() -> None:
    """Ratios, pairs and break-even; where that trainer is missing there are none."""
    run = sample_run()
    view = report([run])
    run.reference = "naive"
    assert [(row.ratio, row.pairs, row.break_even) for row in view.against("naive", view.rows)] == [
        (row.ratio, row.pairs, row.break_even) for row in report([run]).rows
    ]
    assert {row.ratio.reason for row in view.against("absent", view.rows)} == {"no reference cell was measured"}
