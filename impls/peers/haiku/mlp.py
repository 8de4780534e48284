"""The multilayer perceptron in Haiku: a plain function that makes each layer where it is used."""

import haiku as hk
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer, Params

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def name_of(layer: int) -> str:
    """The name of a layer in the parameters: {"layer_0": {"w", "b"}, ...}."""
    return f"layer_{layer}"


def take_in(network: Mlp, params: Params) -> hk.MutableParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names of the layers."""
    return {name_of(i): {"w": jnp.array(layer["w"]), "b": jnp.array(layer["b"])} for i, layer in enumerate(params)}


def predict(network: Mlp, x: Float32[Array, "batch inputs"]) -> Float32[Array, "batch outputs"]:
    """The outputs for a batch: dense layers, with the activation between them."""
    *hidden, last = enumerate(network.layer_sizes[1:])
    for i, width in hidden:
        x = ACTIVATIONS[network.activation](hk.Linear(width, name=name_of(i))(x))
    return hk.Linear(last[1], name=name_of(last[0]))(x)


def give_back(network: Mlp, weights: hk.Params) -> Params:
    """Haiku's layers in order, under the canonical names."""
    layers = [weights[name_of(i)] for i in range(len(network.layer_sizes) - 1)]
    return [Layer(w=layer["w"], b=layer["b"]) for layer in layers]
