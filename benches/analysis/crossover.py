"""The crossover: from which size on two trainers take the same time per step, within the margin."""

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

from triptych.benches.stats.ranks import Estimate

Side = Literal["tie", "off", "open"]


class Crossover(NamedTuple):
    """Where a ratio comes to stay inside the margin, and how far that is decided.

    A size is decided by the interval of its ratio over restarts: a tie if all of it lies inside the margin, off if
    all of it lies outside, open otherwise. So the crossover lies above `above` and at `by` or below.

    Attributes:
        kind: "everywhere" every size is a tie; "reached" ties from `by` on; "not reached" the largest size is off;
            "open" neither is decided.
        at: The smallest size from which on the estimates alone lie inside the margin; None if the last does not.
        above: The largest size that is off; None if none is.
        by: The smallest size from which on every size is a tie; None if the largest is not.
    """

    kind: Literal["everywhere", "reached", "not reached", "open"]
    at: int | None
    above: int | None
    by: int | None
    smallest: int
    largest: int


def crossover(ratios: Mapping[int, Estimate], margin: float) -> Crossover:
    """Where the ratios, by size, come to stay inside the margin, a fraction: 0.02 is from 1 / 1.02 to 1.02.

    Raises:
        ValueError: If there is no size.
    """
    if not ratios:
        raise ValueError("no sizes; expected the ratio of at least one")
    sizes = sorted(ratios)
    sides = {size: side(ratios[size], margin) for size in sizes}
    above = max((size for size in sizes if sides[size] == "off"), default=None)
    at = _stays(sizes, [_inside(ratios[size].value, margin) for size in sizes])
    by = _stays(sizes, [sides[size] == "tie" for size in sizes])
    kind = "everywhere" if by == sizes[0] else "reached" if by else "not reached" if above == sizes[-1] else "open"
    return Crossover(kind, at, above, by, sizes[0], sizes[-1])


def side(ratio: Estimate, margin: float) -> Side:
    """What the interval of a ratio decides; without an interval nothing is."""
    if ratio.low is None or ratio.high is None:
        return "open"
    if _inside(ratio.low, margin) and _inside(ratio.high, margin):
        return "tie"
    return "off" if ratio.low > 1 + margin or ratio.high < 1 / (1 + margin) else "open"


def _inside(ratio: float, margin: float) -> bool:
    return abs(math.log(ratio)) <= math.log1p(margin)


def _stays(sizes: list[int], holds: list[bool]) -> int | None:
    """The smallest size from which on it always holds; None if it does not at the last."""
    first = max((index + 1 for index, one in enumerate(holds) if not one), default=0)
    return sizes[first] if first < len(sizes) else None
