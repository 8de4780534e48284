"""The multilayer perceptron in Flax: a module whose layers are declared where they are used."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float32

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer, Params

ACTIVATIONS = {"relu": nn.relu, "tanh": nn.tanh, "sigmoid": nn.sigmoid}

FlaxParams = Any
"""{"Dense_0": {"kernel", "bias"}, ...}."""


def take_in(network: Mlp, params: Params) -> FlaxParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names that Flax gives to its layers."""
    return {
        f"Dense_{i}": {"kernel": jnp.array(layer["w"]), "bias": jnp.array(layer["b"])} for i, layer in enumerate(params)
    }


class Network(nn.Module):
    """Dense layers, with the activation between them."""

    network: Mlp

    @nn.compact
    def __call__(self, x: Float32[Array, "batch inputs"]) -> Float32[Array, "batch outputs"]:
        """The outputs for a batch."""
        *hidden, last = self.network.layer_sizes[1:]
        for width in hidden:
            x = ACTIVATIONS[self.network.activation](nn.Dense(width)(x))
        return nn.Dense(last)(x)


def give_back(network: Mlp, weights: FlaxParams) -> Params:
    """Flax's layers in order, under the canonical names."""
    layers = [weights[f"Dense_{i}"] for i in range(len(network.layer_sizes) - 1)]
    return [Layer(w=layer["kernel"], b=layer["bias"]) for layer in layers]
