"""The naive trainer: one dict of arrays, one sample at a time, nothing compiled as a whole.

Every operation is sent to the device by itself, so a step of a tiny network costs hundreds of dispatches. The
mathematics is all on the page, which is its merit; the price is what this suite measures. A batch is walked
through in Python, the gradients are averaged, and every entry of the dict is then updated by its name.

Source: the lesson "How to Train a Neural Network from Scratch in JAX with Example" (weights stored (out, in)).
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.protocol import Batch, Layer, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, Sgd, Task

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}

Weights = dict[str, Float32[Array, "..."]]
"""w1, b1, w2, b2, ... and, for Adam, w1_mean, w1_var, ... and the step count t."""


def predict(task: Task, weights: Weights, x: Float32[Array, " inputs"]) -> Float32[Array, " outputs"]:
    """The network's output for one sample."""
    last = len(task.layer_sizes) - 1
    for i in range(1, last):
        x = ACTIVATIONS[task.activation](weights[f"w{i}"] @ x + weights[f"b{i}"])
    z = weights[f"w{last}"] @ x + weights[f"b{last}"]
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(weights: Weights, task: Task, x: Float32[Array, " inputs"], y: Float32[Array, " outputs"]) -> LossValue:
    """The loss of one sample."""
    p = predict(task, weights, x)
    if task.loss == "mse":
        return jnp.mean((p - y) ** 2)
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    return -jnp.sum(y * jax.nn.log_softmax(p))


def update(task: Task, state: Weights, grads: Weights) -> Weights:
    """One step of the optimizer, entry by entry, by name."""
    optimizer = task.optimizer
    new = dict(state)
    if isinstance(optimizer, Sgd):
        for name, grad in grads.items():
            new[name] = state[name] - optimizer.learning_rate * grad
        return new
    b1, b2 = optimizer.b1, optimizer.b2
    t = new["t"] = state["t"] + 1
    for name, grad in grads.items():
        mean = new[f"{name}_mean"] = b1 * state[f"{name}_mean"] + (1 - b1) * grad
        var = new[f"{name}_var"] = b2 * state[f"{name}_var"] + (1 - b2) * grad**2
        direction = (mean / (1 - b1**t)) / (jnp.sqrt(var / (1 - b2**t)) + optimizer.eps)
        new[name] = state[name] - optimizer.learning_rate * direction
    return new


@dataclass(frozen=True)
class Trainer:
    """The naive trainer of one task; its state is the flat dict itself."""

    task: Task

    def init(self, params: Params) -> Weights:
        """Names every array, weights turned to (out, in), and adds Adam's accumulators where they are needed."""
        state: Weights = {}
        for i, layer in enumerate(params, start=1):
            state[f"w{i}"] = jnp.array(layer["w"]).T
            state[f"b{i}"] = jnp.array(layer["b"])
        if isinstance(self.task.optimizer, Sgd):
            return state
        for name in tuple(state):
            state[f"{name}_mean"] = jnp.zeros_like(state[name])
            state[f"{name}_var"] = jnp.zeros_like(state[name])
        return state | {"t": jnp.zeros(())}

    def step(self, state: Weights, batch: Batch) -> tuple[Weights, LossValue]:
        """One update from the mean gradient of the batch's samples, each taken by itself."""
        weights = {name: state[name] for name in self._names()}
        total: LossValue = jnp.zeros(())
        grads = {name: jnp.zeros_like(value) for name, value in weights.items()}
        for x, y in zip(*batch, strict=True):
            sample_loss, sample_grads = jax.value_and_grad(loss)(weights, self.task, x, y)
            total = total + sample_loss
            grads = {name: grad + sample_grads[name] for name, grad in grads.items()}
        size = len(batch[0])
        mean_grads = {name: grad / size for name, grad in grads.items()}
        return update(self.task, state, mean_grads), total / size

    def params(self, state: Weights) -> Params:
        """Turns the weights back to (in, out)."""
        depth = len(self.task.layer_sizes) - 1
        return [Layer(w=state[f"w{i}"].T, b=state[f"b{i}"]) for i in range(1, depth + 1)]

    def _names(self) -> list[str]:
        depth = len(self.task.layer_sizes) - 1
        return [f"{kind}{i}" for i in range(1, depth + 1) for kind in "wb"]
