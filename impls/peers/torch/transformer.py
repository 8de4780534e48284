"""The transformer in PyTorch: one dense layer for queries, keys and values, and the library's own fused attention.

Source: https://docs.pytorch.org/tutorials/intermediate/scaled_dot_product_attention_tutorial.html
"""

from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  as PyTorch's pages name it

from triptych.impls.networks import NORM_EPS, Transformer
from triptych.impls.protocol import Params

Weights = dict[str, Any]
"""Arrays by the names of the module's parameters: {"tokens.weight", "blocks.0.attention.weight", ..., "head.bias"}."""

PARTS = ("query", "key", "value")


def take_in(network: Transformer, params: Params) -> Weights:  # noqa: ARG001  every network is given
    """The canonical parameters under the names that PyTorch gives them; queries, keys and values are one layer."""
    weights: Weights = {"tokens.weight": params["tokens"], "positions.weight": params["positions"]}
    weights |= _norm("norm", params["norm"]) | _dense("head", params["head"])
    for i, block in enumerate(params["blocks"]):
        together = {name: np.concatenate([block[part][name] for part in PARTS], axis=-1) for name in ("w", "b")}
        weights |= _dense(f"blocks.{i}.attention", together)
        for name in ("norm1", "norm2"):
            weights |= _norm(f"blocks.{i}.{name}", block[name])
        for name in ("out", "up", "down"):
            weights |= _dense(f"blocks.{i}.{name}", block[name])
    return weights


def _dense(name: str, layer: Params) -> Weights:
    return {f"{name}.weight": layer["w"].T, f"{name}.bias": layer["b"]}


def _norm(name: str, norm: Params) -> Weights:
    return {f"{name}.weight": norm["scale"], f"{name}.bias": norm["bias"]}


class Block(nn.Module):
    """Causal attention and a perceptron, each after a norm and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, NORM_EPS), nn.LayerNorm(width, NORM_EPS)
        self.attention, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """The stream after this block; it is (batch, tokens, width)."""
        batch, tokens, width = x.shape
        parts = self.attention(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Network(nn.Module):
    """Embeddings, blocks, a norm and a head."""

    def __init__(self, network: Transformer) -> None:
        super().__init__()
        width = network.width
        self.tokens, self.positions = nn.Embedding(network.vocabulary, width), nn.Embedding(network.context, width)
        self.blocks = nn.Sequential(*(Block(width, network.heads) for _ in range(network.layers)))
        self.norm, self.head = nn.LayerNorm(width, NORM_EPS), nn.Linear(width, network.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        """The logits of the next token after every one of a batch of sequences."""
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def give_back(network: Transformer, weights: Weights) -> Params:
    """PyTorch's layers under the canonical names, queries, keys and values apart again."""

    def dense(name: str) -> Params:
        return {"w": weights[f"{name}.weight"].T, "b": weights[f"{name}.bias"]}

    def norm(name: str) -> Params:
        return {"scale": weights[f"{name}.weight"], "bias": weights[f"{name}.bias"]}

    def block_of(name: str) -> Params:
        together = dense(f"{name}.attention")
        w, b = np.split(together["w"], 3, axis=-1), np.split(together["b"], 3)
        rest = {part: dense(f"{name}.{part}") for part in ("out", "up", "down")}
        norms = {part: norm(f"{name}.{part}") for part in ("norm1", "norm2")}
        return {part: {"w": w[i], "b": b[i]} for i, part in enumerate(PARTS)} | rest | norms

    return {
        "tokens": weights["tokens.weight"],
        "positions": weights["positions.weight"],
        "blocks": [block_of(f"blocks.{i}") for i in range(network.layers)],
        "norm": norm("norm"),
        "head": dense("head"),
    }
