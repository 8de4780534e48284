"""A task: what is trained, as one frozen and hashable value.

A task says everything about the mathematics (sizes, activation, output, loss, optimizer) and nothing about
data, order, starting values or devices; those belong to the workload that is measured (`benches/workloads/`).
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

Activation = Literal["relu", "tanh", "sigmoid"]
Output = Literal["identity", "sigmoid"]
Loss = Literal["mse", "bce", "softmax_cross_entropy"]

OUTPUTS_OF_LOSS: dict[Loss, tuple[Output, ...]] = {
    "mse": ("identity", "sigmoid"),
    "bce": ("sigmoid",),
    "softmax_cross_entropy": ("identity",),
}

PROBABILITY_FLOOR = 1e-8
"""The bce loss clips probabilities to [1e-8, 1 - 1e-8].

1 - 1e-8 rounds to 1 in float32, so every trainer clips p and 1 - p from below instead; the bound is the same.
"""


class TaskError(ValueError):
    """A task that cannot be trained; the message says why and what would do."""


@dataclass(frozen=True)
class Sgd:
    """Plain gradient descent: p <- p - learning_rate * g."""

    learning_rate: float


@dataclass(frozen=True)
class Adam:
    """Adam with bias correction, eps outside the square root.

    References:
        Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
    """

    learning_rate: float
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8


Optimizer = Sgd | Adam


@dataclass(frozen=True)
class Task:
    """A multilayer perceptron, its loss and its optimizer.

    Attributes:
        layer_sizes: Width of every layer, input first and output last, e.g. (2, 3, 1).
        activation: Applied after every layer but the last.
        output: Applied after the last layer.
        loss: Mean over the batch. "mse" and "bce" also take the mean over the outputs of a sample.
            "bce" reads the network's outputs as probabilities, "softmax_cross_entropy" as logits.
        optimizer: `Sgd` or `Adam` with its numbers.

    Raises:
        TaskError: On construction, if the parts do not fit together.
    """

    layer_sizes: tuple[int, ...]
    activation: Activation
    output: Output
    loss: Loss
    optimizer: Optimizer

    def __post_init__(self) -> None:
        _check_sizes(self.layer_sizes)
        _check_choice("activation", self.activation, get_args(Activation))
        _check_choice("output", self.output, get_args(Output))
        _check_choice("loss", self.loss, get_args(Loss))
        _check_loss_fits_output(self.loss, self.output)
        _check_optimizer(self.optimizer)


def _check_sizes(layer_sizes: object) -> None:
    is_tuple = isinstance(layer_sizes, tuple)
    sizes: tuple[object, ...] = layer_sizes if is_tuple else ()
    if len(sizes) < 2 or not all(type(size) is int and size >= 1 for size in sizes):
        raise TaskError(
            f"layer_sizes is {layer_sizes!r}; expected a tuple of at least two whole numbers of 1 or more, "
            "input first and output last, such as (2, 3, 1)"
        )


def _check_choice(field: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise TaskError(f"{field} is {value!r}; expected one of {', '.join(known)}")


def _check_loss_fits_output(loss: Loss, output: Output) -> None:
    fitting = OUTPUTS_OF_LOSS[loss]
    if output not in fitting:
        raise TaskError(
            f"loss {loss!r} does not fit output {output!r}; it needs output {' or '.join(map(repr, fitting))}"
        )


def _check_optimizer(optimizer: object) -> None:
    if not isinstance(optimizer, Sgd | Adam):
        raise TaskError(f"optimizer is {optimizer!r}; expected Sgd(learning_rate) or Adam(learning_rate, b1, b2, eps)")
    _check_number("learning_rate", optimizer.learning_rate, low=0.0, high=math.inf, low_allowed=False)
    if isinstance(optimizer, Adam):
        _check_number("b1", optimizer.b1, low=0.0, high=1.0, low_allowed=True)
        _check_number("b2", optimizer.b2, low=0.0, high=1.0, low_allowed=True)
        _check_number("eps", optimizer.eps, low=0.0, high=math.inf, low_allowed=False)


def _check_number(field: str, value: object, *, low: float, high: float, low_allowed: bool) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not (low < number < high or (low_allowed and number == low)):
        bracket = "[" if low_allowed else "("
        raise TaskError(f"{field} is {value!r}; expected a number in {bracket}{low:g}, {high:g})")
