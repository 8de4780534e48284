"""Noise bands: how far apart two measurements of the same code come out on one machine, learned from a series.

A margin narrower than the band of its cell would alarm at noise, so the gate takes the wider of the two. Bands hold
for the machine and the libraries on which they were learned, and for nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from triptych.benches.gate.metrics import Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.record.files import decode_as, read_bytes
from triptych.benches.record.machine import differences, facts
from triptych.benches.record.run import Fingerprint

FILE = "bands.json"


class Band(msgspec.Struct, frozen=True):
    """The band of one metric of one cell, a fraction."""

    metric: str
    cell: str
    width: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Bands(msgspec.Struct, frozen=True):
    """All bands of one machine; `learned` says when."""

    learned: str
    machine: dict[str, str | None]
    bands: list[Band]


@dataclass(frozen=True)
class LearnedPolicy:
    """A policy whose margins are at least as wide as the bands."""

    policy: Policy
    bands: Mapping[Subject, float] = field(default_factory=dict[Subject, float])

    @property
    def alpha(self) -> float:
        """As the policy says."""
        return self.policy.alpha

    @property
    def widened(self) -> dict[str, float]:
        """The margins, fractions, that a band made wider than the policy has them; by cell and metric."""
        return {
            f"{one.cell}, {one.metric}": width for one, width in self.bands.items() if width > self.policy.margin(*one)
        }

    def margin(self, metric: str, cell: str) -> float:
        """The policy's margin, or the band where that is wider."""
        return max(self.policy.margin(metric, cell), self.bands.get(Subject(metric, cell), 0.0))


def read(path: Path) -> Bands | None:
    """The bands in a file, if there is one.

    Raises:
        RecordError: If it holds something else.
    """
    if not path.exists():
        return None
    return decode_as(Bands, read_bytes(path), str(path), "noise bands", "delete it, or run `triptych gate test`")


def fitting(known: Bands | None, here: Fingerprint | None) -> dict[Subject, float]:
    """The bands that hold here: all of them, or none if they were learned on another machine."""
    if known is None or here is None or differences(known.machine, facts(here)):
        return {}
    return {Subject(band.metric, band.cell): band.width for band in known.bands}
