"""What was asked for, checked before anything is measured: which cells, and how much of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from triptych.benches.arms.process import find_platforms
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import Cell, Settings
from triptych.benches.run.experiments import EXPERIMENTS
from triptych.benches.run.options import OPTIONS, ChoiceError, names
from triptych.benches.schedule.defaults import DEFAULT_TRAINERS, DEFAULT_WORKLOADS, ONCE, QUICK, THOROUGH
from triptych.benches.workloads.sizes import BASES, base_of
from triptych.impls import registry


@dataclass(frozen=True)
class Choice:
    """What to measure: the product of trainers, workloads, devices and modes, and what experiments make of it.

    Attributes:
        devices: None means every one present.
        experiments: By name, what each takes.
    """

    trainers: tuple[str, ...] = DEFAULT_TRAINERS
    workloads: tuple[str, ...] = DEFAULT_WORKLOADS
    devices: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("step",)
    experiments: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def checked(self) -> "Choice":
        """The same with the devices found, every name known and every trainer loadable by name.

        Raises:
            ChoiceError: If a workload, device or mode is unknown, two trainers would go by one name, two experiments
                have cells of their own, or a workload cannot be swept.
            triptych.impls.registry.RegistryError: If a trainer is unknown.
        """
        _check_known("workload", [base_of(name) for name in self.workloads], tuple(BASES))
        _check_known("mode", self.modes, [mode for mode, row in MODES.items() if row.offered])
        labels: dict[str, str] = {}
        for trainer in self.trainers:
            registry.check(trainer)
            if (other := labels.setdefault(registry.label(trainer), trainer)) != trainer:
                raise ChoiceError(
                    f"{other} and {trainer} would both be called {registry.label(trainer)}; rename one file"
                )
        if len(own := [name for name in self.experiments if EXPERIMENTS[name].cells]) > 1:
            flags = " and ".join(f"--{name}" for name in own)
            raise ChoiceError(f"{flags} were both given; take one run each, `triptych report` joins them")
        found = self
        if self.devices != ("cpu",):
            present = tuple(find_platforms())
            _check_known("device", self.devices, present)
            found = replace(self, devices=self.devices or present)
        found.cells()
        return found

    def cells(self) -> list[Cell]:
        """Every cell, trainers of one workload and device side by side."""
        cells = [
            Cell(workload, registry.label(trainer), device, mode)  # pyright: ignore[reportArgumentType]  checked
            for workload in self.workloads
            for device in self.devices
            for mode in self.modes
            for trainer in self.trainers
        ]
        for name, value in self.experiments.items():
            if change := EXPERIMENTS[name].cells:
                cells = change(cells, value)
        return cells

    def references(self) -> dict[str, str]:
        """What the registry loads, by the label that the cells use."""
        own = {registry.label(trainer): trainer for trainer in self.trainers}
        return {cell.trainer: cell.trainer for cell in self.cells()} | own


def _check_known(kind: str, asked: Sequence[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise ChoiceError(f"unknown {kind} {name!r}; expected one of {', '.join(known)}")


def choice_of(typed: Mapping[str, Any]) -> Choice:
    """What the options choose, by name.

    Raises:
        ChoiceError, triptych.impls.registry.RegistryError: As `Choice.checked`.
        triptych.benches.arms.process.WorkerLost: If no worker can tell which devices there are.
    """
    experiments = {name: row.read(typed[name]) for name, row in EXPERIMENTS.items() if typed[name]}
    rows = [EXPERIMENTS[name] for name in experiments]
    own_trainers = next((row.trainers for row in rows if row.trainers), DEFAULT_TRAINERS)
    own_workloads = next((row.workloads for row in rows if row.workloads), DEFAULT_WORKLOADS)
    return Choice(
        names(typed["trainer"]) or own_trainers,
        names(typed["workload"]) or own_workloads,
        names(typed["device"]),
        names(typed["mode"]) or ("step",),
        experiments,
    ).checked()


def settings_of(typed: Mapping[str, Any], *, once: bool = False) -> Settings:
    """How much the options ask for.

    Args:
        typed: The options by name.
        once: The least there is, to see that everything works.

    Raises:
        ChoiceError: If a number makes no sense, or two options contradict each other.
    """
    for option in OPTIONS:
        if option.least is not None and typed[option.name] is not None and typed[option.name] < option.least:
            raise ChoiceError(f"{option.flag} is {typed[option.name]}; expected {option.least} or more")
    if typed["quick"] and typed["thorough"]:
        raise ChoiceError("--quick and --thorough were both given; expected one of them")
    budget_s = typed["sweep_budget"]
    if budget_s is not None and not (typed["sweep"] and 0 < budget_s < math.inf):
        raise ChoiceError(f"--sweep-budget is {budget_s:g}; expected seconds above 0, and a --sweep beside it")
    settings = ONCE if once else QUICK if typed["quick"] else THOROUGH if typed["thorough"] else Settings()
    for name, row in EXPERIMENTS.items():
        settings = row.settings(settings) if typed[name] else settings
    given = {"sweep_budget_s": budget_s} | {name: typed[name] for name in ("restarts", "seed", "seeds", "start_up")}
    return msgspec.structs.replace(settings, **{name: value for name, value in given.items() if value is not None})
