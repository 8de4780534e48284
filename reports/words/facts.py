"""What each arm ran on, side by side."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from triptych.benches.record.machine import everything
from triptych.benches.record.run import ArmRecord, Run
from triptych.reports import text


class Fact(NamedTuple):
    """One line of the environment table, a value per arm."""

    name: str
    values: list[str]
    differs: bool


def facts(arms: Sequence[tuple[Run, ArmRecord]]) -> list[Fact]:
    """The environment of every arm, each with the run that it belongs to."""
    told = [everything(arm.fingerprint) if arm.fingerprint else {} for _, arm in arms]
    names = dict.fromkeys(name for one in told for name in one)
    lines = [(name, [_fact(name, one.get(name)) for one in told]) for name in names]
    lines += [
        ("environment", [", ".join(f"{key}={value}" for key, value in sorted(arm.env.items())) for _, arm in arms]),
        ("commit", [arm.commit or run.commit or "" for run, arm in arms]),
        ("measured", [run.created for run, _ in arms]),
        ("command", [run.command for run, _ in arms]),
        ("seed of the order", [str(run.settings.seed) for run, _ in arms]),
    ]
    return [
        Fact(name.replace("_", " "), [text.name(value, 500) or text.NONE for value in values], len(set(values)) > 1)
        for name, values in lines
    ]


def _fact(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{one:g}" for one in value)
    return "" if value is None else text.size(value) if name == "memory_bytes" else str(value)
