"""The reference: the same network in float64 NumPy, its gradient written out by hand.

No autodiff, no compiler and no float32, so whatever these do to a trainer's numbers shows as a difference to the
numbers here. The laws compare trainers with `train`; the harness scores held-out rows with `loss` and `accuracy`.

References:
    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
from jaxtyping import Float, Float64

from triptych.impls.task import PROBABILITY_FLOOR, Adam, Sgd, Task

Array = Float64[np.ndarray, "..."]
Inputs = Float[np.ndarray, "batch inputs"]
Outputs = Float[np.ndarray, "batch outputs"]
"""Rows as the harness holds them, of any float type; all arithmetic here is float64."""

Batches = Iterable[tuple[Float[np.ndarray, "_ inputs"], Float[np.ndarray, "_ outputs"]]]

CanonicalParams = Sequence[Mapping[str, object]]
"""The canonical layout of `protocol.py`, its arrays of NumPy or of jax."""


class Layer(TypedDict):
    """One dense layer in the canonical layout, float64."""

    w: Float64[np.ndarray, "inputs outputs"]
    b: Float64[np.ndarray, " outputs"]


class Moments(NamedTuple):
    """Adam's step count and its running mean and uncentred variance of the gradients."""

    t: int
    mean: list[Layer]
    var: list[Layer]


def _sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), without overflow."""
    return np.exp(-np.logaddexp(0, -z))


def _relu(z: Array) -> Array:
    return np.maximum(z, 0)


def _identity(z: Array) -> Array:
    return z


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": _relu,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "identity": _identity,
}

SLOPES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda a: (a > 0).astype(np.float64),
    "tanh": lambda a: 1 - a**2,
    "sigmoid": lambda a: a * (1 - a),
    "identity": np.ones_like,
}
"""The derivative of each activation as a function of its value a."""


def predict(task: Task, params: CanonicalParams, x: Inputs) -> Float64[np.ndarray, "batch outputs"]:
    """The network's outputs for a batch."""
    return _values(task, _float64(params), x)[-1]


def loss(task: Task, params: CanonicalParams, x: Inputs, y: Outputs) -> float:
    """The mean loss of a batch; infinite or not a number where training diverged."""
    p = predict(task, params, x)
    with np.errstate(over="ignore", invalid="ignore"):
        if task.loss == "mse":
            return float(np.mean((p - y) ** 2))
        if task.loss == "bce":
            p = _clip(p)
            return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
        return float(-np.mean(np.sum(y * _log_softmax(p), axis=1)))


def gradient(task: Task, params: CanonicalParams, x: Inputs, y: Outputs) -> list[Layer]:
    """The gradient of `loss` by backpropagation, in the canonical layout."""
    layers = _float64(params)
    values = _values(task, layers, x)
    back = _loss_slope(task, values[-1], y)
    names = [task.activation] * (len(layers) - 1) + [task.output]
    grads: list[Layer] = []
    for i in reversed(range(len(layers))):
        delta = back * SLOPES[names[i]](values[i + 1])
        grads.insert(0, Layer(w=values[i].T @ delta, b=delta.sum(axis=0)))
        back = delta @ layers[i]["w"].T
    return grads


def train(task: Task, params: CanonicalParams, batches: Batches) -> tuple[list[Layer], list[float]]:
    """One update per batch.

    Returns:
        The parameters after the last update, and for every batch its mean loss before the update.
    """
    layers = _float64(params)
    moments = Moments(0, _each(np.zeros_like, layers), _each(np.zeros_like, layers))
    losses: list[float] = []
    for x, y in batches:
        losses.append(loss(task, layers, x, y))
        grads = gradient(task, layers, x, y)
        if isinstance(task.optimizer, Sgd):
            layers = _sgd(task.optimizer, layers, grads)
        else:
            layers, moments = _adam(task.optimizer, layers, moments, grads)
    return layers, losses


def accuracy(task: Task, outputs: Outputs, y: Outputs) -> float | None:
    """The share of right answers: by the largest logit, or by a threshold of 0.5 on probabilities.

    Returns:
        None for a regression (mse on an identity output), which has no right and wrong.
    """
    if task.loss == "softmax_cross_entropy":
        return float(np.mean(outputs.argmax(axis=1) == y.argmax(axis=1)))
    if task.output == "sigmoid":
        return float(np.mean((outputs > 0.5) == (y > 0.5)))
    return None


def _float64(params: CanonicalParams) -> list[Layer]:
    return [Layer(w=np.asarray(layer["w"], np.float64), b=np.asarray(layer["b"], np.float64)) for layer in params]


def _each(f: Callable[..., Array], *trees: list[Layer]) -> list[Layer]:
    """The function applied to every array of one tree, together with the arrays in the same place of the others."""
    return [
        Layer(w=f(*(layer["w"] for layer in layers)), b=f(*(layer["b"] for layer in layers)))
        for layers in zip(*trees, strict=True)
    ]


@np.errstate(over="ignore", invalid="ignore")
def _values(task: Task, layers: list[Layer], x: Inputs) -> list[Float64[np.ndarray, "batch _"]]:
    """The values of every layer, the inputs first and the outputs last."""
    names = [task.activation] * (len(layers) - 1) + [task.output]
    values = [np.asarray(x, np.float64)]
    for name, layer in zip(names, layers, strict=True):
        values.append(ACTIVATIONS[name](values[-1] @ layer["w"] + layer["b"]))
    return values


def _loss_slope(task: Task, p: Array, y: Outputs) -> Array:
    """The derivative of the batch's mean loss by the network's outputs p."""
    if task.loss == "mse":
        return 2 * (p - y) / p.size
    if task.loss == "bce":
        q = _clip(p)
        return np.where(p == q, (q - y) / (q * (1 - q)), 0) / p.size
    return (np.exp(_log_softmax(p)) * y.sum(axis=1, keepdims=True) - y) / len(p)


def _clip(p: Array) -> Array:
    return np.clip(p, PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)


def _log_softmax(z: Array) -> Array:
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def _sgd(optimizer: Sgd, layers: list[Layer], grads: list[Layer]) -> list[Layer]:
    return _each(lambda p, g: p - optimizer.learning_rate * g, layers, grads)


def _adam(optimizer: Adam, layers: list[Layer], moments: Moments, grads: list[Layer]) -> tuple[list[Layer], Moments]:
    b1, b2, t = optimizer.b1, optimizer.b2, moments.t + 1
    mean = _each(lambda m, g: b1 * m + (1 - b1) * g, moments.mean, grads)
    var = _each(lambda v, g: b2 * v + (1 - b2) * g**2, moments.var, grads)

    def move(p: Array, m: Array, v: Array) -> Array:
        return p - optimizer.learning_rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + optimizer.eps)

    return _each(move, layers, mean, var), Moments(t, mean, var)
