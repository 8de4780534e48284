"""Backpropagation by hand: a perceptron in NumPy, batch by batch, with no library that differentiates.

The way forward keeps what every layer gave; the way back carries the loss's derivative from the outputs to the inputs,
and each layer takes its gradients from it as two matrix products. The update writes into the arrays that are there, and
everything stays float32. On small networks NumPy pays for its calls and not for its arithmetic, so they are kept few.

Source: the tutorial "Deep learning on MNIST" of NumPy,
https://numpy.org/numpy-tutorials/tutorial-deep-learning-on-mnist/
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Params
from triptych.impls.task import PROBABILITY_FLOOR, AdamW, Sgd, Task

Array = np.ndarray[Any, Any]
"""Of float32."""

Batch = tuple[Array, Array]

Moments = tuple[list[Array], list[Array], Array]
"""Adam's running first and second moments of the gradients, and its step count."""

State = tuple[list[Array], Moments | None]
"""A weight and a bias of every layer, input side first, and what the optimizer remembers."""


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), by a tanh that cannot overflow."""
    return np.tanh(z * np.float32(0.5)) * np.float32(0.5) + np.float32(0.5)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}

DERIVATIVES: dict[str, Callable[[Array], Array]] = {
    "relu": lambda a: a > 0,
    "tanh": lambda a: 1 - a * a,
    "sigmoid": lambda a: a * (1 - a),
}
"""Of an activation, given what it gave."""


def forward(task: Task, weights: list[Array], x: Array) -> tuple[list[Array], Array]:
    """What goes into every layer, and the outputs for a batch."""
    activate, inputs = ACTIVATIONS[task.activation], [x]
    for w, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        inputs.append(activate(inputs[-1] @ w + b))
    z = inputs[-1] @ weights[-2] + weights[-1]
    return inputs, sigmoid(z) if task.output == "sigmoid" else z


def loss_of(task: Task, p: Array, y: Array) -> tuple[np.float32, Array]:
    """The mean loss of the outputs of a batch, and its derivative by the last layer's sums."""
    if task.loss == "softmax_cross_entropy":
        z = p - p.max(axis=1, keepdims=True)
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        share = np.float32(1 / len(p))
        value = -(y * (z - np.log(total))).sum() * share
        return value, (e * (y.sum(axis=1, keepdims=True) / total) - y) * share
    share = np.float32(1 / p.size)
    if task.loss == "mse":
        away = p - y
        value, by_output = np.vdot(away, away) * share, away * (2 * share)
        return value, by_output * (p * (1 - p)) if task.output == "sigmoid" else by_output
    q = 1 - p
    kept_p, kept_q = np.maximum(p, np.float32(PROBABILITY_FLOOR)), np.maximum(q, np.float32(PROBABILITY_FLOOR))
    value = -(y * np.log(kept_p) + (1 - y) * np.log(kept_q)).sum() * share
    by_output = (1 - y) / kept_q * (q > PROBABILITY_FLOOR) - y / kept_p * (p > PROBABILITY_FLOOR)
    return value, by_output * (p * q * share)


def backward(task: Task, weights: list[Array], inputs: list[Array], delta: Array) -> list[Array]:
    """The gradients of all weights and biases, from the derivative by the last layer's sums."""
    grads: list[Array] = []
    for layer in reversed(range(len(inputs))):
        grads += (delta.sum(axis=0), inputs[layer].T @ delta)
        if layer:
            delta = (delta @ weights[2 * layer].T) * DERIVATIVES[task.activation](inputs[layer])
    return grads[::-1]


def update(task: Task, state: State, grads: list[Array]) -> None:
    """One step of the optimizer, which writes into the state's arrays."""
    weights, moments = state
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        for i in range(len(weights)):
            weights[i] -= optimizer.learning_rate * grads[i]
        return
    assert moments is not None, "an Adam state has moments"
    means, variances, step = moments
    t, rate, kept = int(step), optimizer.learning_rate, 1.0
    if isinstance(optimizer, AdamW):
        rate = rate_at(optimizer, t)
        kept = 1 - rate * optimizer.weight_decay
        grads = clip(grads, optimizer.clip_norm)
    step += 1
    unbias = math.sqrt(1 - optimizer.b2 ** (t + 1))
    rate, eps = rate * unbias / (1 - optimizer.b1 ** (t + 1)), optimizer.eps * unbias
    for i, g in enumerate(grads):
        means[i] *= optimizer.b1
        means[i] += (1 - optimizer.b1) * g
        variances[i] *= optimizer.b2
        variances[i] += (1 - optimizer.b2) * (g * g)
        if kept != 1:
            weights[i] *= kept
        weights[i] -= rate * means[i] / (np.sqrt(variances[i]) + eps)


def rate_at(optimizer: AdamW, t: int) -> float:
    """The learning rate of step t, counted from 0: up in a line, then down as a cosine."""
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    if t < warm:
        return optimizer.learning_rate * t / warm
    return optimizer.learning_rate * 0.5 * (1 + math.cos(math.pi * min((t - warm) / (end - warm), 1)))


def clip(grads: list[Array], most: float) -> list[Array]:
    """The gradients, shortened together where their norm is more than that."""
    norm = math.sqrt(sum(float(np.vdot(g, g)) for g in grads))
    return grads if norm < most else [g * (most / norm) for g in grads]


@dataclass(frozen=True)
class Trainer:
    """The trainer of one task on a perceptron."""

    task: Task

    def __post_init__(self) -> None:
        if not isinstance(self.task.network, Mlp):
            name = type(self.task.network).__name__
            raise NotImplementedError(f"the gradients are written by hand for an Mlp; there are none for a {name}")

    def init(self, params: Params) -> State:
        """Copies the parameters, and adds Adam's accumulators where they are needed."""
        weights = [np.array(layer[name], np.float32) for layer in params for name in ("w", "b")]
        if isinstance(self.task.optimizer, Sgd):
            return weights, None
        means, variances = ([np.zeros_like(p) for p in weights] for _ in range(2))
        return weights, (means, variances, np.zeros((), np.int32))

    def step(self, state: State, batch: Batch) -> tuple[State, Array]:
        """One update, in place."""
        x, y = self.take_batch(batch)
        inputs, p = forward(self.task, state[0], x)
        value, delta = loss_of(self.task, p, y)
        update(self.task, state, backward(self.task, state[0], inputs, delta))
        return state, np.asarray(value)

    def params(self, state: State) -> Params:
        """Copies in the canonical layout."""
        weights, biases = state[0][::2], state[0][1::2]
        return [{"w": w.copy(), "b": b.copy()} for w, b in zip(weights, biases, strict=True)]

    def take_batch(self, batch: Any) -> Batch:
        """A batch as arrays of NumPy, which it may be already."""
        x, y = batch
        return np.asarray(x), np.asarray(y)

    def wait(self, state: State) -> None:
        """Nothing is computed later than it is asked for."""
