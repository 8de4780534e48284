"""The runs of a report: told apart by letters and by the facts in which they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from triptych.benches.record import machine
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
    differing = machine.differing(facts)
    return [
        Source(_letter(index), run, tuple((name, facts[index].get(name, "unknown")) for name in differing))
        for index, run in enumerate(runs)
    ]


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"A{index - 25}"


def _facts(run: Run) -> dict[str, str]:
    arms = [machine.facts(arm.fingerprint) for arm in run.arms if arm.fingerprint]
    told = {name: ", ".join(sorted({one.get(name) or "unknown" for one in arms})) for one in arms for name in one}
    return {"measured": run.created, "commit": (run.commit or "unknown")[:12], **told}
