"""The transformer in Flax: the library has the embedding, the norm, the attention; what is left is to stack them."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float32, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Params

FlaxParams = Any
"""{"Embed_0", "Embed_1", "Block_0": {"LayerNorm_0", "MultiHeadDotProductAttention_0", ...}, ..., "Dense_0"}."""

Stream = Float32[Array, "batch tokens width"]

ATTENTION = "MultiHeadDotProductAttention_0"


def take_in(network: Transformer, params: Params) -> FlaxParams:
    """The canonical parameters under the names that Flax gives to its layers; attention has an axis of heads."""
    d, heads = network.width, network.heads
    in_heads = {"kernel": (d, heads, -1), "bias": (heads, -1)}
    out_of_heads = {"kernel": (heads, -1, d), "bias": (d,)}

    def shaped(layer: Params, shapes: dict[str, tuple[int, ...]]) -> FlaxParams:
        return {name: array.reshape(shapes[name]) for name, array in dense(layer).items()}

    def dense(layer: Params) -> FlaxParams:
        return {"kernel": layer["w"], "bias": layer["b"]}

    def block_of(block: Params) -> FlaxParams:
        into = {name: shaped(block[name], in_heads) for name in ("query", "key", "value")}
        return {
            "LayerNorm_0": block["norm1"],
            ATTENTION: {**into, "out": shaped(block["out"], out_of_heads)},
            "LayerNorm_1": block["norm2"],
            "Dense_0": dense(block["up"]),
            "Dense_1": dense(block["down"]),
        }

    embeddings = {"Embed_0": {"embedding": params["tokens"]}, "Embed_1": {"embedding": params["positions"]}}
    blocks = {f"Block_{i}": block_of(block) for i, block in enumerate(params["blocks"])}
    return jax.tree.map(
        jnp.array, {**embeddings, **blocks, "LayerNorm_0": params["norm"], "Dense_0": dense(params["head"])}
    )


class Block(nn.Module):
    """Causal attention and a perceptron, each after a norm and added to what came in."""

    network: Transformer

    @nn.compact
    def __call__(self, x: Stream, mask: Float32[Array, "batch 1 tokens tokens"]) -> Stream:
        """The stream after this block."""
        h = nn.LayerNorm(NORM_EPS)(x)
        x = x + nn.MultiHeadDotProductAttention(self.network.heads)(h, mask=mask)
        h = nn.gelu(nn.Dense(4 * self.network.width)(nn.LayerNorm(NORM_EPS)(x)))
        return x + nn.Dense(self.network.width)(h)


class Network(nn.Module):
    """Embeddings, blocks, a norm and a head."""

    network: Transformer

    @nn.compact
    def __call__(self, tokens: Int32[Array, "batch tokens"]) -> Float32[Array, "batch tokens words"]:
        """The logits of the next token after every one of a batch of sequences."""
        network = self.network
        x = nn.Embed(network.vocabulary, network.width)(tokens)
        x = x + nn.Embed(network.context, network.width)(jnp.arange(tokens.shape[1]))
        mask = nn.make_causal_mask(tokens)
        for _ in range(network.layers):
            x = Block(network)(x, mask)
        return nn.Dense(network.vocabulary)(nn.LayerNorm(NORM_EPS)(x))


def give_back(network: Transformer, weights: FlaxParams) -> Params:
    """Flax's layers under the canonical names, the axis of heads flattened again."""

    def dense(layer: FlaxParams) -> Params:
        bias = layer["bias"].reshape(-1)
        return {"w": layer["kernel"].reshape(-1, len(bias)), "b": bias}

    def block_of(block: FlaxParams) -> Params:
        attention = {name: dense(layer) for name, layer in block[ATTENTION].items()}
        rest = {"up": dense(block["Dense_0"]), "down": dense(block["Dense_1"])}
        return {"norm1": block["LayerNorm_0"], "norm2": block["LayerNorm_1"], **attention, **rest}

    return {
        "tokens": weights["Embed_0"]["embedding"],
        "positions": weights["Embed_1"]["embedding"],
        "blocks": [block_of(weights[f"Block_{i}"]) for i in range(network.layers)],
        "norm": weights["LayerNorm_0"],
        "head": dense(weights["Dense_0"]),
    }
