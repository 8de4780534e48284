"""The multilayer perceptron by hand: a name for every array, and one sample walked through the layers.

Weights are stored (out, in), as the lesson stores them.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer, Params

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}

Weights = dict[str, Float32[Array, "..."]]
"""w1, b1, w2, b2, ..."""


def take_in(params: Params) -> Weights:
    """The canonical parameters under their own names."""
    weights: Weights = {}
    for i, layer in enumerate(params, start=1):
        weights[f"w{i}"] = jnp.array(layer["w"]).T
        weights[f"b{i}"] = jnp.array(layer["b"])
    return weights


def predict(network: Mlp, weights: Weights, x: Float32[Array, " inputs"]) -> Float32[Array, " outputs"]:
    """The network's outputs for one sample."""
    last = len(network.layer_sizes) - 1
    for i in range(1, last):
        x = ACTIVATIONS[network.activation](weights[f"w{i}"] @ x + weights[f"b{i}"])
    return weights[f"w{last}"] @ x + weights[f"b{last}"]


def give_back(network: Mlp, weights: Weights) -> Params:
    """The canonical parameters again."""
    return [Layer(w=weights[f"w{i}"].T, b=weights[f"b{i}"]) for i in range(1, len(network.layer_sizes))]
