"""Learns the noise bands of a machine from a recorded series."""

import math
from collections.abc import Sequence

import numpy as np

from triptych.benches.gate.bands import Band, Bands
from triptych.benches.record.machine import facts
from triptych.benches.selftest.series import Series, head_logs, refuse_short, stacked
from triptych.benches.stats.ranks import paired_shift

SHARE = 0.99
"""Of drawn gates without any change, whose estimate lies inside the band."""

DRAWS = 400


def learn(series: Series, restarts: int) -> Bands:
    """The bands of a series in which nothing changed between base and head, for gates of that number of restarts.

    Raises:
        ValueError: If the series is too short for a gate of two looks: few restarts know nothing of the noise.
    """
    refuse_short(series, restarts)
    random = np.random.default_rng(0)
    found = stacked(head_logs(series))
    bands = [Band(*subject, _width(values, restarts, random)) for subject, values in found.items()]
    return Bands(series.header.created, dict(facts(series.header.fingerprint)), bands)


def _width(values: Sequence[float], restarts: int, random: np.random.Generator) -> float:
    """The distance from no change that all but a few drawn gates stay inside of."""
    array = np.asarray(values)
    draws = [random.permutation(array)[:restarts] for _ in range(DRAWS)]
    distances = [abs(float(np.median(paired_shift(draw.tolist()).pairs))) for draw in draws]
    return math.expm1(float(np.quantile(distances, SHARE)))
