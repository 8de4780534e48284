"""What one update of a task costs at least, by formula: operations and bytes, whoever trains it."""

import itertools
import math

from triptych.impls.networks import Conv, Mlp, Network, n_parameters
from triptych.impls.task import Adam, AdamW, Sgd, Task

FLOPS = {Sgd: 2, Adam: 14, AdamW: 19}
"""Per parameter. SGD: p - r·g. Adam: 3 for the mean, 4 for the variance, 2 corrections, √, + eps, ÷, r·, p -.

AdamW: 2 for the norm, 1 to clip, 2 for the decay, and as Adam.
"""


def flops_per_step(task: Task, batch_size: int) -> int:
    """Additions and multiplications of one update: matrix products, biases and the optimizer.

    A product of i inputs and o outputs takes 2·i·o on the way forward, as much for the gradient of its weights and,
    unless its inputs are the network's, as much for the gradient of these; a bias takes o forward and o backward. A
    convolution is a product at every pixel, attention two products without weights. Activations, norms, embeddings
    and the loss are left out; they weigh little unless the network is tiny.

    References:
        Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1: two operations per weight and
        sample forward and twice that backward.
    """
    products, of_inputs, biases = _of_sample(task.network)
    per_sample = 6 * products - 2 * of_inputs + 2 * biases
    return batch_size * per_sample + FLOPS[type(task.optimizer)] * n_parameters(task.network)


def bytes_per_step(task: Task, batch_size: int) -> int:
    """The traffic that no update can avoid: the state read and written, the batch read, the loss written, 4 bytes each.

    References:
        Williams, Waterman and Patterson, "Roofline", 2009: compulsory traffic.
    """
    n, network = n_parameters(task.network), task.network
    state = n if isinstance(task.optimizer, Sgd) else 3 * n + 1
    if isinstance(network, Mlp):
        sample = network.layer_sizes[0] + network.layer_sizes[-1]
    else:
        sample = math.prod(network.image) + network.outputs if isinstance(network, Conv) else 2 * network.context
    return 4 * (2 * state + batch_size * sample + 1)


def _of_sample(network: Network) -> tuple[int, int, int]:
    """Multiplications of a sample's products forward, those of them on the network's own inputs, and its biases."""
    if isinstance(network, Mlp):
        layers = [inputs * outputs for inputs, outputs in itertools.pairwise(network.layer_sizes)]
        return sum(layers), layers[0], sum(network.layer_sizes[1:])
    if isinstance(network, Conv):
        channels = (network.image[2], *network.channels)
        layers = [9 * i * o * n for (i, o), n in zip(itertools.pairwise(channels), network.pixels(), strict=True)]
        biases = sum(o * n for o, n in zip(network.channels, network.pixels(), strict=True))
        return sum(layers) + network.channels[-1] * network.outputs, layers[0], biases + network.outputs
    width, context = network.width, network.context
    block, head = 12 * width**2 + 2 * context * width, width * network.vocabulary
    return context * (network.layers * block + head), 0, context * (network.layers * 9 * width + network.vocabulary)
