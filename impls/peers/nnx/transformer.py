"""The transformer in Flax NNX: the library has the embedding, the norm, the attention; what is left is to stack."""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float32, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Params

NnxParams = Any
"""{"tokens", "positions", "blocks": {0: {"norm1", "attention", "norm2", "up", "down"}, ...}, "norm", "head"}."""

Stream = Float32[Array, "batch tokens width"]


def take_in(network: Transformer, params: Params) -> NnxParams:
    """The canonical parameters under the names of the module's attributes; attention has an axis of heads."""
    d, heads = network.width, network.heads
    in_heads = {"kernel": (d, heads, -1), "bias": (heads, -1)}
    out_of_heads = {"kernel": (heads, -1, d), "bias": (d,)}

    def shaped(layer: Params, shapes: dict[str, tuple[int, ...]]) -> NnxParams:
        return {name: array.reshape(shapes[name]) for name, array in dense(layer).items()}

    def dense(layer: Params) -> NnxParams:
        return {"kernel": layer["w"], "bias": layer["b"]}

    def block_of(block: Params) -> NnxParams:
        into = {name: shaped(block[name], in_heads) for name in ("query", "key", "value")}
        return {
            "norm1": block["norm1"],
            "attention": {**into, "out": shaped(block["out"], out_of_heads)},
            "norm2": block["norm2"],
            "up": dense(block["up"]),
            "down": dense(block["down"]),
        }

    embeddings = {name: {"embedding": params[name]} for name in ("tokens", "positions")}
    blocks = dict(enumerate(map(block_of, params["blocks"])))
    return jax.tree.map(
        jnp.array, {**embeddings, "blocks": blocks, "norm": params["norm"], "head": dense(params["head"])}
    )


class Block(nnx.Module):
    """Causal attention and a perceptron, each after a norm and added to what came in."""

    def __init__(self, network: Transformer, rngs: nnx.Rngs) -> None:
        width = network.width
        self.norm1 = nnx.LayerNorm(width, epsilon=NORM_EPS, rngs=rngs)
        self.attention = nnx.MultiHeadAttention(network.heads, width, decode=False, rngs=rngs)
        self.norm2 = nnx.LayerNorm(width, epsilon=NORM_EPS, rngs=rngs)
        self.up = nnx.Linear(width, 4 * width, rngs=rngs)
        self.down = nnx.Linear(4 * width, width, rngs=rngs)

    def __call__(self, x: Stream, mask: Float32[Array, "batch 1 tokens tokens"]) -> Stream:
        """The stream after this block."""
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.down(nnx.gelu(self.up(self.norm2(x))))


class Network(nnx.Module):
    """Embeddings, blocks, a norm and a head."""

    def __init__(self, network: Transformer, rngs: nnx.Rngs) -> None:
        self.tokens = nnx.Embed(network.vocabulary, network.width, rngs=rngs)
        self.positions = nnx.Embed(network.context, network.width, rngs=rngs)
        self.blocks = nnx.List([Block(network, rngs) for _ in range(network.layers)])
        self.norm = nnx.LayerNorm(network.width, epsilon=NORM_EPS, rngs=rngs)
        self.head = nnx.Linear(network.width, network.vocabulary, rngs=rngs)

    def __call__(self, tokens: Int32[Array, "batch tokens"]) -> Float32[Array, "batch tokens words"]:
        """The logits of the next token after every one of a batch of sequences."""
        x = self.tokens(tokens) + self.positions(jnp.arange(tokens.shape[1]))
        mask = nnx.make_causal_mask(tokens)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x))


def give_back(network: Transformer, weights: NnxParams) -> Params:
    """The module's layers under the canonical names, the axis of heads flattened again."""

    def dense(layer: NnxParams) -> Params:
        bias = layer["bias"].reshape(-1)
        return {"w": layer["kernel"].reshape(-1, len(bias)), "b": bias}

    def block_of(block: NnxParams) -> Params:
        attention = {name: dense(layer) for name, layer in block["attention"].items()}
        rest = {"up": dense(block["up"]), "down": dense(block["down"])}
        return {"norm1": block["norm1"], "norm2": block["norm2"], **attention, **rest}

    return {
        "tokens": weights["tokens"]["embedding"],
        "positions": weights["positions"]["embedding"],
        "blocks": [block_of(weights["blocks"][i]) for i in range(network.layers)],
        "norm": weights["norm"],
        "head": dense(weights["head"]),
    }
