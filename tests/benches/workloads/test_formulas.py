"""Operations and bytes of one update, against sums done by hand."""

from triptych.benches.workloads.formulas import bytes_per_step, flops_per_step
from triptych.impls.task import Adam, Sgd, Task


def test_sgd_by_hand() -> None:
    """2-3-1, batches of 4: products, biases, update; 13 parameters in and out, 12 values, a loss."""
    task = Task((2, 3, 1), "sigmoid", "sigmoid", "bce", Sgd(0.5))
    assert flops_per_step(task, 4) == 4 * (2 * 6 * 2 + 2 * 3 * 3) + 4 * 2 * 4 + 13 * 2 == 226
    assert bytes_per_step(task, 4) == 4 * (13 + 13 + 12 + 1) == 156


def test_adam_by_hand() -> None:
    """The same network holds three times as much and a count, and moves each parameter in 14 operations."""
    task = Task((2, 3, 1), "sigmoid", "sigmoid", "bce", Adam(0.05))
    assert flops_per_step(task, 4) == 200 + 13 * 14
    assert bytes_per_step(task, 4) == 4 * (2 * 40 + 12 + 1)
