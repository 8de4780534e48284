"""The convolutions in Flax NNX: `nnx.Conv` and `nnx.Linear`, which take channels last as they are."""

import itertools
from typing import Any

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv
from triptych.impls.protocol import Layer, Params

NnxParams = Any
"""{"convs": {0: {"kernel", "bias"}, ...}, "head": {"kernel", "bias"}}."""


def take_in(network: Conv, params: Params) -> NnxParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names of the module's attributes."""

    def layer_of(layer: Layer) -> NnxParams:
        return {"kernel": jnp.array(layer["w"]), "bias": jnp.array(layer["b"])}

    return {"convs": dict(enumerate(map(layer_of, params["convs"]))), "head": layer_of(params["head"])}


class Network(nnx.Module):
    """Convolutions of 3 by 3, the mean over the image, and a dense layer."""

    def __init__(self, network: Conv, rngs: nnx.Rngs) -> None:
        channels = itertools.pairwise((network.image[2], *network.channels))
        self.convs = nnx.List(
            [
                nnx.Conv(*pair, kernel_size=(3, 3), strides=stride, padding=1, rngs=rngs)
                for pair, stride in zip(channels, network.strides, strict=True)
            ]
        )
        self.head = nnx.Linear(network.channels[-1], network.outputs, rngs=rngs)

    def __call__(self, x: Float32[Array, "batch height width channels"]) -> Float32[Array, "batch outputs"]:
        """The outputs for a batch."""
        for conv in self.convs:
            x = nnx.relu(conv(x))
        return self.head(jnp.mean(x, axis=(1, 2)))


def give_back(network: Conv, weights: NnxParams) -> Params:
    """The module's layers in order, under the canonical names."""
    layers = [*(weights["convs"][i] for i in range(len(network.channels))), weights["head"]]
    *convs, head = [Layer(w=layer["kernel"], b=layer["bias"]) for layer in layers]
    return {"convs": convs, "head": head}
