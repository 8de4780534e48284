"""The multilayer perceptron in Flax NNX: a module that owns its layers, each made with its sizes in the constructor."""

import itertools
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float32

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer, Params

ACTIVATIONS = {"relu": nnx.relu, "tanh": nnx.tanh, "sigmoid": nnx.sigmoid}

NnxParams = Any
"""{"layers": {0: {"kernel", "bias"}, ...}}: the names of the attributes, and the places in the list."""


def take_in(network: Mlp, params: Params) -> NnxParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names of the module's attributes."""
    return {
        "layers": {
            i: {"kernel": jnp.array(layer["w"]), "bias": jnp.array(layer["b"])} for i, layer in enumerate(params)
        }
    }


class Network(nnx.Module):
    """Dense layers, with the activation between them."""

    def __init__(self, network: Mlp, rngs: nnx.Rngs) -> None:
        self.activation = network.activation
        self.layers = nnx.List([nnx.Linear(*pair, rngs=rngs) for pair in itertools.pairwise(network.layer_sizes)])

    def __call__(self, x: Float32[Array, "batch inputs"]) -> Float32[Array, "batch outputs"]:
        """The outputs for a batch."""
        *hidden, last = self.layers
        for layer in hidden:
            x = ACTIVATIONS[self.activation](layer(x))
        return last(x)


def give_back(network: Mlp, weights: NnxParams) -> Params:
    """The module's layers in order, under the canonical names."""
    layers = [weights["layers"][i] for i in range(len(network.layer_sizes) - 1)]
    return [Layer(w=layer["kernel"], b=layer["bias"]) for layer in layers]
