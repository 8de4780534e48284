"""The empty call of this machine, timed anew: what microseconds measured elsewhere are scaled by."""

from triptych.benches.analysis.pairing import step_s
from triptych.benches.record.files import scratch
from triptych.benches.record.run import Cell, Settings
from triptych.benches.run.take import new_run, take
from triptych.benches.schedule.defaults import DEFAULT_REFERENCE
from triptych.benches.schedule.job import CUT

CALLED = Cell("arrays_adam-arrays32", DEFAULT_REFERENCE, "cpu", "floor")
"""An empty call on 97 arrays."""

ABOUT_TEN_S = Settings(restarts=CUT, rounds=200, tail_s=0.0)


def empty_call_s() -> float:
    """Seconds of `CALLED` here, in some ten seconds.

    Raises:
        WorkerLost: If a worker cannot even start.
        RuntimeError: If nothing could be timed; the message says why.
    """
    run = new_run([CALLED], ABOUT_TEN_S, "triptych cost")
    with scratch("cost") as folder:
        take(run, {CALLED.trainer: CALLED.trainer}, folder / "result.json")
    if (timed := step_s(run.cells[0])) is None:
        raise RuntimeError(f"the empty call could not be timed here: {run.cells[0].outcome.reason}")
    return timed.value
