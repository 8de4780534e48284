"""The convolutions by hand: a name for every array, and one image through one convolution after the other."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv
from triptych.impls.protocol import Layer, Params

Weights = dict[str, Float32[Array, "..."]]
"""conv1_w, conv1_b, conv2_w, ..., head_w, head_b."""


def take_in(params: Params) -> Weights:
    """The canonical parameters under their own names."""
    weights: Weights = {}
    for i, layer in enumerate(params["convs"], start=1):
        weights[f"conv{i}_w"] = jnp.array(layer["w"])
        weights[f"conv{i}_b"] = jnp.array(layer["b"])
    weights["head_w"] = jnp.array(params["head"]["w"])
    weights["head_b"] = jnp.array(params["head"]["b"])
    return weights


def predict(
    network: Conv, weights: Weights, image: Float32[Array, "height width channels"]
) -> Float32[Array, " outputs"]:
    """The network's outputs for one sample."""
    x = image[None]
    for i, stride in enumerate(network.strides, start=1):
        z = lax.conv_general_dilated(
            x, weights[f"conv{i}_w"], (stride, stride), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(z + weights[f"conv{i}_b"])
    return jnp.mean(x[0], axis=(0, 1)) @ weights["head_w"] + weights["head_b"]


def give_back(network: Conv, weights: Weights) -> Params:
    """The canonical parameters again."""
    convs = [Layer(w=weights[f"conv{i}_w"], b=weights[f"conv{i}_b"]) for i in range(1, len(network.channels) + 1)]
    return {"convs": convs, "head": Layer(w=weights["head_w"], b=weights["head_b"])}
