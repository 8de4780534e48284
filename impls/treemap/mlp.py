"""The multilayer perceptron in pure JAX: parameters in, one sample through the layers, numbers out."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Params

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def predict(network: Mlp, params: Params, x: Float32[Array, " inputs"]) -> Float32[Array, " outputs"]:
    """The network's outputs for one sample."""
    *hidden, last = params
    for layer in hidden:
        x = ACTIVATIONS[network.activation](x @ layer["w"] + layer["b"])
    return x @ last["w"] + last["b"]
