"""The transformer in pure JAX: a handful of functions, and the tree of parameters says which block is which."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Layer, Params

Stream = Float[Array, "tokens width"]
"""In float32, unless a form of it computes in fewer bits."""


def predict(network: Transformer, params: Params, tokens: Int32[Array, " tokens"]) -> Float[Array, "tokens words"]:
    """The logits of the next token after every one of a sequence."""
    x = params["tokens"][tokens] + params["positions"]
    for block in params["blocks"]:
        x = through(network.heads, block, x)
    return dense(params["head"], normalize(params["norm"], x))


def through(heads: int, block: Params, x: Stream) -> Stream:
    """Causal attention and a perceptron, each after a norm and added to what came in."""
    x = x + attend(heads, block, normalize(block["norm1"], x))
    h = jax.nn.gelu(dense(block["up"], normalize(block["norm2"], x)))
    return x + dense(block["down"], h)


def attend(heads: int, block: Params, x: Stream) -> Stream:
    """Causal attention of all heads at once, each with its slice of the weights."""
    q, k, v = (to_heads(block[name], x, heads) for name in ("query", "key", "value"))
    scores = jnp.einsum("qhd,khd->hqk", q, k) / q.shape[-1] ** 0.5
    causal = jnp.tril(jnp.ones((len(x), len(x)), bool))
    mixed = jnp.einsum("hqk,khd->qhd", jax.nn.softmax(jnp.where(causal, scores, -jnp.inf)), v)
    w, b = block["out"]["w"], block["out"]["b"]
    return jnp.einsum("thd,hde->te", mixed, w.reshape(heads, -1, w.shape[1])) + b


def to_heads(layer: Layer, x: Stream, heads: int) -> Float[Array, "tokens heads size"]:
    """A dense layer whose outputs are dealt out to the heads."""
    w, b = layer["w"], layer["b"]
    return jnp.einsum("td,dhe->the", x, w.reshape(len(w), heads, -1)) + b.reshape(heads, -1)


def normalize(norm: Params, x: Stream) -> Stream:
    """Every token by its own mean and variance, then scaled and shifted."""
    away = x - jnp.mean(x, axis=-1, keepdims=True)
    var = jnp.mean(jnp.square(away), axis=-1, keepdims=True)
    return away * (lax.rsqrt(var + NORM_EPS) * norm["scale"]) + norm["bias"]


def dense(layer: Layer, x: Float[Array, "tokens inputs"]) -> Float[Array, "tokens outputs"]:
    """One dense layer."""
    return x @ layer["w"] + layer["b"]
