"""The convolutions in Haiku: `hk.Conv2D` and `hk.Linear`, which take channels last as they are."""

import haiku as hk
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv
from triptych.impls.protocol import Layer, Params


def names_of(network: Conv) -> list[str]:
    """The names of the layers in the parameters: {"conv_0": {"w", "b"}, ..., "head": {"w", "b"}}."""
    return [*(f"conv_{i}" for i in range(len(network.channels))), "head"]


def take_in(network: Conv, params: Params) -> hk.MutableParams:
    """The canonical parameters under the names of the layers."""
    layers = zip(names_of(network), [*params["convs"], params["head"]], strict=True)
    return {name: {"w": jnp.array(layer["w"]), "b": jnp.array(layer["b"])} for name, layer in layers}


def predict(network: Conv, image: Float32[Array, "batch height width channels"]) -> Float32[Array, "batch outputs"]:
    """The outputs for a batch: convolutions of 3 by 3, the mean over the image, and a dense layer."""
    *convs, head = names_of(network)
    x = image
    for name, channels, stride in zip(convs, network.channels, network.strides, strict=True):
        x = jax.nn.relu(hk.Conv2D(channels, 3, stride, padding=((1, 1), (1, 1)), name=name)(x))
    return hk.Linear(network.outputs, name=head)(jnp.mean(x, axis=(1, 2)))


def give_back(network: Conv, weights: hk.Params) -> Params:
    """Haiku's layers in order, under the canonical names."""
    *convs, head = [Layer(w=weights[name]["w"], b=weights[name]["b"]) for name in names_of(network)]
    return {"convs": convs, "head": head}
