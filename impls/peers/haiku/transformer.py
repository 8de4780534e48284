"""The transformer in Haiku: the library has the embedding, the norm, the attention; what is left is to stack them."""

import haiku as hk
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Params

Stream = Float32[Array, "batch tokens width"]

DENSE = {"query": "attention/query", "key": "attention/key", "value": "attention/value", "out": "attention/linear"} | {
    "up": "up",
    "down": "down",
}
NORMS = ("norm1", "norm2")
"""Of a block in the parameters: {"block_0/attention/query": {"w", "b"}, ..., "block_0/norm1": {"scale", "offset"}}."""


def take_in(network: Transformer, params: Params) -> hk.MutableParams:  # noqa: ARG001  every network is given
    """The canonical parameters under the names of the layers; attention keeps its heads side by side."""

    def norm(layer: Params) -> Params:
        return {"scale": layer["scale"], "offset": layer["bias"]}

    layers = {name: {"embeddings": params[name]} for name in ("tokens", "positions")}
    for i, block in enumerate(params["blocks"]):
        layers |= {f"block_{i}/{path}": block[name] for name, path in DENSE.items()}
        layers |= {f"block_{i}/{name}": norm(block[name]) for name in NORMS}
    return jax.tree.map(jnp.array, {**layers, "norm": norm(params["norm"]), "head": params["head"]})


class Block(hk.Module):
    """Causal attention and a perceptron, each after a norm and added to what came in."""

    def __init__(self, network: Transformer, name: str) -> None:
        super().__init__(name=name)
        self.network = network

    def __call__(self, x: Stream, mask: Bool[Array, "1 1 tokens tokens"]) -> Stream:
        """The stream after this block."""
        heads, width = self.network.heads, self.network.width
        # it must be told how to draw its starting values, which are never drawn
        attention = hk.MultiHeadAttention(heads, width // heads, w_init=jnp.zeros, name="attention")
        h = normalize("norm1", x)
        x = x + attention(h, h, h, mask)
        h = jax.nn.gelu(hk.Linear(4 * width, name="up")(normalize("norm2", x)))
        return x + hk.Linear(width, name="down")(h)


def normalize(name: str, x: Stream) -> Stream:
    """Every token by its own mean and variance, then scaled and shifted."""
    return hk.LayerNorm(-1, create_scale=True, create_offset=True, eps=NORM_EPS, name=name)(x)


def predict(network: Transformer, tokens: Int32[Array, "batch tokens"]) -> Float32[Array, "batch tokens words"]:
    """The logits of the next token after every one of a batch of sequences."""
    length = tokens.shape[1]
    x = hk.Embed(network.vocabulary, network.width, name="tokens")(tokens)
    x = x + hk.Embed(network.context, network.width, name="positions")(jnp.arange(length))
    mask = jnp.tril(jnp.ones((1, 1, length, length), bool))
    for i in range(network.layers):
        x = Block(network, f"block_{i}")(x, mask)
    return hk.Linear(network.vocabulary, name="head")(normalize("norm", x))


def give_back(network: Transformer, weights: hk.Params) -> Params:
    """Haiku's layers under the canonical names."""

    def norm(name: str) -> Params:
        return {"scale": weights[name]["scale"], "bias": weights[name]["offset"]}

    def block_of(block: str) -> Params:
        dense = {name: dict(weights[f"{block}/{path}"]) for name, path in DENSE.items()}
        return dense | {name: norm(f"{block}/{name}") for name in NORMS}

    return {
        "tokens": weights["tokens"]["embeddings"],
        "positions": weights["positions"]["embeddings"],
        "blocks": [block_of(f"block_{i}") for i in range(network.layers)],
        "norm": norm("norm"),
        "head": dict(weights["head"]),
    }
