"""What one update of a task costs at least, by formula: operations and bytes, whoever trains it."""

import itertools

from triptych.impls.task import Sgd, Task

SGD_FLOPS, ADAM_FLOPS = 2, 14
"""Per parameter. SGD: p - r·g. Adam: 3 for the mean, 4 for the variance, 2 corrections, √, + eps, ÷, r·, p -."""


def flops_per_step(task: Task, batch_size: int) -> int:
    """Additions and multiplications of one update: matrix products, biases and the optimizer.

    A layer of i inputs and o outputs takes 2·i·o for a sample on the way forward, as much for the gradient of its
    weights and, but in the first layer, as much for the gradient of its inputs; a bias takes o forward and o
    backward. Activations and the loss are left out; they weigh little unless the network is tiny.

    Args:
        task: What is trained.
        batch_size: Samples of an update.

    References:
        Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1: two operations per weight and
        sample forward and twice that backward.
    """
    layers = list(itertools.pairwise(task.layer_sizes))
    first_inputs, first_outputs = layers[0]
    products = sum(6 * inputs * outputs for inputs, outputs in layers) - 2 * first_inputs * first_outputs
    biases = sum(2 * outputs for _, outputs in layers)
    each = SGD_FLOPS if isinstance(task.optimizer, Sgd) else ADAM_FLOPS
    return batch_size * (products + biases) + each * n_parameters(task)


def bytes_per_step(task: Task, batch_size: int) -> int:
    """The traffic that no update can avoid: the state read and written, the batch read, the loss written, float32.

    References:
        Williams, Waterman and Patterson, "Roofline", 2009: compulsory traffic.
    """
    n = n_parameters(task)
    state = n if isinstance(task.optimizer, Sgd) else 3 * n + 1
    batch = batch_size * (task.layer_sizes[0] + task.layer_sizes[-1])
    return 4 * (2 * state + batch + 1)


def n_parameters(task: Task) -> int:
    """Weights and biases of all layers."""
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(task.layer_sizes))
