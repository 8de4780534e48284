"""What a gate on code is asked: which cells, against what, on which processors, for how long."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from triptych.benches.arms.checkout import CheckoutError
from triptych.benches.record.run import Settings
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS

GATE = Settings(restarts=10, rounds=6, block_s=0.05, train_budget_s=1.5)

LEFT_OUT = ("naive", "digits")
"""Measured only where trainers are named: with steps of 0.1 s and 2 s of compiling it would double a gate's time."""


@dataclass(frozen=True)
class Scope:
    """What a gate compares, and how.

    Attributes:
        trainers: References as the registry loads them; the built-in ones of each side if empty.
        cpus: The processors of every worker; any if empty.
        threads: Of XLA.
        base_python: The base's interpreter; if None, this one, or a new environment where constraints changed.
    """

    trainers: tuple[str, ...] = ()
    workloads: tuple[str, ...] = DEFAULT_WORKLOADS
    device: str = "cpu"
    settings: Settings = GATE
    cpus: tuple[int, ...] = ()
    threads: int = 1
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
    return Scope(
        trainers=_names(options["trainer"]),
        workloads=_names(options["workload"]) or DEFAULT_WORKLOADS,
        device=options["device"],
        settings=msgspec.structs.replace(GATE, **asked),
        cpus=_cpus(options["cpus"]),
        threads=options["threads"],
        base_python=str(Path(found).absolute()) if found else None,
    )


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whether options or commas stand between them."""
    return tuple(dict.fromkeys(name for names in given for name in names.split(",") if name))


def from_root(reference: str, repo: Path, folder: Path) -> str:
    """A trainer as a worker finds it in a copy of the repository, where files are looked for from its root.

    Args:
        reference: As typed; a file is meant from the folder.
        repo: The root.
        folder: In which it was typed.

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


def _cpus(text: str | None) -> tuple[int, ...]:
    """The processors named, or the last one that this process may use."""
    if text is None:
        return last_cpu()
    present, named = _cpus_present(), [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) in present for part in named):
        raise ValueError(f"--cpus {text!r}: expected numbers among {', '.join(map(str, present))}, with commas between")
    return tuple(map(int, named))


def last_cpu() -> tuple[int, ...]:
    """The last processor that this process may use, often the quietest; none where the system does not tell."""
    return tuple(_cpus_present()[-1:])


def _cpus_present() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
