"""Seconds from the first call to executables: trace, lower and backend compile, from empty caches."""

import pytest

from triptych.benches.run.plugin import CLOCK, Replay


@pytest.mark.benchmark(timer=CLOCK)
def bench_compile(replay: Replay) -> None:
    """Seconds from the first call to executables: trace, lower and backend compile, from empty caches."""
    replay("compile", lambda record: [compiled.compile_s for compiled in record.cold_compiles])
