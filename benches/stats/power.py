"""What a number of restarts can see: how many a verdict needs, and the smallest change they would have called."""

import math
from functools import lru_cache
from itertools import count

import numpy as np

from triptych.benches.stats.ranks import cut_of, rank_sum_tail, reaches, signed_rank_tail

POWER = 0.9  # a change counts as detectable if this share of runs would have called it


def smallest_restarts(level: float, *, paired: bool) -> int:
    """How many restarts (on each side, if unpaired) a one-sided exact test at that level needs at least."""
    return next(n for n in count(1) if reaches(2.0**-n if paired else 1 / math.comb(2 * n, n), level))


def detectable(restarts: tuple[int, ...], spread: float, level: float, bound: float) -> float:
    """The smallest shift that these restarts, of that spread, would call beyond `bound`, in a share of `POWER`.

    Called means both significant at `level` and estimated beyond `bound`. Infinite if the level is out of reach.
    For a family, give `level` divided by its size: what the first rejection of Holm's procedure asks.
    """
    low, middle = _normal_draws(restarts, level)
    if low is None:
        return math.inf
    return float(np.quantile(np.maximum(-spread * low, bound - spread * middle), POWER))


@lru_cache
def _normal_draws(restarts: tuple[int, ...], level: float) -> tuple[np.ndarray | None, np.ndarray]:
    """Lower bounds (none if the level is out of reach) and estimates of shifts between equal sides, in spreads."""
    random = np.random.default_rng(0)
    tail = signed_rank_tail(*restarts) if len(restarts) == 1 else rank_sum_tail(*restarts)
    draws = min(4000, max(100, 2_000_000 // len(tail)))  # what a fraction of a second allows
    sides = [random.standard_normal((draws, n)) for n in restarts]
    if len(restarts) == 1:
        rows, columns = np.triu_indices(restarts[0])
        pairs = (sides[0][:, rows] + sides[0][:, columns]) / 2
    else:
        pairs = (sides[1][:, :, None] - sides[0][:, None, :]).reshape(draws, -1)
    pairs.sort(axis=1)
    cut = cut_of(tail, level)
    return pairs[:, cut - 1] if cut else None, np.median(pairs, axis=1)
