"""Operations and bytes of one update, against sums done by hand."""

from triptych.benches.workloads.formulas import bytes_per_step, flops_per_step
from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.task import Adam, AdamW, Sgd, Task


def test_sgd_by_hand() -> None:
    """2-3-1, batches of 4: products, biases, update; 13 parameters in and out, 12 values, a loss."""
    task = Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", Sgd(0.5))
    assert flops_per_step(task, 4) == 4 * (2 * 6 * 2 + 2 * 3 * 3) + 4 * 2 * 4 + 13 * 2 == 226
    assert bytes_per_step(task, 4) == 4 * (13 + 13 + 12 + 1) == 156


def test_adam_by_hand() -> None:
    """The same network holds three times as much and a count, and moves each parameter in 14 operations."""
    task = Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", Adam(0.05))
    assert flops_per_step(task, 4) == 200 + 13 * 14
    assert bytes_per_step(task, 4) == 4 * (2 * 40 + 12 + 1)


def test_convolutions_by_hand() -> None:
    """Nine products at 16 pixels and then 4; the first needs no gradient of its inputs."""
    task = Task(Conv((4, 4, 1), (2, 3), (1, 2), 5), "identity", "mse", Sgd(0.1))
    first, second, head = 9 * 1 * 2 * 16, 9 * 2 * 3 * 4, 3 * 5
    biases = 2 * 16 + 3 * 4 + 5
    n = (9 * 2 + 2) + (9 * 2 * 3 + 3) + (3 * 5 + 5)
    assert flops_per_step(task, 7) == 7 * (4 * first + 6 * second + 6 * head + 2 * biases) + 2 * n
    assert bytes_per_step(task, 7) == 4 * (2 * n + 7 * (16 + 5) + 1)


def test_a_transformer_by_hand() -> None:
    """Twelve squares of the width a token and block, scores and their mixing, the head; two embeddings cost nothing."""
    task = Task(Transformer(11, 7, 6, 2, 3), "identity", "next_token_cross_entropy", AdamW(0.1))
    products = 7 * (3 * (4 * 36 + 2 * 6 * 24 + 2 * 7 * 6) + 6 * 11)
    biases = 7 * (3 * (4 * 6 + 24 + 6) + 11)
    n = 11 * 6 + 7 * 6 + 3 * (4 * 42 + 6 * 24 + 24 + 24 * 6 + 6 + 4 * 6) + 12 + 6 * 11 + 11
    assert flops_per_step(task, 5) == 5 * (6 * products + 2 * biases) + 19 * n
    assert bytes_per_step(task, 5) == 4 * (2 * (3 * n + 1) + 5 * 14 + 1)
