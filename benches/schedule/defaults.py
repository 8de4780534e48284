"""What is measured, and how much of it, where nothing else is said."""

from collections.abc import Sequence

from triptych.benches.record.run import Cell, Settings
from triptych.impls.styles import BUILT_IN

DEFAULT_TRAINERS = tuple(BUILT_IN)
DEFAULT_WORKLOADS = ("xor", "digits")
NETWORKS = (*DEFAULT_WORKLOADS, "digits_conv", "text")  # what is asked of every kind of network is asked on these
DEFAULT_REFERENCE = "treemap"
DEFAULT_SWEEP_BUDGET_S = 180.0

QUICK = Settings(restarts=1, train_budget_s=1.5, loss_budget_s=1.5)
ONCE = Settings(restarts=1, rounds=1, train_budget_s=0.2, loss_budget_s=0.2, tail_s=0.01)
THOROUGH = Settings(restarts=20, slow_restarts=20, tail_s=0.5, loss_budget_s=600.0)


def reference_among(cells: Sequence[Cell]) -> str:
    """The trainer that the others are held against: the usual one where it is there."""
    trainers = [cell.trainer for cell in cells]
    return DEFAULT_REFERENCE if DEFAULT_REFERENCE in trainers else trainers[0]
