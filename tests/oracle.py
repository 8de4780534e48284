"""An oracle that shares nothing with the code under test: sums over samples and units, written out in plain Python.

Parameters are canonical (a list of {"w": (in, out), "b": (out,)}); Python's floats are float64. A test proves the
gradient by finite differences of the loss, so that only the few formulas of the loss have to be believed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

Layers = list[dict[str, np.ndarray]]
Vector = Sequence[float]


class Network(NamedTuple):
    """What a task says, in words; an optimizer is ("sgd", rate) or ("adam", rate, b1, b2, eps)."""

    activation: str
    output: str
    loss: str
    optimizer: tuple[str, float] | tuple[str, float, float, float, float]


def squash(name: str, z: float) -> float:
    """An activation at one number."""
    if name == "relu":
        return z if z > 0 else 0.0
    if name == "tanh":
        return math.tanh(z)
    return 1 / (1 + math.exp(-z)) if name == "sigmoid" else z


def slope(name: str, z: float) -> float:
    """The derivative of an activation at one number; 0 for relu at 0."""
    if name == "relu":
        return 1.0 if z > 0 else 0.0
    if name == "tanh":
        return 1 / math.cosh(z) ** 2
    return 1 / (2 + math.exp(z) + math.exp(-z)) if name == "sigmoid" else 1.0


def forward(network: Network, params: Layers, x: Vector) -> list[tuple[list[float], list[float]]]:
    """For one sample and every layer, the sums z that enter its units and the values that leave them."""
    steps: list[tuple[list[float], list[float]]] = [([], list(x))]
    for depth, layer in enumerate(params, start=1):
        name = network.output if depth == len(params) else network.activation
        below, (w, b) = steps[-1][1], (layer["w"].tolist(), layer["b"].tolist())
        z = [b[j] + sum(below[i] * w[i][j] for i in range(len(below))) for j in range(len(b))]
        steps.append((z, [squash(name, number) for number in z]))
    return steps


def predict(network: Network, params: Layers, x: np.ndarray) -> np.ndarray:
    """The outputs for a batch."""
    return np.array([forward(network, params, sample)[-1][1] for sample in x.tolist()])


def sample_loss(loss: str, p: Vector, y: Vector) -> float:
    """The loss of one sample."""
    n = len(p)
    if loss == "mse":
        return sum((p[j] - y[j]) ** 2 for j in range(n)) / n
    if loss == "bce":
        q = [min(max(number, 1e-8), 1 - 1e-8) for number in p]
        return -sum(y[j] * math.log(q[j]) + (1 - y[j]) * math.log(1 - q[j]) for j in range(n)) / n
    return -sum(y[j] * (p[j] - math.log(sum(math.exp(number) for number in p))) for j in range(n))


def sample_loss_slope(loss: str, p: Vector, y: Vector) -> list[float]:
    """The derivative of the loss of one sample by each output; 0 where the probability is clipped."""
    n = len(p)
    if loss == "mse":
        return [2 * (p[j] - y[j]) / n for j in range(n)]
    if loss == "bce":
        inside = [1e-8 < number < 1 - 1e-8 for number in p]
        return [((1 - y[j]) / (1 - p[j]) - y[j] / p[j]) / n if inside[j] else 0.0 for j in range(n)]
    total = sum(math.exp(number) for number in p)
    return [sum(y) * math.exp(p[j]) / total - y[j] for j in range(n)]


def loss(network: Network, params: Layers, x: np.ndarray, y: np.ndarray) -> float:
    """The mean loss of a batch."""
    outputs = predict(network, params, x).tolist()
    return sum(sample_loss(network.loss, p, target) for p, target in zip(outputs, y.tolist(), strict=True)) / len(x)


def gradient(network: Network, params: Layers, x: np.ndarray, y: np.ndarray) -> Layers:
    """The derivative of the mean loss of a batch by every weight and bias, summed sample by sample."""
    grads = [{name: np.zeros_like(array) for name, array in layer.items()} for layer in params]
    for sample, target in zip(x.tolist(), y.tolist(), strict=True):
        steps = forward(network, params, sample)
        by_value = sample_loss_slope(network.loss, steps[-1][1], target)
        for depth in range(len(params), 0, -1):
            name = network.output if depth == len(params) else network.activation
            below, w = steps[depth - 1][1], params[depth - 1]["w"].tolist()
            by_sum = [by_value[j] * slope(name, steps[depth][0][j]) for j in range(len(by_value))]
            for j, share in enumerate(by_sum):
                grads[depth - 1]["b"][j] += share / len(x)
                for i, value in enumerate(below):
                    grads[depth - 1]["w"][i, j] += share * value / len(x)
            by_value = [sum(by_sum[j] * w[i][j] for j in range(len(by_sum))) for i in range(len(below))]
    return grads


def train(
    network: Network, params: Sequence[Mapping[str, object]], batches: Iterable[tuple[np.ndarray, np.ndarray]]
) -> tuple[Layers, list[float]]:
    """The parameters after one update per batch, and the loss of each batch before its update."""
    now = [{name: np.array(layer[name], np.float64) for name in ("w", "b")} for layer in params]
    mean = [{name: np.zeros_like(array) for name, array in layer.items()} for layer in now]
    square = [{name: np.zeros_like(array) for name, array in layer.items()} for layer in now]
    losses: list[float] = []
    for t, (x, y) in enumerate(batches, start=1):
        losses.append(loss(network, now, x, y))
        grads = gradient(network, now, x, y)
        for layer, m, v, g in zip(now, mean, square, grads, strict=True):
            for name in ("w", "b"):
                if len(network.optimizer) == 2:
                    layer[name] = layer[name] - network.optimizer[1] * g[name]
                    continue
                _, rate, b1, b2, eps = network.optimizer
                m[name] = b1 * m[name] + (1 - b1) * g[name]
                v[name] = b2 * v[name] + (1 - b2) * g[name] ** 2
                layer[name] = layer[name] - rate * (m[name] / (1 - b1**t)) / (np.sqrt(v[name] / (1 - b2**t)) + eps)
    return now, losses
