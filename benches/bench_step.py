"""Seconds per step, so that OPS reads as steps per second."""

import pytest

from triptych.benches.run.plugin import CLOCK, Replay


@pytest.mark.benchmark(timer=CLOCK)
def bench_step(replay: Replay) -> None:
    """Seconds per step, so that OPS reads as steps per second."""
    replay("seconds per step", lambda record: [block.step_s for block in record.counted_blocks])
