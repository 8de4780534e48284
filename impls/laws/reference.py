"""The reference: every network's forward pass and every optimizer's update, once more and in float64.

The forward pass is written over a namespace. With NumPy, so that nothing is traced in a process that measures, it
gives the harness its own losses; with `jax.numpy` in float64 it gives the laws their gradients. It shares nothing
with a trainer but the formulas that `networks.py` and `task.py` state: no float32, no library's layer.

References:
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float64, Num

from triptych.impls.networks import NORM_EPS, Conv, Mlp, Network, Transformer, map_leaves
from triptych.impls.task import PROBABILITY_FLOOR, Adam, AdamW, Optimizer, Sgd, Task

Array = Any
"""An array of the namespace: NumPy's, or one that jax traces."""

Rows = Num[np.ndarray, "batch ..."]
"""Inputs or targets as the harness holds them; all arithmetic here is float64."""

Params = Any
"""The canonical tree, its arrays of NumPy or of jax."""


def predict(task: Task, params: Params, x: Rows) -> Float64[np.ndarray, "batch ..."]:
    """The network's outputs for a batch."""
    with np.errstate(over="ignore", invalid="ignore"):
        return _predict(np, task, float64(params), x)


def loss(task: Task, params: Params, x: Rows, y: Rows) -> float:
    """The mean loss of a batch; infinite or not a number where training diverged."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(_loss(np, task, float64(params), x, y))


def accuracy(task: Task, outputs: Rows, y: Rows) -> float | None:
    """The share of right answers: by the largest logit, or by a threshold of 0.5 on probabilities.

    Returns:
        None for a regression (mse on an identity output), which has no right and wrong.
    """
    if task.loss == "next_token_cross_entropy":
        return float(np.mean(outputs.argmax(axis=-1) == y))
    if task.loss == "softmax_cross_entropy":
        return float(np.mean(outputs.argmax(axis=1) == y.argmax(axis=1)))
    if task.output == "sigmoid":
        return float(np.mean((outputs > 0.5) == (y > 0.5)))
    return None


def gradient(task: Task, params: Params, x: Rows, y: Rows) -> Params:
    """The gradient of `loss`, in the canonical layout; NumPy arrays."""
    import jax

    with jax.enable_x64(True):  # noqa: FBT003  jax's signature
        x = np.asarray(x) if x.dtype.kind == "i" else np.asarray(x, np.float64)
        return jax.device_get(_gradient_of(task)(float64(params), x, y))


def train(task: Task, params: Params, batches: Iterable[tuple[Rows, Rows]]) -> tuple[Params, list[float]]:
    """One update per batch.

    Returns:
        The parameters after the last update, and for every batch its mean loss before the update.
    """
    import jax

    params = float64(params)
    mean = var = jax.tree.map(np.zeros_like, params)
    losses: list[float] = []
    for t, (x, y) in enumerate(batches):
        losses.append(loss(task, params, x, y))
        grads = gradient(task, params, x, y)
        optimizer = task.optimizer
        now, decay = rate(optimizer, t), 0.0
        if isinstance(optimizer, Sgd):
            params = jax.tree.map(lambda p, g: p - now * g, params, grads)  # noqa: B023  used at once
            continue
        if isinstance(optimizer, AdamW):
            norm = np.sqrt(sum(np.sum(g**2) for g in jax.tree.leaves(grads)))
            shortened = 1.0 if norm < optimizer.clip_norm else optimizer.clip_norm / norm
            grads, decay = jax.tree.map(lambda g: g * shortened, grads), optimizer.weight_decay  # noqa: B023
        b1, b2 = optimizer.b1, optimizer.b2
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)  # noqa: B023
        var = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g**2, var, grads)  # noqa: B023
        params = jax.tree.map(_mover(optimizer, t + 1, now, decay), params, mean, var)
    return params, losses


def rate(optimizer: Optimizer, t: int) -> float:
    """The learning rate of step t, counted from 0."""
    if not isinstance(optimizer, AdamW):
        return optimizer.learning_rate
    if t < optimizer.warmup_steps:
        return optimizer.learning_rate * t / optimizer.warmup_steps
    share = min(1.0, (t - optimizer.warmup_steps) / (optimizer.decay_steps - optimizer.warmup_steps))
    return optimizer.learning_rate * (1 + np.cos(np.pi * share)) / 2


def _mover(optimizer: Adam | AdamW, t: int, now: float, decay: float) -> Callable[[Array, Array, Array], Array]:
    """What moves an array by its moments after t gradients."""

    def move(p: Array, m: Array, v: Array) -> Array:
        direction = (m / (1 - optimizer.b1**t)) / (np.sqrt(v / (1 - optimizer.b2**t)) + optimizer.eps)
        return p - now * (direction + decay * p)

    return move


@lru_cache
def _gradient_of(task: Task) -> Callable[..., Params]:
    import jax
    import jax.numpy as jnp

    quickly = {"xla_backend_optimization_level": 0}  # it is run a few times only
    return jax.jit(jax.grad(lambda params, x, y: _loss(jnp, task, params, x, y)), compiler_options=quickly)


def _predict(xp: Any, task: Task, params: Params, x: Array) -> Array:
    z = FORWARD[type(task.network)](xp, task.network, params, x)
    return _sigmoid(xp, z) if task.output == "sigmoid" else z


def _loss(xp: Any, task: Task, params: Params, x: Array, y: Array) -> Array:
    p = _predict(xp, task, params, x)
    if task.loss == "mse":
        return xp.mean((p - y) ** 2)
    if task.loss == "bce":
        p = xp.clip(p, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
        return -xp.mean(y * xp.log(p) + (1 - y) * xp.log(1 - p))
    if task.loss == "softmax_cross_entropy":
        return -xp.mean(xp.sum(y * _log_softmax(xp, p), axis=-1))
    return -xp.mean(xp.take_along_axis(_log_softmax(xp, p), y[..., None], axis=-1))


def _mlp(xp: Any, network: Mlp, params: Params, x: Array) -> Array:
    *hidden, last = params
    for layer in hidden:
        x = ACTIVATIONS[network.activation](xp, _dense(layer, x))
    return _dense(last, x)


def _conv(xp: Any, network: Conv, params: Params, x: Array) -> Array:
    """Each convolution as one matrix product: at every pixel its nine neighbours in a row."""
    for layer, stride in zip(params["convs"], network.strides, strict=True):
        height, width = x.shape[1:3]
        padded = xp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        places = [(i, j) for i in range(3) for j in range(3)]
        seen = [padded[:, i : i + height : stride, j : j + width : stride] for i, j in places]
        in_a_row = {"w": layer["w"].reshape(-1, layer["w"].shape[-1]), "b": layer["b"]}
        x = _relu(xp, _dense(in_a_row, xp.concatenate(seen, axis=-1)))
    return _dense(params["head"], xp.mean(x, axis=(1, 2)))


def _transformer(xp: Any, network: Transformer, params: Params, tokens: Array) -> Array:
    x = params["tokens"][tokens] + params["positions"][: tokens.shape[1]]
    later = np.triu(np.ones((tokens.shape[1],) * 2, bool), 1)
    for block in params["blocks"]:
        h = _normalize(xp, block["norm1"], x)
        q, k, v = (
            xp.moveaxis(_dense(block[name], h).reshape(*h.shape[:2], network.heads, -1), 2, 1)
            for name in ("query", "key", "value")
        )
        scores = xp.where(later, -np.inf, q @ xp.swapaxes(k, 2, 3) / np.sqrt(q.shape[-1]))
        mixed = xp.moveaxis(xp.exp(_log_softmax(xp, scores)) @ v, 1, 2).reshape(x.shape)
        x = x + _dense(block["out"], mixed)
        x = x + _dense(block["down"], _gelu(xp, _dense(block["up"], _normalize(xp, block["norm2"], x))))
    return _dense(params["head"], _normalize(xp, params["norm"], x))


FORWARD: dict[type[Network], Callable[..., Array]] = {Mlp: _mlp, Conv: _conv, Transformer: _transformer}


def _dense(layer: Params, x: Array) -> Array:
    """One matrix product for all rows: NumPy would else go through the outer axes one by one."""
    w = layer["w"]
    return (x.reshape(-1, len(w)) @ w).reshape(*x.shape[:-1], w.shape[1]) + layer["b"]


def _normalize(xp: Any, norm: Params, x: Array) -> Array:
    away = x - xp.mean(x, axis=-1, keepdims=True)
    return away / xp.sqrt(xp.mean(away**2, axis=-1, keepdims=True) + NORM_EPS) * norm["scale"] + norm["bias"]


def _sigmoid(xp: Any, z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow."""
    return xp.exp(-xp.logaddexp(0.0, -z))


def _relu(xp: Any, z: Array) -> Array:
    return xp.where(z > 0, z, 0.0)


def _gelu(xp: Any, z: Array) -> Array:
    return 0.5 * z * (1 + xp.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))


def _log_softmax(xp: Any, z: Array) -> Array:
    z = z - xp.max(z, axis=-1, keepdims=True)
    return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "relu": _relu,
    "tanh": lambda xp, z: xp.tanh(z),
    "sigmoid": _sigmoid,
}


def float64(params: Params) -> Params:
    """The same tree, its arrays on the host."""
    return map_leaves(lambda array: np.asarray(array, np.float64), params)
