"""The two looks of a gate: when there is a second one, and what it may change."""

import pytest

from triptych.benches.gate.looks import Seen, look_twice
from triptych.benches.gate.metrics import Levels, Logs, Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.verdict import Finding, Verdict

TIME, OTHER = Subject("time", "a"), Subject("time", "b")

STEADY, SLOWER, UNSURE = [0.001, -0.001] * 5, [0.5, 0.51] * 5, [0.1, -0.1] * 5

LEVELS: Levels = {}
"""Nothing is known of the base's times, and no floor holds."""


def looked(first: Seen, second: Seen | None = None) -> tuple[list[Finding], list[Finding], list[set[str]]]:
    """What was decided, and the cells that were measured again."""
    asked: list[set[str]] = []

    def again(cells: set[str]) -> Seen:
        asked.append(cells)
        assert second is not None, "no second look was expected"
        return second

    return *look_twice(first, again, Policy(), 10), asked


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    return {one.cell: one.verdict for one in findings}


def test_what_is_decided_is_not_looked_at_again() -> None:
    """Neither cell is undecided."""
    heads, canaries, asked = looked(Seen({TIME: STEADY, OTHER: SLOWER}, {TIME: STEADY}, LEVELS))
    assert (verdicts(heads), asked) == ({"a": "ok", "b": "regressed"}, [])
    assert verdicts(canaries) == {"a": "ok"}


def test_only_what_is_undecided_is_looked_at_again() -> None:
    """A second look decides it; the first verdict on the other stands, whatever was seen of it since."""
    first = Seen({TIME: UNSURE, OTHER: SLOWER}, {TIME: STEADY}, LEVELS)
    heads, _, asked = looked(first, Seen({TIME: STEADY * 2, OTHER: STEADY * 2}, {TIME: STEADY * 2}, LEVELS))
    assert (verdicts(heads), asked) == ({"a": "ok", "b": "regressed"}, [{"a"}])


@pytest.mark.parametrize("early", [True, False])
def test_nothing_is_decided_where_the_base_differs_from_itself(*, early: bool) -> None:
    """Seen at the first look there is no second; seen at the second, the first one's verdicts go too."""
    quiet: Logs = {TIME: STEADY}
    first = Seen({TIME: UNSURE, OTHER: SLOWER}, {TIME: SLOWER} if early else quiet, LEVELS)
    heads, canaries, asked = looked(first, None if early else Seen({TIME: STEADY * 2}, {TIME: SLOWER * 2}, LEVELS))
    assert set(verdicts(heads).values()) == {"undecided"}
    assert all(one.sentence.endswith("not believed here") and "not believed here" in one.remark for one in heads)
    assert verdicts(canaries) == {"a": "regressed"}
    assert bool(asked) is not early


def test_a_canary_that_was_not_measured_again_keeps_its_verdict() -> None:
    """Its cell was decided at once, so what is seen of it later does not count."""
    first = Seen({TIME: UNSURE, OTHER: STEADY}, {TIME: STEADY, OTHER: STEADY}, LEVELS)
    _, canaries, _ = looked(first, Seen({TIME: STEADY * 2}, {TIME: STEADY * 2, OTHER: SLOWER}, LEVELS))
    assert verdicts(canaries) == {"a": "ok", "b": "ok"}


@pytest.mark.parametrize(("level", "verdict"), [(0.25, "regressed"), (0.03, "ok"), (0.015, "ok")])
def test_a_compile_counts_only_beyond_its_floor_too(level: float, verdict: Verdict) -> None:
    """18 % more of 250 ms are 45 ms; of 30 ms they are 5 ms, and of 15 ms less: below the 20 ms of the floor.

    The head, and one canary against the other; a second look goes by what it saw of the base itself.
    """
    compiled = Subject("compile", "a")
    more = {compiled: [0.165, 0.167] * 5}
    heads, canaries, _ = looked(Seen(more, more, {compiled: level}))
    assert {one.verdict for one in canaries} == {verdict}
    assert {one.verdict for one in heads} == ({"undecided"} if verdict == "regressed" else {"ok"})
    first = Seen({compiled: [0.4, -0.4] * 5}, {}, {compiled: 9.0})
    heads, _, asked = looked(first, Seen({compiled: [0.165, 0.167] * 10}, {}, {compiled: level}))
    assert (verdicts(heads), asked) == ({"a": verdict}, [{"a"}])
