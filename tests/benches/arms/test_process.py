"""Workers as processes: where they run, and how the system schedules them."""

import os

import psutil
import pytest

from triptych.benches.arms.process import START_TIMEOUT_S, Worker, pinned_arm
from triptych.benches.worker import messages


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="only Linux has batch processes")
def test_every_thread_of_a_pinned_worker_stays_on_its_processor_and_pushes_none_away() -> None:
    """All that XLA made, seen from outside; the one that waits for requests was there before and computes nothing."""
    cpu = max(os.sched_getaffinity(0))
    before = {process.pid for process in psutil.Process().children()}
    with Worker(pinned_arm("cpu", 1, (cpu,))) as worker:
        worker.ask(messages.Describe(), START_TIMEOUT_S)
        [pid] = {process.pid for process in psutil.Process().children()} - before
        threads = sorted(thread.id for thread in psutil.Process(pid).threads())
        places = [(os.sched_getaffinity(one), os.sched_getscheduler(one)) for one in threads]
    assert places[0] == ({cpu}, os.SCHED_BATCH)
    assert len(places) > 2
    assert sum(place != ({cpu}, os.SCHED_BATCH) for place in places) <= 1
