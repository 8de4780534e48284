"""The transformer by hand: a name for every array, and one sequence through one block and one head after the other."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Params

Weights = dict[str, Float32[Array, "..."]]
"""tokens, positions, block1_norm1_scale, block1_norm1_bias, block1_query_w, ..., head_b."""

Stream = Float32[Array, "tokens width"]


def take_in(params: Params) -> Weights:
    """The canonical parameters under their own names."""
    weights: Weights = {"tokens": jnp.array(params["tokens"]), "positions": jnp.array(params["positions"])}
    for i, block in enumerate(params["blocks"], start=1):
        for part, arrays in block.items():
            for name, array in arrays.items():
                weights[f"block{i}_{part}_{name}"] = jnp.array(array)
    for part in ("norm", "head"):
        for name, array in params[part].items():
            weights[f"{part}_{name}"] = jnp.array(array)
    return weights


def predict(network: Transformer, weights: Weights, tokens: Int32[Array, " tokens"]) -> Float32[Array, "tokens words"]:
    """The logits of the next token after every one of a sequence."""
    x = weights["tokens"][tokens] + weights["positions"]
    for i in range(1, network.layers + 1):
        x = through(network.heads, weights, f"block{i}", x)
    return dense(weights, "head", normalize(weights, "norm", x))


def through(heads: int, weights: Weights, block: str, x: Stream) -> Stream:
    """Causal attention and a perceptron, each after a norm and added to what came in."""
    x = x + attend(heads, weights, block, normalize(weights, f"{block}_norm1", x))
    h = jax.nn.gelu(dense(weights, f"{block}_up", normalize(weights, f"{block}_norm2", x)))
    return x + dense(weights, f"{block}_down", h)


def attend(heads: int, weights: Weights, block: str, x: Stream) -> Stream:
    """Causal attention, head by head."""
    q, k, v = (dense(weights, f"{block}_{name}", x) for name in ("query", "key", "value"))
    causal = jnp.tril(jnp.ones((len(x), len(x)), bool))
    size = x.shape[1] // heads
    mixed: list[Stream] = []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        scores = q[:, own] @ k[:, own].T / size**0.5
        mixed.append(jax.nn.softmax(jnp.where(causal, scores, -jnp.inf)) @ v[:, own])
    return dense(weights, f"{block}_out", jnp.concatenate(mixed, axis=1))


def normalize(weights: Weights, norm: str, x: Stream) -> Stream:
    """Every token by its own mean and variance, then scaled and shifted."""
    mean, var = jnp.mean(x, axis=-1, keepdims=True), jnp.var(x, axis=-1, keepdims=True)
    return (x - mean) / jnp.sqrt(var + NORM_EPS) * weights[f"{norm}_scale"] + weights[f"{norm}_bias"]


def dense(weights: Weights, layer: str, x: Float32[Array, "tokens inputs"]) -> Float32[Array, "tokens outputs"]:
    """One dense layer."""
    return x @ weights[f"{layer}_w"] + weights[f"{layer}_b"]


def give_back(network: Transformer, weights: Weights) -> Params:
    """The canonical parameters again."""
    tree = network.shapes()

    def named(place: str, parts: Params) -> Params:
        return {part: {name: weights[f"{place}{part}_{name}"] for name in arrays} for part, arrays in parts.items()}

    blocks = [named(f"block{i}_", block) for i, block in enumerate(tree["blocks"], start=1)]
    last = named("", {part: tree[part] for part in ("norm", "head")})
    return {"tokens": weights["tokens"], "positions": weights["positions"], "blocks": blocks, **last}
