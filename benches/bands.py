"""Noise bands: how far apart two measurements of the same code come out on one machine, learned from a series.

A margin narrower than the band of its cell would alarm at noise, so the gate takes the wider of the two. Bands hold
for the machine and the libraries on which they were learned, and for nothing else.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from benches.compare_arms import Metric
from benches.policy import Policy
from benches.record import Fingerprint
from benches.record_file import NOT_JSON, RecordError, read_bytes
from benches.series import Series, head_logs, refuse_short, stacked
from benches.stats import paired_shift

FILE = "bands.json"

SHARE = 0.99
"""Of drawn gates without any change, whose estimate lies inside the band."""

DRAWS = 400

MACHINE = ("cpu_model", "cpu_count", "affinity", "platform", "device_kind", "python", "jax", "jaxlib")


class Band(msgspec.Struct, frozen=True):
    """The band of one metric of one cell, a fraction."""

    metric: str
    cell: str
    width: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Bands(msgspec.Struct, frozen=True):
    """All bands of one machine; `learned` says when."""

    learned: str
    machine: dict[str, str]
    bands: list[Band]


@dataclass(frozen=True)
class LearnedPolicy:
    """A policy whose margins are at least as wide as the bands."""

    policy: Policy
    bands: Mapping[Metric, float] = field(default_factory=dict[Metric, float])

    @property
    def alpha(self) -> float:
        """As the policy says."""
        return self.policy.alpha

    @property
    def widened(self) -> dict[str, float]:
        """The margins, fractions, that a band made wider than the policy has them; by cell and metric."""
        return {
            f"{one.cell}, {one.name}": width
            for one, width in self.bands.items()
            if width > self.policy.margin(one.name, one.cell)
        }

    def margin(self, metric: str, cell: str) -> float:
        """The policy's margin, or the band where that is wider."""
        return max(self.policy.margin(metric, cell), self.bands.get(Metric(metric, cell), 0.0))


def machine(fingerprint: Fingerprint) -> dict[str, str]:
    """What must be equal for a band to hold."""
    return {name: str(getattr(fingerprint, name)) for name in MACHINE}


def learn(series: Series, restarts: int) -> Bands:
    """The bands of a series in which nothing changed between base and head, for gates of so many restarts.

    Raises:
        ValueError: If the series is too short for a gate of two looks: few restarts know nothing of the noise.
    """
    refuse_short(series, restarts)
    random = np.random.default_rng(0)
    found = stacked(head_logs(series))
    bands = [Band(metric.name, metric.cell, _width(values, restarts, random)) for metric, values in found.items()]
    return Bands(series.header.created, machine(series.header.fingerprint), bands)


def _width(values: Sequence[float], restarts: int, random: np.random.Generator) -> float:
    """The distance from no change that all but a few drawn gates stay inside of."""
    array = np.asarray(values)
    draws = [random.permutation(array)[:restarts] for _ in range(DRAWS)]
    distances = [abs(float(np.median(paired_shift(draw.tolist()).pairs))) for draw in draws]
    return math.expm1(float(np.quantile(distances, SHARE)))


def read(path: Path) -> Bands | None:
    """The bands in a file, if there is one.

    Raises:
        RecordError: If it holds something else.
    """
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(read_bytes(path), type=Bands)
    except NOT_JSON as error:
        raise RecordError(
            f"{path} holds no noise bands ({error}); delete it, or run triptych gate --self-test"
        ) from error


def fitting(known: Bands | None, here: Fingerprint | None) -> dict[Metric, float]:
    """The bands that hold here: all of them, or none if they were learned on another machine."""
    if known is None or here is None or known.machine != machine(here):
        return {}
    return {Metric(band.metric, band.cell): band.width for band in known.bands}
