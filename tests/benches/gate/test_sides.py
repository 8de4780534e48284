"""The gate on one run of two arms: planted runs, and the symmetries of the question."""

import math
from collections.abc import Callable, Sequence

import msgspec
import pytest
from runs import cell_record, run_of

from triptych.benches.gate import looks, sides
from triptych.benches.gate.metrics import Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.gate.verdict import Finding, Rule, Verdict
from triptych.benches.record.counts import Counts
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Outcome, OutcomeKind, Run

CELL = "xor-treemap-cpu-step"
POLICY = Policy()
CANARY, OTHER_CANARY = CANARIES

WOBBLE = (1.003, 0.998, 1.001, 0.996, 1.004, 0.999, 1.002, 0.997)
"""Restarts of one process after the other: its speed differs a little every time."""

BOTH: dict[str, Verdict] = {"time": "ok", "compile": "ok"}

Losses = tuple[float, ...]


def arm(name: str, slower: float = 1.0, losses: Losses = (0.7, 0.1), compiles: float = 10.0) -> CellRecord:
    """A cell of eight restarts of three rounds, so many times as slow as 0.001 ms a step, 30 ms a compile."""
    blocks = {restart: [1e-6 * slower * speed] * 3 for restart, speed in enumerate(WOBBLE)}
    record = msgspec.structs.replace(cell_record("treemap", blocks, losses), arm=name)
    record.compiles = [
        msgspec.structs.replace(one, backend_s=0.03 * compiles * WOBBLE[-one.restart], trace_s=0, lower_s=0)
        for one in record.compiles
    ]
    return record


def planted(base: CellRecord | None = None, head: CellRecord | None = None, canary: CellRecord | None = None) -> Run:
    """A run of base, head and two canaries of which nothing differs but what is given."""
    return run_of(base or arm(BASE), head or arm(HEAD), canary or arm(CANARY), arm(OTHER_CANARY))


def verdicts(findings: Sequence[Finding]) -> dict[str, Verdict]:
    return {finding.metric: finding.verdict for finding in findings}


def times(run: Run, policy: Policy = POLICY) -> list[Finding]:
    """What the first look says."""
    return looks.look(sides.seen(run), sides.levels(run), policy, Rule(policy.alpha, looks.LOOKS))


def timed(run: Run) -> dict[str, Verdict]:
    return verdicts(times(run))


def canary(run: Run) -> list[Finding]:
    return looks.look(sides.seen(run, *CANARIES), sides.levels(run), POLICY, Rule(POLICY.alpha))


def settled(run: Run) -> Finding:
    (finding,) = sides.settled(run)
    return finding


def failed(name: str, kind: OutcomeKind) -> CellRecord:
    return msgspec.structs.replace(arm(name), outcome=Outcome(kind, "ValueError: no"))


@pytest.mark.parametrize(
    ("kinds", "verdict", "words"),
    [
        (("unsupported", "unsupported"), "ok", "neither side runs it: ValueError: no"),
        (("ok", "unsupported"), "missing", "the base runs it, which the head no longer does: ValueError: no"),
        (("unsupported", "ok"), "improved", "the head runs it, which the base does not: ValueError: no"),
    ],
)
def test_what_a_trainer_refuses_is_missing_only_if_it_ran_before(
    kinds: tuple[OutcomeKind, OutcomeKind], verdict: Verdict, words: str
) -> None:
    """A refusal is no failure; nothing else is said of such a cell, and nothing is compared."""
    run = planted(failed(BASE, kinds[0]), failed(HEAD, kinds[1]))
    assert (settled(run).verdict, settled(run).sentence) == (verdict, words)
    assert sides.pairs(run) == {}
    assert sides.counts_compared(run) == sides.untimed(run, sides.seen(run)) == []


def test_nothing_changed_is_ok() -> None:
    """Times, compile times, losses and the canary; ratios within a restart are exactly 1, whatever its speed."""
    run = planted()
    assert timed(run) == BOTH
    assert (settled(run).metric, settled(run).verdict) == ("loss", "ok")
    assert verdicts(canary(run)) == BOTH
    assert looks.unfit(canary(run)) == ""


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (arm(HEAD, slower=1.05), {"time": "regressed", "compile": "ok"}),
        (arm(HEAD, slower=0.95), {"time": "improved", "compile": "ok"}),
        (arm(HEAD, slower=1.01), {"time": "ok", "compile": "ok"}),
        (arm(HEAD, compiles=12), {"time": "ok", "compile": "regressed"}),
        (arm(HEAD, compiles=5), {"time": "ok", "compile": "improved"}),
    ],
    ids=["slower", "faster", "inside the margin", "compiles slower", "compiles faster"],
)
def test_a_change_is_called_by_its_metric(head: CellRecord, expected: dict[str, Verdict]) -> None:
    """5 % is beyond the margin of 2 %, 1 % inside it; 20 % is beyond the margin of 10 % for compiles."""
    assert timed(planted(head=head)) == expected


@pytest.mark.parametrize(("compiles", "verdict"), [(1.5, "ok"), (1.8, "regressed"), (0.5, "ok"), (0.05, "improved")])
def test_a_short_compile_has_the_margin_of_its_floor(compiles: float, verdict: Verdict) -> None:
    """Where the base takes 30 ms, 15 ms more are of no account, and the finding says why; 24 ms more are of some.

    15 ms less are of none either, although in logarithms they are farther off than 20 ms more.
    """
    _, found = times(planted(arm(BASE, compiles=1), arm(HEAD, compiles=compiles)))
    assert (found.metric, found.verdict) == ("compile", verdict)
    assert found.margin == pytest.approx(0.02 / 0.03, rel=0.01)
    words = "20 ms are 66.7 % of the base's 30 ms, and less is of no account"
    assert found.sentence.endswith(f"the margin of 66.7 %; {words}")
    assert found.remark == words


def test_the_estimate_is_the_planted_change() -> None:
    """Head over base: 1.05 for a head that is 5 % slower."""
    run = planted(head=arm(HEAD, slower=1.05))
    time, _ = times(run)
    assert time.estimate is not None
    assert time.estimate.value == pytest.approx(1.05)
    assert time.restarts == (8,)


def test_another_loss_is_regressed() -> None:
    """0.101 against 0.100 is beyond a tolerance of one in a thousand, and it is said where."""
    found = settled(planted(head=arm(HEAD, losses=(0.7, 0.101))))
    assert (found.metric, found.verdict) == ("loss", "regressed")
    assert found.sentence == ("head against base: losses differ at step 50: 0.101 against 0.1; times are not compared")


def test_a_loss_within_the_tolerance_is_ok() -> None:
    """Rounding is no change."""
    assert settled(planted(head=arm(HEAD, losses=(0.7, 0.10005)))).verdict == "ok"


@pytest.mark.parametrize("kind", FAILURES)
def test_a_head_that_fails_is_regressed(kind: OutcomeKind) -> None:
    """However it fails; the reason is passed on."""
    found = settled(planted(head=failed(HEAD, kind)))
    assert (found.metric, found.verdict) == ("outcome", "regressed")
    assert found.sentence.startswith("the base runs, but the head does not: ")
    assert found.sentence.endswith(": ValueError: no")


@pytest.mark.parametrize("kind", FAILURES)
def test_a_base_that_fails_is_incomparable(kind: OutcomeKind) -> None:
    """Even if the head fails too: it did not get worse."""
    for run in (planted(base=failed(BASE, kind)), planted(failed(BASE, kind), failed(HEAD, kind))):
        assert settled(run).verdict == "incomparable"
        assert "the base cannot be measured" in settled(run).sentence


@pytest.mark.parametrize("side", [BASE, HEAD])
def test_a_side_without_training_is_undecided(side: str) -> None:
    """Without losses there is no parity, and without parity no verdict."""
    untrained = msgspec.structs.replace(arm(side), trainings=[])
    assert settled(planted(**{side: untrained})).verdict == "undecided"


def test_what_was_never_timed_on_both_sides_is_undecided() -> None:
    """Every restart lost a worker: equal losses alone do not open the gate."""
    run = planted()
    run.cut_short = list(range(8))
    (found,) = sides.untimed(run, sides.seen(run))
    assert (found.metric, found.verdict) == ("time", "undecided")
    assert "no restart was measured to its end" in found.sentence


def test_a_second_look_leaves_standing_what_was_decided() -> None:
    """More restarts in which the regressed metric is fine again do not take the verdict back."""
    slower, unsure = Subject("time", "a"), Subject("compile", "a")
    first = looks.Seen({slower: [0.5 + 0.001 * n for n in range(10)], unsure: [0.12, -0.1] * 5}, {}, {})
    more = looks.Seen({slower: [0.0] * 30, unsure: [0.001 * n for n in range(30)]}, {}, {})
    found, _ = looks.look_twice(first, lambda _: more, POLICY, 10)
    assert verdicts(found) == {"time": "regressed", "compile": "ok"}
    alone, _ = looks.look_twice(first, lambda _: first, POLICY, 10)
    assert verdicts(alone) == {"time": "regressed", "compile": "undecided"}


def test_a_restart_that_was_cut_short_does_not_count() -> None:
    """Two restarts in which the head seems 100 times slower do not matter once they are cut short."""
    head = arm(HEAD)
    head.blocks = [
        msgspec.structs.replace(block, seconds=block.seconds * (100 if block.restart in (2, 5) else 1))
        for block in head.blocks
    ]
    run = planted(head=head)
    run.cut_short = [2, 5]
    time, _ = times(run, Policy(alpha=0.1))
    assert (time.verdict, time.restarts) == ("ok", (6,))
    assert time.estimate is not None
    assert time.estimate.value == pytest.approx(1)


def test_the_record_keeps_what_was_cut_short() -> None:
    """Leaving out is done on copies."""
    run = planted()
    run.cut_short = [0]
    sides.pairs(run)
    assert {block.restart for block in run.cells[0].blocks} == set(range(8))


def test_a_void_block_leaves_the_round_out_on_both_sides() -> None:
    """The head's only slow blocks are void: nothing was slower."""
    head = arm(HEAD)
    head.blocks = [
        msgspec.structs.replace(block, seconds=block.seconds * 9, void="a compile") if block.round == 1 else block
        for block in head.blocks
    ]
    assert timed(planted(head=head)) == BOTH


@pytest.mark.parametrize(("slower", "alarm"), [(1.05, True), (0.95, True), (1.01, False)])
def test_the_canary_alarms_when_the_base_differs_from_itself(slower: float, *, alarm: bool) -> None:
    """In either direction, beyond the margin."""
    reason = looks.unfit(canary(planted(canary=arm(CANARY, slower=slower))))
    assert bool(reason) is alarm
    assert not alarm or reason.startswith(f"the base measured twice differs from itself ({CELL}, time: ")


def test_a_canary_that_failed_raises_no_alarm() -> None:
    """It has no times to compare."""
    dead = msgspec.structs.replace(failed(CANARY, "killed"), blocks=[], compiles=[])
    assert canary(planted(canary=dead)) == []


def test_a_cell_of_one_arm_alone_is_not_compared() -> None:
    """Only what base and head both hold."""
    assert sides.pairs(run_of(arm(BASE), arm(CANARY))) == {}
    assert sides.pairs(run_of(arm(HEAD))) == {}


MIRROR: dict[Verdict, Verdict] = {"regressed": "improved", "improved": "regressed"}


@pytest.mark.parametrize(("slower", "compiles"), [(3.0, 5), (1.015, 10.2), (0.97, 12)])
def test_swapping_the_arms_mirrors_the_verdict(slower: float, compiles: float) -> None:
    """What regressed one way round improved the other way round, and the estimates are reciprocal."""
    run = planted(arm(BASE), arm(HEAD, slower, compiles=compiles))
    swapped = planted(arm(BASE, slower, compiles=compiles), arm(HEAD))
    there, back = (times(one) for one in (run, swapped))
    for one, other in zip(there, back, strict=True):
        assert one.estimate is not None
        assert other.estimate is not None
        assert math.log(one.estimate.value) == pytest.approx(-math.log(other.estimate.value), abs=1e-9)
        if one.verdict in MIRROR or other.verdict in MIRROR:
            assert other.verdict == MIRROR[one.verdict]


@pytest.mark.parametrize(("slower", "machine"), [(1.05, 1e-3), (1.0, 777.0), (0.9, 31.0)])
def test_a_slower_machine_changes_nothing(slower: float, machine: float) -> None:
    """Both arms scaled alike: the same verdicts."""
    first, second = (planted(arm(BASE, scale), arm(HEAD, slower * scale)) for scale in (1.0, machine))
    assert timed(first) == timed(second)


def drifting(name: str, slower: float, drift: Callable[[int], float]) -> CellRecord:
    """A cell on a machine that becomes slower from restart to restart."""
    record = arm(name, slower)
    record.blocks = [msgspec.structs.replace(b, seconds=b.seconds * drift(b.restart)) for b in record.blocks]
    return record


def test_a_drift_that_both_sides_share_cancels() -> None:
    """Ten times slower at the end than at the start, and still ok."""
    run = planted(*(drifting(name, 1.0, lambda restart: 10 ** (restart / 7)) for name in (BASE, HEAD)))
    assert timed(run) == BOTH


COUNTED = Counts(jaxpr_equations=45, executables_per_call=1, hlo_instructions=120, trainer_lines=90)


@pytest.mark.parametrize(
    ("base", "head", "cause"),
    [
        (COUNTED, {"jaxpr_equations": 46, "hlo_instructions": 131},
         ["The head's program: equations 45 → 46; HLO instructions 120 → 131."]),
        (COUNTED, {"trainer_lines": 95}, [sides.SAME_PROGRAMS]),
        (COUNTED, {"hlo_instructions": None}, [sides.SAME_PROGRAMS]),
        (COUNTED, {"jaxpr_equations": None}, []),
        (COUNTED, None, []),
        (None, {}, []),
    ],
    ids=["another program", "more lines", "wrapped in Python", "hardly counted", "head uncounted", "base uncounted"],
)  # fmt: skip
def test_what_regressed_is_explained_by_the_programs(
    base: Counts | None, head: dict[str, int | None] | None, cause: list[str]
) -> None:
    """What the head's has more of, or that it lies elsewhere, or nothing; and how to measure it again."""
    after = None if head is None else msgspec.structs.replace(COUNTED, **head)
    run = planted(
        msgspec.structs.replace(arm(BASE), counts=base),
        msgspec.structs.replace(arm(HEAD, slower=1.05, compiles=20), counts=after),
    )
    found = sides.explained(times(run), run, lambda cell: f"measure {cell.id}")
    assert {one.metric: one.why for one in found} == dict.fromkeys(
        ("time", "compile"), (*cause, f"Measure it again: measure {CELL}")
    )


def test_only_what_takes_longer_is_explained() -> None:
    """Not what is in order or faster, not other losses, not what is said of a cell that is not there."""
    run = planted(head=arm(HEAD, slower=0.5))
    others = [Finding("loss", CELL, "regressed", "other losses"), Finding("time", "gone", "regressed", "slower")]
    found = sides.explained([*times(run), *others], run, lambda _: "again")
    assert [one.why for one in found] == [()] * 4


def test_what_only_compiles_is_judged_by_its_counts_alone() -> None:
    """Neither times nor losses are missed of it; a lost donation on a device that is not there is named."""
    run, counts = planted(), Counts(jaxpr_equations=3, alias_bytes=52, hlo_instructions=9)
    for name, own in ((BASE, counts), (HEAD, msgspec.structs.replace(counts, alias_bytes=0, hlo_instructions=8))):
        cell = Cell("xor", "treemap", "tpu_v5e", "compile")
        run.cells.append(CellRecord(cell, name, Outcome("ok", "compiled, and never run"), counts=own))
    found = [*sides.settled(run), *sides.untimed(run, sides.seen(run)), *sides.counts_compared(run)]
    own = [one for one in found if one.cell == "xor-treemap-tpu_v5e-compile"]
    assert own
    assert {one.metric for one in own} <= {"counts", "memory"}
    assert not any(subject.cell == own[0].cell for subject in sides.seen(run))
