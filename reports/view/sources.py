"""The runs of a report: told apart by letters and by the facts in which they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.benches.record.run import Run


@dataclass(frozen=True)
class Source:
    """One run among those shown: its letter, and what sets it apart from the others."""

    label: str
    run: Run
    differs: tuple[tuple[str, str], ...]


def label(runs: Sequence[Run]) -> list[Source]:
    """Letters for runs, and the facts in which they differ: never averaged, so they must be told apart."""
    facts = [_facts(run) for run in runs]
    differing = [name for name in facts[0] if len({one[name] for one in facts}) > 1] if facts else []
    return [
        Source(_letter(index), run, tuple((name, facts[index][name]) for name in differing))
        for index, run in enumerate(runs)
    ]


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"A{index - 25}"


def _facts(run: Run) -> dict[str, str]:
    facts = {"measured": run.created, "commit": (run.commit or "unknown")[:12]}
    for name in ("cpu_model", "cpu_count", "device_kind", "driver", "os", "python", "jax", "jaxlib", "flax", "optax"):
        values = {str(getattr(arm.fingerprint, name)) for arm in run.arms if arm.fingerprint}
        facts[name] = ", ".join(sorted(values)) or "unknown"
    return facts
