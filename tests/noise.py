"""Simulated benchmark suites on a noisy machine: what the gate's error rates are checked on.

The model is that of a restart: every process has a speed of its own, every block of it some noise, a few blocks a
spike; the machine drifts from moment to moment, and what is measured in turns shares its moment.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Noise:
    """Standard deviations as fractions of the time.

    Attributes:
        restart: Of a process.
        block: Of a block within its process.
        drift: Of one innovation of the machine's speed, an AR(1) series with this `memory`.
        spikes: Share of blocks hit by one; its mean is 10 %.
    """

    restart: float = 0.02
    block: float = 0.04
    drift: float = 0.0
    memory: float = 0.0
    spikes: float = 0.05


def drift(noise: Noise, moments: int, random: np.random.Generator) -> np.ndarray:
    """Logarithm of the machine's slowness, moment after moment."""
    innovations = random.normal(0, noise.drift, moments)
    series = np.empty(moments)
    now = innovations[0] / np.sqrt(1 - noise.memory**2)
    for moment, innovation in enumerate(innovations):
        series[moment] = now
        now = noise.memory * now + innovation
    return series


def blocks(noise: Noise, shape: tuple[int, int, int], random: np.random.Generator) -> np.ndarray:
    """Log times of one side: benchmarks x restarts x blocks, on a machine that does not drift."""
    process = random.normal(0, noise.restart, (*shape[:2], 1))
    spike = np.where(random.random(shape) < noise.spikes, random.exponential(0.10, shape), 0)
    return process + random.normal(0, noise.block, shape) + np.log1p(spike)


def paired_suite(noise: Noise, slowdown: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of 12 benchmarks x 12 restarts x 6 blocks, measured in turns; the first benchmark is slower."""
    shape = (12, 12, 6)
    shared = drift(noise, 12 * 6, random).reshape(12, 6)
    baseline, candidate = (shared + blocks(noise, shape, random) for _ in range(2))
    candidate[0] += np.log1p(slowdown)
    return baseline, candidate


def stored_pair(noise: Noise, restarts: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One benchmark without any change: all restarts of one side, then all of the other, one moment each."""
    times = drift(noise, 2 * restarts, random) + np.median(blocks(noise, (1, 2 * restarts, 6), random)[0], axis=1)
    return times[:restarts], times[restarts:]
