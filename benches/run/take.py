"""One run of the instrument, from the cells to the record: arms, data, file, progress."""

import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from triptych.benches.arms.arm import cpus_of, platform_arm
from triptych.benches.arms.checkout import commit
from triptych.benches.arms.process import Workers
from triptych.benches.record import files
from triptych.benches.record.run import FAILURES, SCHEMA, ArmRecord, Cell, CellRecord, Run, Settings
from triptych.benches.run.experiments import EXPERIMENTS
from triptych.benches.schedule.defaults import reference_among
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.progress import progress
from triptych.benches.schedule.rounds import Rim, measure
from triptych.benches.schedule.sweep_budget import has_rows
from triptych.benches.worker import messages
from triptych.benches.workloads.published import describe, save
from triptych.benches.workloads.sizes import workload_named


def new_run(cells: Sequence[Cell], settings: Settings, command: str, cpus: str | None = None) -> Run:
    """A record with everything but measurements.

    Args:
        cells: To be measured.
        settings: How much of each.
        command: That was typed.
        cpus: As `cpus_of` takes it.
    """
    devices = dict.fromkeys(cell.device for cell in cells)
    arms = [platform_arm(device, cpus_of(cpus, device)) for device in devices]
    return Run(
        schema=SCHEMA,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        commit=commit(),
        settings=settings,
        reference=reference_among(cells),
        arms=[ArmRecord(arm.name, arm.device, arm.env, cpus=list(arm.cpus)) for arm in arms],
        workloads=[describe(workload_named(name)) for name in dict.fromkeys(cell.workload for cell in cells)],
        cells=[CellRecord(cell, cell.device) for cell in cells],
    )


def take(run: Run, references: dict[str, str], path: Path) -> None:
    """Measures everything in the run and keeps the file at `path` up to date; Ctrl-C leaves it as far as it came.

    Args:
        run: From `new_run`; filled in place. A result of an earlier run stays until this one has measured something.
        references: What the registry loads, by the label that the cells use.
        path: The result file.

    Raises:
        triptych.benches.arms.process.WorkerLost: If a worker cannot even start.
        OSError: If the file cannot be written.
    """
    began = time.monotonic()
    run.references = references

    def keep() -> None:
        run.duration_s = time.monotonic() - began
        if any(cell.compiles or cell.outcome.kind in FAILURES for cell in run.cells):
            files.write(run, path)

    files.make_folder(path.parent)
    with tempfile.TemporaryDirectory(prefix="triptych-") as folder, progress() as shown, Workers() as workers:
        bar = shown.add_task("starting", total=1.0)
        paths = {known.name: save(workload_named(known.name), Path(folder)) for known in run.workloads}
        cells = [(record.cell, run.workload(record.cell.workload)) for record in run.cells]
        specs = [
            messages.Spec(cell, references[cell.trainer], str(paths[known.name]), known.reference)
            for cell, known in cells
        ]

        def tell(doing: str, left_s: float) -> None:
            done_s = time.monotonic() - began
            shown.update(bar, description=doing, completed=done_s, total=done_s + left_s)

        rim = Rim(workers.start, keep, tell)
        try:
            arms = [platform_arm(arm.device, tuple(arm.cpus)) for arm in run.arms]
            possible = [job for job in map(Job, run.cells, specs) if has_rows(job.record)]
            measure(run, arms, possible, rim)
            for experiment in EXPERIMENTS.values():
                if experiment.after:
                    experiment.after(run, arms, possible, rim)
            run.status = "complete"
        finally:
            keep()
