"""A task: what is trained, as one frozen and hashable value.

A task says everything about the mathematics (network, output, loss, optimizer) and nothing about data, order,
starting values or devices; those belong to the workload that is measured (`benches/workloads/`).
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from triptych.impls.networks import Activation, Mlp, Network, TaskError, Transformer, check_choice

Output = Literal["identity", "sigmoid"]
Loss = Literal["mse", "bce", "softmax_cross_entropy", "next_token_cross_entropy"]

OUTPUTS_OF_LOSS: dict[Loss, tuple[Output, ...]] = {
    "mse": ("identity", "sigmoid"),
    "bce": ("sigmoid",),
    "softmax_cross_entropy": ("identity",),
    "next_token_cross_entropy": ("identity",),
}

PROBABILITY_FLOOR = 1e-8
"""The bce loss clips probabilities to [1e-8, 1 - 1e-8].

1 - 1e-8 rounds to 1 in float32, so every trainer clips p and 1 - p from below instead; the bound is the same.
"""


@dataclass(frozen=True)
class Sgd:
    """Plain gradient descent: p <- p - learning_rate * g."""

    learning_rate: float

    def words(self) -> str:
        """For instance "SGD 0.5"."""
        return f"SGD {self.learning_rate:g}"


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

    def words(self) -> str:
        """For instance "Adam 0.05"."""
        return f"Adam {self.learning_rate:g}"


@dataclass(frozen=True)
class AdamW:
    """The recipe people use: clip the gradients, warm up, decay, and take Adam's step with weight decay beside it.

    Steps are counted from t = 0. With n the root of the sum of squares over all gradients, these become
    g / n * clip_norm where n is clip_norm or more. The rate r is learning_rate * t / warmup_steps before warmup_steps,
    so that the first step moves nothing, then learning_rate * (1 + cos(π u)) / 2 with u the share of the way from
    warmup_steps to decay_steps, and 0 after that. Every array, biases and norms too, decays:
    p <- p - r * (Adam's direction + weight_decay * p).

    References:
        Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2, and "SGDR", 2017.
        Pascanu et al., "On the difficulty of training recurrent neural networks", 2013: clipping by the global norm.
        Optax, `chain(clip_by_global_norm, adamw(warmup_cosine_decay_schedule))`: the numbers of the first step.
    """

    learning_rate: float
    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.1
    clip_norm: float = 1.0
    warmup_steps: int = 100
    decay_steps: int = 2000

    def words(self) -> str:
        """For instance "AdamW 0.003, weight decay 0.1, clipped at 1, 100 steps of warm-up"."""
        kept = f"weight decay {self.weight_decay:g}, clipped at {self.clip_norm:g}"
        return f"AdamW {self.learning_rate:g}, {kept}, {self.warmup_steps} steps of warm-up"


Optimizer = Sgd | Adam | AdamW


@dataclass(frozen=True)
class Task:
    """A network, its loss and its optimizer.

    Attributes:
        network: `Mlp`, `Conv` or `Transformer` with its sizes.
        output: Applied after the network.
        loss: Mean over the batch. "mse" and "bce" also take the mean over the outputs of a sample, and
            "next_token_cross_entropy" over its tokens. "bce" reads the network's outputs as probabilities, the cross
            entropies as logits; targets are one row a sample, or of a transformer one int32 token an input.
        optimizer: `Sgd`, `Adam` or `AdamW` with its numbers.

    Raises:
        TaskError: On construction, if the parts do not fit together.
    """

    network: Network
    output: Output
    loss: Loss
    optimizer: Optimizer

    def __post_init__(self) -> None:
        if not isinstance(self.network, Network):  # pyright: ignore[reportUnnecessaryIsInstance]  a stranger's
            expected = "Mlp(layer_sizes, activation), Conv or Transformer of triptych.impls.networks"
            raise TaskError(f"network is {self.network!r}; expected {expected}")
        check_choice("output", self.output, get_args(Output))
        check_choice("loss", self.loss, get_args(Loss))
        _check_loss_fits(self.loss, self.output, self.network)
        _check_optimizer(self.optimizer)

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Of a perceptron.

        Raises:
            NotImplementedError: If the network is another: a trainer that asks does not run it.
        """
        return self._mlp("layer_sizes").layer_sizes

    @property
    def activation(self) -> Activation:
        """Of a perceptron.

        Raises:
            NotImplementedError: If the network is another: a trainer that asks does not run it.
        """
        return self._mlp("activation").activation

    def _mlp(self, asked: str) -> Mlp:
        if isinstance(self.network, Mlp):
            return self.network
        name = type(self.network).__name__
        raise NotImplementedError(f"the trainer asks for {asked}, which only an Mlp has; it does not run a {name}")


def losses_of(network: Network) -> tuple[Loss, ...]:
    """The losses that fit a network's outputs."""
    tokens: Loss = "next_token_cross_entropy"
    return (tokens,) if isinstance(network, Transformer) else tuple(loss for loss in OUTPUTS_OF_LOSS if loss != tokens)


def _check_loss_fits(loss: Loss, output: Output, network: Network) -> None:
    fitting = OUTPUTS_OF_LOSS[loss]
    if output not in fitting:
        raise TaskError(
            f"loss {loss!r} does not fit output {output!r}; it needs output {' or '.join(map(repr, fitting))}"
        )
    if loss not in losses_of(network):
        known = " or ".join(map(repr, losses_of(network)))
        raise TaskError(f"loss {loss!r} does not fit a network of type {type(network).__name__}; it needs {known}")


def _check_optimizer(optimizer: object) -> None:
    if not isinstance(optimizer, Sgd | Adam | AdamW):
        known = "Sgd(learning_rate), Adam(learning_rate, b1, b2, eps) or AdamW(learning_rate, ...)"
        raise TaskError(f"optimizer is {optimizer!r}; expected {known}")
    _check_number("learning_rate", optimizer.learning_rate, low=0.0, high=math.inf, low_allowed=False)
    if isinstance(optimizer, Sgd):
        return
    _check_number("b1", optimizer.b1, low=0.0, high=1.0, low_allowed=True)
    _check_number("b2", optimizer.b2, low=0.0, high=1.0, low_allowed=True)
    _check_number("eps", optimizer.eps, low=0.0, high=math.inf, low_allowed=False)
    if isinstance(optimizer, AdamW):
        _check_number("weight_decay", optimizer.weight_decay, low=0.0, high=math.inf, low_allowed=True)
        _check_number("clip_norm", optimizer.clip_norm, low=0.0, high=math.inf, low_allowed=False)
        _check_number("warmup_steps", optimizer.warmup_steps, low=0, high=math.inf, low_allowed=False)
        _check_number(
            "decay_steps", optimizer.decay_steps, low=optimizer.warmup_steps, high=math.inf, low_allowed=False
        )


def _check_number(field: str, value: object, *, low: float, high: float, low_allowed: bool) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not (low < number < high or (low_allowed and number == low)):
        bracket = "[" if low_allowed else "("
        raise TaskError(f"{field} is {value!r}; expected a number in {bracket}{low:g}, {high:g})")
