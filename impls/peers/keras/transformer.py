"""The transformer in Keras, by its functional API: symbolic tensors go through layers, and make a model.

Source: https://keras.io/examples/generative/text_generation_with_miniature_gpt/
"""

from typing import Any

import jax
import jax.numpy as jnp

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.peers.keras.backend import keras
from triptych.impls.protocol import Params

Weights = list[Any]
"""The arrays in the order of the model's variables: embeddings, blocks, norm, head; attention has an axis of heads."""

PARTS = ("query", "key", "value", "out")


def take_in(network: Transformer, params: Params) -> Weights:
    """Copies of the canonical parameters, in Keras's order and shapes."""
    d, heads = network.width, network.heads

    def dense(layer: Params) -> Weights:
        return [layer["w"], layer["b"]]

    def norm(layer: Params) -> Weights:
        return [layer["scale"], layer["bias"]]

    def block_of(block: Params) -> Weights:
        shapes = dict.fromkeys(PARTS[:3], ((d, heads, -1), (heads, -1))) | {"out": ((heads, -1, d), (d,))}
        parts = [
            array.reshape(shape)
            for part in PARTS
            for array, shape in zip(dense(block[part]), shapes[part], strict=True)
        ]
        return [*norm(block["norm1"]), *parts, *norm(block["norm2"]), *dense(block["up"]), *dense(block["down"])]

    blocks = [array for block in params["blocks"] for array in block_of(block)]
    weights = [params["tokens"], params["positions"], *blocks, *norm(params["norm"]), *dense(params["head"])]
    return jax.tree.map(jnp.array, weights)


class Embeddings(keras.layers.Layer):
    """Of tokens and of positions, added."""

    def __init__(self, network: Transformer) -> None:
        super().__init__()
        rows = (network.vocabulary, network.context)
        self.tokens, self.positions = (keras.layers.Embedding(n, network.width, "zeros") for n in rows)

    def call(self, tokens: Any) -> Any:
        """The stream that the blocks take on."""
        return self.tokens(tokens) + self.positions(keras.ops.arange(tokens.shape[1]))


def model_of(network: Transformer) -> Any:
    """Embeddings, blocks, a norm and a head."""
    layers, width = keras.layers, network.width

    def dense(outputs: int, activation: Any = None) -> Any:
        return layers.Dense(outputs, activation, kernel_initializer="zeros")

    def norm() -> Any:
        return layers.LayerNormalization(epsilon=NORM_EPS)

    def gelu(x: Any) -> Any:
        return keras.activations.gelu(x, approximate=True)

    tokens = keras.Input((network.context,), dtype="int32")
    x = Embeddings(network)(tokens)
    for _ in range(network.layers):
        h = norm()(x)
        attention = layers.MultiHeadAttention(network.heads, width // network.heads, kernel_initializer="zeros")
        x = x + attention(h, h, use_causal_mask=True)
        x = x + dense(width)(dense(4 * width, gelu)(norm()(x)))
    return keras.Model(tokens, dense(network.vocabulary)(norm()(x)))


def give_back(network: Transformer, weights: Weights) -> Params:
    """Keras's arrays under the canonical names, the axis of heads flattened again."""
    d, rest = network.width, iter(weights)

    def norm() -> Params:
        return {"scale": next(rest), "bias": next(rest)}

    def dense(inputs: int = d) -> Params:
        return {"w": next(rest).reshape(inputs, -1), "b": next(rest).reshape(-1)}

    def block_of() -> Params:
        first, attention = norm(), {part: dense() for part in PARTS}
        return {"norm1": first, **attention, "norm2": norm(), "up": dense(), "down": dense(4 * d)}

    tokens, positions = next(rest), next(rest)
    blocks = [block_of() for _ in range(network.layers)]
    return {"tokens": tokens, "positions": positions, "blocks": blocks, "norm": norm(), "head": dense()}
