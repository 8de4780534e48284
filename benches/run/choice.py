"""What was asked for, checked before anything is measured: which cells, and how much of each."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from triptych.benches.arms.arm import AS_IT_DOES, cpus_of
from triptych.benches.arms.process import find_platforms
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import Cell, Settings
from triptych.benches.record.targets import Target, TargetError, compiler, target_named
from triptych.benches.run.experiments import EXPERIMENTS
from triptych.benches.run.options import OPTIONS, ChoiceError, names
from triptych.benches.schedule.defaults import DEFAULT_TRAINERS, DEFAULT_WORKLOADS, ONCE, QUICK, THOROUGH
from triptych.benches.workloads.sizes import BASES, base_of, known_as
from triptych.impls import registry


def chosen(typed: Mapping[str, Any]) -> dict[Cell, str]:
    """The cells that the options choose, trainers of one workload and device side by side, and what is loaded for each.

    They are the product of trainers, workloads, devices and modes, and what experiments make of it.

    Raises:
        ChoiceError: If a workload, device, mode or target is unknown, two trainers would go by one name, two
            experiments have cells of their own, or a workload cannot be swept.
        triptych.impls.registry.RegistryError: If a trainer is unknown.
        triptych.benches.arms.process.WorkerLost: If no worker can tell which devices there are.
    """
    experiments = {name: row.read(typed[name]) for name, row in EXPERIMENTS.items() if typed[name]}
    rows = [EXPERIMENTS[name] for name in experiments]
    named = names(typed["workload"]) or next((row.workloads for row in rows if row.workloads), DEFAULT_WORKLOADS)
    workloads = list(map(known_as, named))
    trainers = names(typed["trainer"]) or next((row.trainers for row in rows if row.trainers), DEFAULT_TRAINERS)
    modes = names(typed["mode"]) or ("step",)
    _check_known("workload", map(base_of, workloads), tuple(BASES))
    _check_known("mode", modes, [mode for mode, row in MODES.items() if row.offered])
    loaded: dict[str, str] = {}
    for trainer in trainers:
        registry.check(trainer)
        if (other := loaded.setdefault(registry.label(trainer), trainer)) != trainer:
            raise ChoiceError(f"{other} and {trainer} would both be called {registry.label(trainer)}; rename one file")
    if len(own := [name for name in experiments if EXPERIMENTS[name].cells]) > 1:
        flags = " and ".join(f"--{name}" for name in own)
        raise ChoiceError(f"{flags} were both given; take one run each, `triptych report` joins them")
    targets, timed = targets_of(typed), [mode for mode in modes if mode != "compile"]
    if "compile" in modes and not targets:
        raise ChoiceError("--mode compile compiles for devices that are not there; say which: --compile-for tpu:v5e")
    devices = names(typed["device"])
    if timed and devices != ("cpu",):
        present = tuple(find_platforms())
        _check_known("device", [device.removesuffix(AS_IT_DOES) for device in devices], present)
        devices = devices or present
    ways = [*itertools.product(devices, timed), *((target.label, "compile") for target in targets)]
    product = itertools.product(workloads, ways, loaded)
    cells = [Cell(workload, label, *way) for workload, way, label in product]  # pyright: ignore[reportArgumentType]
    for name, value in experiments.items():
        if change := EXPERIMENTS[name].cells:
            cells = change(cells, value)
    return {cell: loaded.get(cell.trainer, cell.trainer) for cell in cells}


def targets_of(typed: Mapping[str, Any]) -> list[Target]:
    """The devices to compile for that are not there, each of which has its compiler.

    Raises:
        ChoiceError: If one is unknown, two would go by one name, or a compiler is missing or of another release.
    """
    try:
        targets = list(dict.fromkeys(map(target_named, names(typed["compile_for"]))))
        for target in targets:
            compiler(target.platform)
    except TargetError as error:
        raise ChoiceError(str(error)) from error
    if len({target.label for target in targets}) < len(targets):
        raise ChoiceError("two files of --compile-for have one name, which cells would be called by; rename one")
    return targets


def refuse_beside_resume(typed: Mapping[str, Any]) -> None:
    """A run that is taken up goes on as it was begun.

    Raises:
        ChoiceError: If anything was typed that says how else.
    """
    for option in OPTIONS:
        usual = option.default if option.kind is not bool else False
        if option.name != "resume" and typed[option.name] not in (usual, []):
            raise ChoiceError(f"{option.flag} was given beside --resume, which goes on as the run began; leave it out")


def _check_known(kind: str, asked: Iterable[str], known: Sequence[str]) -> None:
    for name in asked:
        if name not in known:
            raise ChoiceError(f"unknown {kind} {name!r}; expected one of {', '.join(known)}")


def settings_of(typed: Mapping[str, Any], *, once: bool = False) -> Settings:
    """How much the options ask for; once is the smallest run there is, as a smoke test.

    Raises:
        ChoiceError: If a number makes no sense, or two options contradict each other.
    """
    for option in OPTIONS:
        value = typed[option.name]
        if option.least is not None and value is not None and value < option.least:
            raise ChoiceError(f"{option.flag} is {value}; expected {option.least} or more")
    if typed["quick"] and typed["thorough"]:
        raise ChoiceError("--quick and --thorough were both given; expected one of them")
    try:
        cpus_of(typed["cpus"])
    except ValueError as error:
        raise ChoiceError(str(error)) from error
    budget_s = typed["sweep_budget"]
    if budget_s is not None and not (typed["sweep"] and 0 < budget_s < math.inf):
        raise ChoiceError(f"--sweep-budget is {budget_s:g}; expected a number of seconds above 0, beside a --sweep")
    settings = ONCE if once else QUICK if typed["quick"] else THOROUGH if typed["thorough"] else Settings()
    for name, row in EXPERIMENTS.items():
        settings = row.settings(settings) if typed[name] else settings
    given = {"sweep_budget_s": budget_s} | {name: typed[name] for name in ("restarts", "seed", "seeds", "start_up")}
    return msgspec.structs.replace(settings, **{name: value for name, value in given.items() if value is not None})
