"""The multilayer perceptron in Keras: a `Sequential` of layers that know their activation."""

from typing import Any

import jax.numpy as jnp

from triptych.impls.networks import Mlp
from triptych.impls.peers.keras.backend import keras
from triptych.impls.protocol import Params

Weights = list[Any]
"""The arrays in the order of the model's variables: of every layer the kernel, then the bias."""


def take_in(network: Mlp, params: Params) -> Weights:  # noqa: ARG001  every network is given
    """Copies of the canonical parameters, in Keras's order."""
    return [jnp.array(layer[name]) for layer in params for name in ("w", "b")]


def model_of(network: Mlp) -> Any:
    """Dense layers, with the activation between them. No number is drawn for them: the parameters come from outside."""
    inputs, *hidden, outputs = network.layer_sizes
    layers = [keras.layers.Dense(width, network.activation, kernel_initializer="zeros") for width in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs, kernel_initializer="zeros")])


def give_back(network: Mlp, weights: Weights) -> Params:  # noqa: ARG001  every network is given
    """Keras's arrays, under the canonical names."""
    return [{"w": w, "b": b} for w, b in zip(weights[::2], weights[1::2], strict=True)]
