"""The two looks of a gate: when there is a second one, and what it may change."""

import pytest

from triptych.benches.gate.looks import Seen, look_twice
from triptych.benches.gate.metrics import Logs, Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.verdict import Finding, Verdict

TIME, OTHER = Subject("time", "a"), Subject("time", "b")

STEADY, SLOWER, UNSURE = [0.001, -0.001] * 5, [0.5, 0.51] * 5, [0.1, -0.1] * 5


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
    heads, canaries, asked = looked(Seen({TIME: STEADY, OTHER: SLOWER}, {TIME: STEADY}))
    assert (verdicts(heads), asked) == ({"a": "ok", "b": "regressed"}, [])
    assert verdicts(canaries) == {"a": "ok"}


def test_only_what_is_undecided_is_looked_at_again() -> None:
    """A second look decides it; the first verdict on the other stands, whatever was seen of it since."""
    first = Seen({TIME: UNSURE, OTHER: SLOWER}, {TIME: STEADY})
    heads, _, asked = looked(first, Seen({TIME: STEADY * 2, OTHER: STEADY * 2}, {TIME: STEADY * 2}))
    assert (verdicts(heads), asked) == ({"a": "ok", "b": "regressed"}, [{"a"}])


@pytest.mark.parametrize("early", [True, False])
def test_nothing_is_decided_where_the_base_differs_from_itself(*, early: bool) -> None:
    """Seen at the first look there is no second; seen at the second, the first one's verdicts go too."""
    quiet: Logs = {TIME: STEADY}
    first = Seen({TIME: UNSURE, OTHER: SLOWER}, {TIME: SLOWER} if early else quiet)
    heads, canaries, asked = looked(first, None if early else Seen({TIME: STEADY * 2}, {TIME: SLOWER * 2}))
    assert set(verdicts(heads).values()) == {"undecided"}
    assert all(one.sentence.endswith("not believed here") and "not believed here" in one.remark for one in heads)
    assert verdicts(canaries) == {"a": "regressed"}
    assert bool(asked) is not early


def test_a_canary_that_was_not_measured_again_keeps_its_verdict() -> None:
    """Its cell was decided at once, so what is seen of it later does not count."""
    first = Seen({TIME: UNSURE, OTHER: STEADY}, {TIME: STEADY, OTHER: STEADY})
    _, canaries, _ = looked(first, Seen({TIME: STEADY * 2}, {TIME: STEADY * 2, OTHER: SLOWER}))
    assert verdicts(canaries) == {"a": "ok", "b": "ok"}
