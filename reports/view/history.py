"""A history: what one cell took in run after run, joined only where machine and libraries were the same."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.record import machine
from triptych.benches.record.run import ArmRecord, Cell, Run
from triptych.benches.stats.ranks import Estimate


class Moment(NamedTuple):
    """One run's figure, and its place in time over all runs."""

    place: int
    created: str
    commit: str
    step_s: Estimate


class Trend(NamedTuple):
    """The moments of one cell on one machine with one set of libraries."""

    cell: Cell
    arm: str
    machine: str
    moments: list[Moment]


def trends(runs: Sequence[Run]) -> tuple[Trend, ...]:
    """The cells that were measured at least twice under equal conditions, and their other measurements."""
    ordered = sorted(runs, key=lambda run: run.created)
    found: dict[tuple[str, str, str], Trend] = {}
    machines = _machines(ordered)
    for place, run in enumerate(ordered):
        arms = {arm.name: arm for arm in run.arms}
        for record in run.cells:
            if estimate := pairing.step_s(record):
                one = Trend(record.cell, record.arm, machines[_conditions(arms[record.arm])], [])
                moment = Moment(place, run.created, (run.commit or "unknown")[:12], estimate)
                found.setdefault((one.cell.id, one.arm, one.machine), one).moments.append(moment)
    repeated = {key[:2] for key, one in found.items() if len(one.moments) > 1}
    return tuple(one for key, one in found.items() if key[:2] in repeated)


def _conditions(arm: ArmRecord) -> bytes:
    """Everything that must be equal for two times to be comparable."""
    return msgspec.json.encode([machine.facts(arm.fingerprint), arm.env], order="sorted")


def _machines(runs: Sequence[Run]) -> dict[bytes, str]:
    """A short name for each set of conditions: the facts in which it differs from the others."""
    arms = [arm for run in runs for arm in run.arms]
    seen = {_conditions(arm): machine.facts(arm.fingerprint) if arm.fingerprint else None for arm in arms}
    differing = machine.differing([found for found in seen.values() if found])[:3]
    named: dict[bytes, str] = {}
    for number, (key, found) in enumerate(seen.items(), start=1):
        said = ", ".join(machine.in_words(found, name) for name in differing) if found else ""
        named[key] = f"{number}: {said}" if said else f"{number}" if len(seen) > 1 else "same"
    return named
