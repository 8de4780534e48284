"""The multilayer perceptron in Equinox: a model is a tree whose nodes are layers and whose leaves are arrays.

Source: the Equinox documentation, "All of Equinox" (https://docs.kidger.site/equinox/all-of-equinox/), and "Custom
parameter initialisation" (https://docs.kidger.site/equinox/tricks/) for starting values that are given.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, PRNGKeyArray

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer, Params

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


class Network(eqx.Module):
    """Dense layers, with the activation between them."""

    layers: list[eqx.nn.Linear]
    network: Mlp = eqx.field(static=True)

    def __call__(self, x: Float32[Array, " inputs"]) -> Float32[Array, " outputs"]:
        """The outputs for one sample."""
        *hidden, last = self.layers
        for layer in hidden:
            x = ACTIVATIONS[self.network.activation](layer(x))
        return last(x)


def take_in(network: Mlp, params: Params) -> Network:
    """The model that has the canonical parameters."""
    return Network([linear(layer) for layer in params], network)


def linear(layer: Layer) -> eqx.nn.Linear:
    """A dense layer; Equinox has the outputs first."""
    inputs, outputs = layer["w"].shape
    return filled(lambda key: eqx.nn.Linear(inputs, outputs, key=key), layer["w"].T, layer["b"])


def filled(make: Callable[[PRNGKeyArray], Any], weight: Array, bias: Array) -> Any:
    """A layer of the library with these arrays in place of its random ones, none of which is drawn."""
    empty = eqx.filter_eval_shape(lambda: make(jax.random.key(0)))
    return eqx.tree_at(lambda layer: (layer.weight, layer.bias), empty, (weight, bias))


def give_back(model: Network) -> Params:
    """The layers in order, in the canonical layout."""
    return [dense(layer) for layer in model.layers]


def dense(layer: Any) -> Layer:
    """The canonical form of a dense layer."""
    return Layer(w=layer.weight.T, b=layer.bias)
