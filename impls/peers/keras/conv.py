"""The convolutions in Keras: channels last as they are; a border of one zero is a layer of its own.

With a stride of 2, Keras's padding "same" puts the border's zeros elsewhere than PyTorch and Flax's `padding=1` do.
"""

from typing import Any

import jax.numpy as jnp

from triptych.impls.networks import Conv
from triptych.impls.peers.keras.backend import keras
from triptych.impls.protocol import Params

Weights = list[Any]
"""The arrays in the order of the model's variables: of every layer the kernel, then the bias."""


def take_in(network: Conv, params: Params) -> Weights:  # noqa: ARG001  every network is given
    """Copies of the canonical parameters, in Keras's order."""
    return [jnp.array(layer[name]) for layer in (*params["convs"], params["head"]) for name in ("w", "b")]


def model_of(network: Conv) -> Any:
    """Convolutions of 3 by 3, the mean over the image, and a dense layer."""
    last: dict[str, Any] = {"data_format": "channels_last"}
    layers: list[Any] = [keras.Input(network.image)]
    for channels, stride in zip(network.channels, network.strides, strict=True):
        convolution = keras.layers.Conv2D(channels, 3, stride, activation="relu", kernel_initializer="zeros", **last)
        layers += [keras.layers.ZeroPadding2D(1, **last), convolution]
    pooled = keras.layers.GlobalAveragePooling2D(**last)
    return keras.Sequential([*layers, pooled, keras.layers.Dense(network.outputs, kernel_initializer="zeros")])


def give_back(network: Conv, weights: Weights) -> Params:  # noqa: ARG001  every network is given
    """Keras's arrays, under the canonical names."""
    *convs, head = [{"w": w, "b": b} for w, b in zip(weights[::2], weights[1::2], strict=True)]
    return {"convs": convs, "head": head}
