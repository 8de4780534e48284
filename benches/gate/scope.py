"""What a gate on code is asked: which cells, against what, on which processors, for how long."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from triptych.benches.arms.arm import cpus_of
from triptych.benches.arms.checkout import CheckoutError
from triptych.benches.record.run import Settings
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS

GATE = Settings(restarts=10, slow_restarts=10, rounds=12, compiles=2, tail_s=0.0, train_budget_s=1.5, loss_budget_s=1.5)

LEFT_OUT = ("naive", "digits")  # measured only where trainers are named: its steps take 0.1 s, and its compiling 2 s


@dataclass(frozen=True)
class Scope:
    """What a gate compares, and how.

    Attributes:
        trainers: References as the registry loads them; the built-in ones of each side if empty.
        cpus: The processors of every worker, each with one thread of XLA's; any number of both if empty.
        base_python: The base's interpreter; if None, this one, or a new environment where constraints changed.
    """

    trainers: tuple[str, ...] = ()
    workloads: tuple[str, ...] = DEFAULT_WORKLOADS
    device: str = "cpu"
    settings: Settings = GATE
    cpus: tuple[int, ...] = ()
    base_python: str | None = None


def scope_of(options: Mapping[str, Any]) -> Scope:
    """What the command line asked for.

    Raises:
        ValueError: If a processor or an interpreter is named that there is not.
    """
    python = options["base_python"]
    found = python and shutil.which(python)
    if python and not found:
        raise ValueError(f"--base-python {python!r} is no program; expected the path of a Python interpreter")
    asked = {name: options[name] for name in ("restarts", "seed") if options[name] is not None}
    trainers, workloads = _names(options["trainer"]), _names(options["workload"]) or DEFAULT_WORKLOADS
    device, cpus = options["device"], cpus_of(options["cpus"], options["device"])
    base_python = str(Path(found).absolute()) if found else None
    return Scope(trainers, workloads, device, msgspec.structs.replace(GATE, **asked), cpus, base_python)


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whether options or commas stand between them."""
    return tuple(dict.fromkeys(name for names in given for name in names.split(",") if name))


def from_root(reference: str, repo: Path, folder: Path) -> str:
    """A trainer, typed in a folder, as a worker finds it in a copy of the repository: a file from the root.

    Raises:
        CheckoutError: If the file lies outside, where base and head would both find the same one.
    """
    place, _, attribute = reference.rpartition(":")
    if not place.endswith(".py"):
        return reference
    path = (folder / place).parent.resolve() / Path(place).name
    if not path.is_relative_to(repo.resolve()):
        raise CheckoutError(f"{place} lies outside {repo}, so base and head would be the same file; give one inside")
    return f"{path.relative_to(repo.resolve())}:{attribute}"
