"""Who is measured when: restarts, places, rounds and cells in a seeded random order, over all arms.

A restart measures place after place: each trainer and arm there gets a fresh worker that holds its one cell, compiles
and prepares it, trains it, and takes its turns at short blocks, the arms of a cell side by side. Trainings that take
long come last of all. A cell that fails is recorded as that and left out from there on; between arms a restart that
lost a worker is cut short, and another takes its place. The record is saved whenever a place is done.
"""

import random
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from triptych.benches.arms.arm import AS_IT_DOES, ONE_PROCESS_DEVICES, Arm, present_cpus
from triptych.benches.arms.process import WorkerLost
from triptych.benches.record.run import Run
from triptych.benches.schedule.job import Job, is_live
from triptych.benches.schedule.place import Course, Place, is_among
from triptych.benches.schedule.plan import ONE_ARM, Plan, Rim
from triptych.benches.schedule.progress import Forecast
from triptych.benches.schedule.sweep_budget import fit


def measure(run: Run, arms: Sequence[Arm], jobs: Sequence[Job], rim: Rim, plan: Plan = ONE_ARM) -> None:
    """Fills the run's cells with what is missing. Stopping half-way leaves the record as it is.

    What the run says is done is not done again; the plan says what a restart consists of, and the number of the first.

    Raises:
        WorkerLost: If a worker cannot even start.
    """
    course = Course(run, {arm.name: arm for arm in arms}, jobs, rim, plan, Forecast(run.settings, rim.clock))
    number, done = plan.first, 0
    while done < run.settings.restarts and any(map(is_live, jobs)) and len(run.cut_short) <= run.settings.restarts:
        if number not in run.cut_short:
            if _take(course, number, done):
                done += 1
            else:
                run.cut_short.append(number)
        number += 1
    _train_last(course)


def _take(course: Course, number: int, index: int) -> bool:
    """Measures every live cell in its place, after `index` restarts; False if a worker was lost with patience left."""
    taken = [one.position for job in course.jobs for one in job.record.blocks if one.restart == number]
    course.number, course.position = number, max(taken, default=-1) + 1
    places: dict[tuple[str, str, str], list[Job]] = {}
    for job in course.jobs:
        if is_live(job) and is_among(index, job.restarts(course.run.settings), course.run.settings.restarts):
            places.setdefault(job.place, []).append(job)
    order = random.Random(f"{course.run.settings.seed} restart {number}")
    shuffled = order.sample(list(places.values()), len(places))
    try:
        if course.run.settings.sweep_budget_s is not None and index == 0:
            fit(shuffled, course.run.settings, course.rim.clock, lambda jobs: _measure_place(course, jobs))
        else:
            for jobs in shuffled:
                _measure_place(course, jobs)
    except WorkerLost:
        if course.plan.patience == 1 or max(course.lost[arm] for arm in course.arms) >= course.plan.patience:
            raise
        return False
    return True


def _measure_place(course: Course, jobs: Sequence[Job]) -> None:
    """All that one restart measures of the cells of a place, if that is not done already."""
    key = f"{course.number} {' '.join(jobs[0].place)}"
    if key in course.run.done:
        return
    order = random.Random(f"{course.run.settings.seed} {key}")
    in_turn = jobs[0].place[1].removesuffix(AS_IT_DOES) in ONE_PROCESS_DEVICES
    for together in [[job] for job in jobs] if in_turn else [jobs]:
        with ExitStack() as stack:
            Place(course, [(job, course.arms[job.record.arm]) for job in together], stack, order).measure()
    course.run.done.append(key)
    course.rim.save()


def _train_last(course: Course) -> None:
    """The trainings that are only about the loss, side by side on all processors; nothing is timed any more."""
    course.number = course.plan.first
    waiting = [job for job in course.jobs if is_live(job) and job.record.blocks and course.is_untrained(job)]
    waiting.sort(key=course.expected_s, reverse=True)
    cpus = tuple(present_cpus()[::-1])  # the last is often the quietest
    while waiting:
        many = len(cpus) if cpus and waiting[0].record.cell.device == "cpu" else 1
        chunk, waiting = waiting[:many], waiting[many:]
        own = [(job, replace(course.arms[job.record.arm], cpus=cpus[at : at + 1])) for at, job in enumerate(chunk)]
        course.rim.advance(f"training {', '.join(job.spec.cell.id for job in chunk)}", course.expected_s(chunk[0]))
        with ExitStack() as stack:
            Place(course, own, stack, random.Random()).train()
        course.rim.save()
