"""What each arm ran on, side by side."""

from collections.abc import Sequence
from typing import NamedTuple

from triptych.benches.record.run import ArmRecord, Fingerprint, Run
from triptych.reports import text


class Fact(NamedTuple):
    """One line of the environment table: a value per arm, and whether they differ."""

    name: str
    values: list[str]
    differs: bool


def facts(arms: Sequence[tuple[Run, ArmRecord]]) -> list[Fact]:
    """The environment of every arm, each with the run that it belongs to."""
    lines = [(name, [_fact(arm.fingerprint, name) for _, arm in arms]) for name in Fingerprint.__struct_fields__]
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


def _fact(fingerprint: Fingerprint | None, name: str) -> str:
    value = getattr(fingerprint, name) if fingerprint else None
    if name == "memory_bytes" and value is not None:
        return text.size(value)
    if isinstance(value, list):
        return ", ".join(f"{one:g}" for one in value)
    return "" if value is None else str(value)
