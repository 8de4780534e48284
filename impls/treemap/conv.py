"""The convolutions in pure JAX: each is one call of `lax`, with channels last as the CPU likes them."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float32

from triptych.impls.networks import Conv
from triptych.impls.protocol import Layer, Params

CHANNELS_LAST = ("NHWC", "HWIO", "NHWC")
BORDER = ((1, 1), (1, 1))


def predict(
    network: Conv, params: Params, image: Float32[Array, "height width channels"]
) -> Float32[Array, " outputs"]:
    """The network's outputs for one sample."""
    x = image[None]
    for layer, stride in zip(params["convs"], network.strides, strict=True):
        x = jax.nn.relu(convolve(layer, x, stride))
    return jnp.mean(x[0], axis=(0, 1)) @ params["head"]["w"] + params["head"]["b"]


def convolve(layer: Layer, x: Float32[Array, "1 height width inputs"], stride: int) -> Float32[Array, "1 h w outputs"]:
    """One convolution of 3 by 3 with its bias."""
    z = lax.conv_general_dilated(x, layer["w"], (stride, stride), BORDER, dimension_numbers=CHANNELS_LAST)
    return z + layer["b"]
