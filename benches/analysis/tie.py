"""Whether a trainer is slower or faster than its reference, or ties with it. The gate has margins of its own."""

from typing import Literal

from triptych.benches.stats.ranks import Estimate

TIE_MARGIN = 0.02  # a difference in time per step smaller than this fraction is of no practical account

Standing = Literal["reference", "tie", "faster", "slower", "undecided", "no interval", "none"]


def standing(time: Estimate | None) -> Standing:
    """What an interval shows: a tie lies inside the margin, undecided contains 1 and reaches out of the margin."""
    if time is None:
        return "none"
    if time.low is None or time.high is None:
        return "no interval"
    if time.low >= 1 / (1 + TIE_MARGIN) and time.high <= 1 + TIE_MARGIN:
        return "tie"
    return "faster" if time.high < 1 else "slower" if time.low > 1 else "undecided"
