"""The transformer in Equinox: layers are for one vector or one sequence, and `jax.vmap` takes them along tokens."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.peers.equinox.mlp import dense, filled, linear
from triptych.impls.protocol import Params

Stream = Float32[Array, "tokens width"]

PROJECTIONS = ("query", "key", "value", "out")


class Block(eqx.Module):
    """Causal attention and a perceptron, each after a norm and added to what came in."""

    norm1: eqx.nn.LayerNorm
    attention: eqx.nn.MultiheadAttention
    norm2: eqx.nn.LayerNorm
    up: eqx.nn.Linear
    down: eqx.nn.Linear

    def __call__(self, x: Stream, mask: Bool[Array, "tokens tokens"]) -> Stream:
        """The stream after this block."""
        h = jax.vmap(self.norm1)(x)
        x = x + self.attention(h, h, h, mask)
        h = jax.nn.gelu(jax.vmap(self.up)(jax.vmap(self.norm2)(x)))
        return x + jax.vmap(self.down)(h)


class Network(eqx.Module):
    """Embeddings, blocks, a norm and a head."""

    tokens: eqx.nn.Embedding
    positions: eqx.nn.Embedding
    blocks: list[Block]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear

    def __call__(self, tokens: Int32[Array, " tokens"]) -> Float32[Array, "tokens words"]:
        """The logits of the next token after every one of a sequence."""
        x = jax.vmap(self.tokens)(tokens) + jax.vmap(self.positions)(jnp.arange(len(tokens)))
        mask = jnp.tril(jnp.ones((len(tokens), len(tokens)), bool))
        for block in self.blocks:
            x = block(x, mask)
        return jax.vmap(self.head)(jax.vmap(self.norm)(x))


def take_in(network: Transformer, params: Params) -> Network:
    """The model that has the canonical parameters."""

    def norm(layer: Params) -> eqx.nn.LayerNorm:
        return filled(lambda _: eqx.nn.LayerNorm(network.width, NORM_EPS), layer["scale"], layer["bias"])

    def block_of(block: Params) -> Block:
        attention = attention_of(network, block)
        return Block(norm(block["norm1"]), attention, norm(block["norm2"]), linear(block["up"]), linear(block["down"]))

    tokens, positions = (eqx.nn.Embedding(weight=params[name]) for name in ("tokens", "positions"))
    blocks = [block_of(block) for block in params["blocks"]]
    return Network(tokens, positions, blocks, norm(params["norm"]), linear(params["head"]))


def attention_of(network: Transformer, block: Params) -> eqx.nn.MultiheadAttention:
    """The attention of a block, its dropout taken out: its rate would be a leaf of the model that is no array."""
    biases = {f"use_{name}_bias": True for name in ("query", "key", "value", "output")}
    empty = eqx.filter_eval_shape(
        lambda: eqx.nn.MultiheadAttention(network.heads, network.width, **biases, key=jax.random.key(0))
    )
    layers = [linear(block[name]) for name in PROJECTIONS]
    return eqx.tree_at(lambda attention: (*projections(attention), attention.dropout), empty, (*layers, None))


def projections(attention: eqx.nn.MultiheadAttention) -> list[eqx.nn.Linear]:
    """The dense layers of an attention, in the order of `PROJECTIONS`."""
    return [attention.query_proj, attention.key_proj, attention.value_proj, attention.output_proj]


def give_back(model: Network) -> Params:
    """The layers under the canonical names."""

    def norm(layer: eqx.nn.LayerNorm) -> Params:
        return {"scale": layer.weight, "bias": layer.bias}

    def block_of(block: Block) -> Params:
        attention = zip(PROJECTIONS, map(dense, projections(block.attention)), strict=True)
        rest = {"up": dense(block.up), "down": dense(block.down)}
        return {"norm1": norm(block.norm1), "norm2": norm(block.norm2), **dict(attention), **rest}

    return {
        "tokens": model.tokens.weight,
        "positions": model.positions.weight,
        "blocks": [block_of(block) for block in model.blocks],
        "norm": norm(model.norm),
        "head": dense(model.head),
    }
