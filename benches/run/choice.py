"""One run of the instrument, from what was asked for to the record: arms, cells, data, file, progress."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from triptych.benches.analysis.ladder import FLOOR, LADDER
from triptych.benches.arms.checkout import commit
from triptych.benches.arms.process import Worker, find_platforms, platform_arm
from triptych.benches.record import files
from triptych.benches.record.run import FAILURES, SCHEMA, ArmRecord, Cell, CellRecord, Mode, Run, Settings
from triptych.benches.schedule.defaults import DEFAULT_TRAINERS, DEFAULT_WORKLOADS, reference_among
from triptych.benches.schedule.fresh_starts import measure_starts
from triptych.benches.schedule.progress import progress
from triptych.benches.schedule.rounds import Job, Rim, measure
from triptych.benches.schedule.sweep_budget import Sweep, plan, sweep_names
from triptych.benches.worker import messages
from triptych.benches.workloads.published import describe, save
from triptych.benches.workloads.sizes import BASES, base_of, workload_named
from triptych.impls import registry


class ChoiceError(Exception):
    """Something was asked for that does not exist; the message lists what does."""


@dataclass(frozen=True)
class Choice:
    """What to measure: the product of trainers, workloads, devices and modes. No device means every one present.

    With sweeps every workload is measured in their sizes instead of its own.
    """

    trainers: tuple[str, ...] = DEFAULT_TRAINERS
    workloads: tuple[str, ...] = DEFAULT_WORKLOADS
    devices: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("step",)
    ladder: bool = False
    sweeps: tuple[Sweep, ...] = ()

    def checked(self) -> "Choice":
        """The same with the devices found, every name known and every trainer loadable by name.

        Raises:
            ChoiceError: If a workload, device or mode is unknown, or two trainers would go by one name.
            triptych.impls.registry.RegistryError: If a trainer is unknown.
        """
        _check_known("workload", [base_of(name) for name in self.workloads], tuple(BASES))
        if self.sweeps and (sized := [name for name in self.workloads if name not in BASES]):
            raise ChoiceError(f"workload {sized[0]!r} has a size already; give --sweep the name {base_of(sized[0])!r}")
        if self.sweeps and self.ladder:
            raise ChoiceError("--sweep and --ladder were both given; take one run each, `triptych report` joins them")
        _check_known("mode", self.modes, tuple(mode for mode in get_args(Mode) if mode != "limit"))
        labels: dict[str, str] = {}
        for trainer in self.trainers:
            registry.check(trainer)
            if (other := labels.setdefault(registry.label(trainer), trainer)) != trainer:
                raise ChoiceError(
                    f"{other} and {trainer} would both be called {registry.label(trainer)}; rename one file"
                )
        if self.devices == ("cpu",):
            return self
        present = tuple(find_platforms())
        _check_known("device", self.devices, present)
        return replace(self, devices=self.devices or present)

    def cells(self) -> list[Cell]:
        """Every cell, trainers of one workload and device side by side, and the rungs of the ladder after them."""
        rungs = [(change.trainer, change.mode) for change in (*LADDER, FLOOR)] if self.ladder else []
        chosen = [(registry.label(trainer), mode) for mode in self.modes for trainer in self.trainers]
        return [
            Cell(workload, trainer, device, mode)  # pyright: ignore[reportArgumentType]  checked
            for workload in (sweep_names(self.workloads, self.sweeps) if self.sweeps else self.workloads)
            for device in self.devices
            for trainer, mode in dict.fromkeys([*chosen, *rungs])
        ]

    def references(self) -> dict[str, str]:
        """What the registry loads, by the label that the cells use."""
        rungs = [change.trainer for change in LADDER] if self.ladder else []
        return {registry.label(trainer): trainer for trainer in (*self.trainers, *rungs)}


def _check_known(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ChoiceError(f"unknown {kind} {name!r}; expected one of {', '.join(known)}")


def new_run(cells: Sequence[Cell], settings: Settings, command: str) -> Run:
    """A record with everything but measurements."""
    devices = dict.fromkeys(cell.device for cell in cells)
    arms = [platform_arm(device) for device in devices]
    return Run(
        schema=SCHEMA,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        commit=commit(),
        settings=settings,
        reference=reference_among(cells),
        arms=[ArmRecord(arm.name, arm.device, arm.env) for arm in arms],
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

    path.parent.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=path.parent).close()  # fails now rather than after the first restart
    with tempfile.TemporaryDirectory(prefix="triptych-") as folder, progress() as shown:
        bar = shown.add_task("starting", total=1.0)
        paths = {known.name: save(workload_named(known.name), Path(folder)) for known in run.workloads}
        jobs = [
            Job(cell, messages.Spec(cell.cell, references[cell.cell.trainer], str(paths[cell.cell.workload])))
            for cell in run.cells
        ]
        rim = Rim(Worker, keep, lambda doing, share: shown.update(bar, description=doing, advance=share))
        try:
            arms = [platform_arm(arm.device) for arm in run.arms]
            planned = plan(run, arms, jobs, rim)
            measure(run, arms, planned, rim)
            measure_starts(run, arms, planned, rim)
            run.status = "complete"
        finally:
            keep()
