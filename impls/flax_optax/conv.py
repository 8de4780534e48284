"""The convolutions in Flax: `nn.Conv` and `nn.Dense`, which take channels last as they are."""

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv
from triptych.impls.protocol import Layer, Params

FlaxParams = Any
"""{"Conv_0": {"kernel", "bias"}, ..., "Dense_0": {"kernel", "bias"}}."""


def take_in(network: Conv, params: Params) -> FlaxParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names that Flax gives to its layers."""
    layers = {f"Conv_{i}": layer for i, layer in enumerate(params["convs"])} | {"Dense_0": params["head"]}
    return {name: {"kernel": jnp.array(layer["w"]), "bias": jnp.array(layer["b"])} for name, layer in layers.items()}


class Network(nn.Module):
    """Convolutions of 3 by 3, the mean over the image, and a dense layer."""

    network: Conv

    @nn.compact
    def __call__(self, x: Float32[Array, "batch height width channels"]) -> Float32[Array, "batch outputs"]:
        """The outputs for a batch."""
        for channels, stride in zip(self.network.channels, self.network.strides, strict=True):
            x = nn.relu(nn.Conv(channels, kernel_size=(3, 3), strides=stride, padding=1)(x))
        return nn.Dense(self.network.outputs)(jnp.mean(x, axis=(1, 2)))


def give_back(network: Conv, weights: FlaxParams) -> Params:
    """Flax's layers in order, under the canonical names."""
    names = [*(f"Conv_{i}" for i in range(len(network.channels))), "Dense_0"]
    *convs, head = [Layer(w=weights[name]["kernel"], b=weights[name]["bias"]) for name in names]
    return {"convs": convs, "head": head}
