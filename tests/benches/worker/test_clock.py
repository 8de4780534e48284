"""A block is timed from a drained device; of few calls one is made beforehand."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from triptych.benches.worker.clock import FEW_CALLS, run_calls


@pytest.mark.parametrize(
    ("calls", "made"), [(1, 1), (2, 3), (FEW_CALLS, FEW_CALLS + 1), (FEW_CALLS + 1, FEW_CALLS + 1)]
)
def test_of_few_calls_one_is_made_beforehand_on_a_state_of_its_own(calls: int, made: int) -> None:
    """The state that comes back has made the calls asked for, and no more; one call alone is not made twice."""
    seen: list[int] = []

    def call(state: int, _: object) -> tuple[int, float]:
        seen.append(state)
        return state + 1, 0.0

    cell: Any = SimpleNamespace(
        inputs=[None], call=call, start=lambda: 0, running=nullcontext, finish=lambda called: called
    )
    assert run_calls(cell, calls)[2] == calls
    assert len(seen) == made
