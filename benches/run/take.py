"""One run of the instrument, from the cells to the record: arms, data, file, progress."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from triptych.benches.arms.arm import AS_IT_DOES, Arm, compiling_arm, cpus_of, platform_arm
from triptych.benches.arms.checkout import commit
from triptych.benches.arms.process import Worker, Workers, fingerprint_of
from triptych.benches.record import files
from triptych.benches.record.files import RecordError
from triptych.benches.record.machine import differences, facts
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import FAILURES, SCHEMA, UNMEASURED, ArmRecord, Cell, CellRecord, Run, Settings
from triptych.benches.record.targets import Target, compiler, target_named
from triptych.benches.run.experiments import EXPERIMENTS
from triptych.benches.schedule.defaults import reference_among
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.plan import Rim
from triptych.benches.schedule.progress import follow, progress
from triptych.benches.schedule.rounds import measure
from triptych.benches.schedule.sweep_budget import has_rows
from triptych.benches.worker import messages
from triptych.benches.workloads.published import describe, save
from triptych.benches.workloads.sizes import adopt, workload_named
from triptych.impls.registry import absolute
from triptych.impls.styles import OWN_TOLERANCES

BY_RESTART = ("blocks", "compiles", "tails", "trainings", "seed_trainings")  # what a record holds of each restart


def new_run(
    cells: Sequence[Cell], settings: Settings, command: str, cpus: str | None = None, targets: Sequence[Target] = ()
) -> Run:
    """A record with everything but measurements; `targets` are those devices of the cells that are not there."""
    aimed = {target.label: target for target in targets}
    arms: list[ArmRecord] = []
    for device in dict.fromkeys(cell.device for cell in cells):
        record = ArmRecord(device, device, {}, cpus=list(cpus_of(cpus, "cpu" if device in aimed else device)))
        if target := aimed.get(device):
            record.target, record.memory_bytes = target.name, target.memory_bytes
            record.compiler = compiler(target.platform)
        record.env = arm_of(record).env
        arms.append(record)
    created, reference = datetime.now(UTC).isoformat(timespec="seconds"), reference_among(cells)
    workloads = [describe(workload_named(name)) for name in dict.fromkeys(cell.workload for cell in cells)]
    records = [CellRecord(cell, cell.device) for cell in cells]
    return Run(SCHEMA, created, command, commit(), settings, reference, arms, workloads, records)


def arm_of(record: ArmRecord) -> Arm:
    """The arm that a record tells of."""
    cpus = tuple(record.cpus)
    return compiling_arm(target_named(record.target), cpus) if record.target else platform_arm(record.device, cpus)


def taken_up(path: Path) -> Run:
    """A run that was stopped, without what it has not measured to its end.

    Raises:
        RecordError: If the file is no result, or its run came to its end.
        RegistryError: If a workload of somebody else is gone.
    """
    run = files.read(path)
    for workload in run.workloads:
        if workload.reference:
            adopt(workload.reference)
    if run.status == "complete":
        raise RecordError(f"{path} holds a complete run; leave --resume out to measure again")
    done = set(run.done)
    for record in run.cells:
        place = f"{record.cell.workload} {record.cell.device} {record.cell.mode}"
        measured: list[Any] = [getattr(record, name) for name in BY_RESTART]
        for samples in measured:
            samples[:] = [one for one in samples if f"{one.restart} {place}" in done]
        is_untrained = MODES[record.cell.mode].trained and not record.trainings
        if is_untrained and record.outcome.kind in ("ok", "over_budget"):
            record.outcome = UNMEASURED
    return run


def take(run: Run, references: dict[str, str], path: Path) -> None:
    """Measures everything in the run and keeps the file at `path` up to date; Ctrl-C leaves it as far as it came.

    The run is filled in place; a result of an earlier one stays until this one has measured something.

    Raises:
        triptych.benches.arms.process.WorkerLost: If a worker cannot even start.
        RecordError: If the run was begun on another machine, or with other libraries.
        OSError: If the file cannot be written.
    """
    began = time.monotonic() - run.duration_s
    run.references = references
    for record in run.cells:
        record.parity_rtol = OWN_TOLERANCES.get(references[record.cell.trainer])
        if record.cell.device.endswith(AS_IT_DOES):
            record.parity_rtol = max(record.parity_rtol or 0.0, *OWN_TOLERANCES.values())

    def keep() -> None:
        run.duration_s = time.monotonic() - began
        if any(cell.compiles or cell.outcome.kind in FAILURES for cell in run.cells):
            files.write(run, path)

    files.make_folder(path.parent)
    with files.scratch("run") as folder, progress() as shown, Workers() as workers:
        tell = follow(shown, began)
        paths = {known.name: str(save(workload_named(known.name), folder)) for known in run.workloads}
        aimed, jobs, rim = {arm.name: arm.target for arm in run.arms}, list[Job](), Rim(workers.start, keep, tell)
        for record in run.cells:
            cell, workload = record.cell, absolute(run.workload(record.cell.workload).reference)
            trainer, data = absolute(references[cell.trainer]), paths[cell.workload]
            jobs.append(Job(record, messages.Spec(cell, trainer, data, workload, aimed[cell.device])))
        arms = list(map(arm_of, run.arms))
        for arm, record in zip(arms, run.arms, strict=True):
            if record.fingerprint is not None:
                _refuse_elsewhere(record, workers.start(arm))
        try:
            possible = [job for job in jobs if has_rows(job.record)]
            measure(run, arms, possible, rim)
            for experiment in EXPERIMENTS.values():
                if experiment.after:
                    experiment.after(run, arms, possible, rim)
            run.status = "complete"
        finally:
            keep()


def _refuse_elsewhere(arm: ArmRecord, worker: Worker) -> None:
    """A run goes on only where it began: its samples are compared with one another."""
    with worker:
        worker.pin()
        here = fingerprint_of(worker, arm_of(arm))
    if differing := differences(facts(arm.fingerprint), facts(here)):
        raise RecordError(f"the run was begun elsewhere ({'; '.join(differing)}); measure anew without --resume")
