"""The runs of a report: their names made harmless, told apart by letters and by the facts in which they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from triptych.benches.record import machine
from triptych.benches.record.run import Run
from triptych.reports import text

LONGEST = 2000  # characters of a name or a reason that are shown


@dataclass(frozen=True)
class Source:
    """One run among those shown: harmless, and as it was measured, for files and commands; and what sets it apart."""

    label: str
    run: Run
    original: Run
    differs: tuple[tuple[str, str], ...]


def label(runs: Sequence[Run], originals: Sequence[Run]) -> list[Source]:
    """Letters for runs, and the facts in which they differ: never averaged, so they must be told apart."""
    facts = [_facts(run) for run in runs]
    differing = machine.differing(facts)
    return [
        Source(letter(index), run, original, tuple((name, facts[index].get(name, "unknown")) for name in differing))
        for index, (run, original) in enumerate(zip(runs, originals, strict=True))
    ]


def letter(index: int) -> str:
    """What the run at that place is called."""
    return chr(ord("A") + index) if index < 26 else f"A{index - 25}"


def harmless(run: Run) -> Run:
    """The same run, in which no name and no reason can steer the text around it; different ones stay different."""
    shown: dict[str, str] = {}
    taken: set[str] = set()

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {clean(key): clean(one) for key, one in value.items()}
        if not isinstance(value, str):
            return [clean(one) for one in value] if isinstance(value, list) else value
        if value not in shown:
            safe = text.name(value, LONGEST)
            while safe in taken:
                safe += "′"
            taken.add(safe)
            shown[value] = safe
        return shown[value]

    return msgspec.convert(clean(msgspec.to_builtins(run)), Run)


def _facts(run: Run) -> dict[str, str]:
    arms = [machine.facts(arm.fingerprint) for arm in run.arms if arm.fingerprint]
    told = {name: ", ".join(sorted({one.get(name) or "unknown" for one in arms})) for one in arms for name in one}
    return {"measured": run.created, "commit": (run.commit or "unknown")[:12], **told}
