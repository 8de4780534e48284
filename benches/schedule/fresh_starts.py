"""Fresh processes timed from their start to their first step: a trainer's imports, its build, and three compiles.

Cold is a process without any cache of compiled programs; a hit is one that finds its programs on disk, where an
earlier process of the same trainer has put them; warm is the second call in either.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import START_TIMEOUT_S, WorkerLost
from triptych.benches.record.files import scratch
from triptych.benches.record.run import FAILURES, Outcome, Run, Start
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.plan import Rim
from triptych.benches.worker import messages

Cache = Literal["cold", "hit"]
Case = tuple[Job, Cache, Arm]  # a trainer to be started, and the arm that does it without or with a cache


def measure_starts(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim) -> None:
    """If the run asks for it: every trainer once a restart without a cache and once with one, in random order."""
    if not run.settings.start_up:
        return
    order = random.Random(run.settings.seed)
    with scratch("cache") as folder:
        cases: list[Case] = []
        for index, job in enumerate(chosen(jobs)):
            arm = replace(next(arm for arm in arms if arm.name == job.record.arm), forked=False)
            cached = replace(arm, env=arm.env | env_of_cache(folder / str(index)))
            cases.extend([(job, "cold", arm), (job, "hit", cached)])
            _start(run, rim, cases[-1], 0)  # fills the cache; it is no sample
        for number in range(run.settings.restarts):
            for place, case in enumerate(order.sample(cases, len(cases)), start=number * len(cases)):
                starts = case[0].record.starts
                if all(one.number != place for one in starts) and (start := _start(run, rim, case, place)):
                    starts.append(start)
                    rim.save()


def chosen(jobs: Sequence[Job]) -> list[Job]:
    """The first live cell of every trainer in an arm: what a start takes hardly depends on the workload."""
    first: dict[tuple[str, str], Job] = {}
    for job in jobs:
        if job.record.cell.mode == "step" and job.record.outcome.kind not in FAILURES:
            first.setdefault((job.record.arm, job.record.cell.trainer), job)
    return list(first.values())


def env_of_cache(folder: Path) -> dict[str, str]:
    """Turns jax's cache on disk on, for programs of any size."""
    return {
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _start(run: Run, rim: Rim, case: Case, number: int) -> Start | None:
    """One start; None after the cell was marked as failed, and for one that had failed before."""
    job, cache, arm = case
    if job.record.outcome.kind in FAILURES:
        return None
    rim.advance(f"start {number + 1}: {job.spec.cell.id}, {cache}", 0.0)
    try:
        with rim.start(arm) as worker:
            worker.pin()
            request = messages.StartUp(job.spec, number, cache, worker.began_s)
            answer = worker.ask(request, run.settings.timeout_s + START_TIMEOUT_S)
    except WorkerLost as lost:
        answer = messages.Failed(lost.kind, lost.reason)
    if isinstance(answer, messages.Started):
        return answer.start
    assert isinstance(answer, messages.Failed), "a start is answered by its phases or by why there are none"
    job.record.outcome = Outcome(answer.kind, f"in a fresh process: {answer.reason}")
    return None
