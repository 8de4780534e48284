"""The convolutions in Equinox: its `Conv2d` takes one image, channels first, so that the image is turned once."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, PRNGKeyArray

from triptych.impls.networks import Conv
from triptych.impls.peers.equinox.mlp import dense, filled, linear
from triptych.impls.protocol import Layer, Params


class Network(eqx.Module):
    """Convolutions of 3 by 3, the mean over the image, and a dense layer."""

    convs: list[eqx.nn.Conv2d]
    head: eqx.nn.Linear

    def __call__(self, image: Float32[Array, "height width channels"]) -> Float32[Array, " outputs"]:
        """The outputs for one sample."""
        x = jnp.moveaxis(image, -1, 0)
        for conv in self.convs:
            x = jax.nn.relu(conv(x))
        return self.head(jnp.mean(x, axis=(1, 2)))


def take_in(network: Conv, params: Params) -> Network:
    """The model that has the canonical parameters."""
    convs = [conv2d(layer, stride) for layer, stride in zip(params["convs"], network.strides, strict=True)]
    return Network(convs, linear(params["head"]))


def conv2d(layer: Layer, stride: int) -> eqx.nn.Conv2d:
    """A convolution; Equinox has a weight's axes as (out, in, 3, 3) and a bias's as (out, 1, 1)."""
    *_, inputs, outputs = layer["w"].shape

    def make(key: PRNGKeyArray) -> eqx.nn.Conv2d:
        return eqx.nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, key=key)

    return filled(make, jnp.transpose(layer["w"], (3, 2, 0, 1)), layer["b"][:, None, None])


def give_back(model: Network) -> Params:
    """The layers in order, in the canonical layout."""

    def convolution(conv: Any) -> Layer:
        return Layer(w=jnp.transpose(conv.weight, (2, 3, 1, 0)), b=jnp.ravel(conv.bias))

    return {"convs": [convolution(conv) for conv in model.convs], "head": dense(model.head)}
