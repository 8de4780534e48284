"""The naive trainer: one dict of arrays, one sample at a time, nothing compiled as a whole.

Every operation is sent to the device by itself, so a step of a tiny network costs hundreds of dispatches. The
mathematics is all on the page, which is its merit; the price is what this suite measures. A batch is walked
through in Python, the gradients are averaged, and every entry of the dict is then updated by its name.

Source: the lesson "How to Train a Neural Network from Scratch in JAX with Example".
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from triptych.impls.naive import conv, mlp, transformer
from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.protocol import Batch, LossValue, Params
from triptych.impls.task import PROBABILITY_FLOOR, AdamW, Sgd, Task

NETWORKS = {Mlp: mlp, Conv: conv, Transformer: transformer}

Weights = dict[str, Float32[Array, "..."]]
"""The network's arrays by name, such as w1, and for Adam w1_mean, w1_var, ... and the step count t."""


def predict(task: Task, weights: Weights, x: Array) -> Float32[Array, "..."]:
    """The network's output for one sample."""
    z = NETWORKS[type(task.network)].predict(task.network, weights, x)
    return jax.nn.sigmoid(z) if task.output == "sigmoid" else z


def loss(weights: Weights, task: Task, x: Array, y: Array) -> LossValue:
    """The loss of one sample."""
    return loss_of(task, predict(task, weights, x), y)


def loss_of(task: Task, p: Float32[Array, "..."], y: Array) -> LossValue:
    """The loss of the outputs of one sample."""
    if task.loss == "mse":
        return jnp.mean((p - y) ** 2)
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return -jnp.sum(y * jax.nn.log_softmax(p))
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(p), y[:, None], axis=1))


def update(task: Task, state: Weights, grads: Weights) -> Weights:
    """One step of the optimizer, entry by entry, by name."""
    optimizer = task.optimizer
    new = dict(state)
    rate, decay = optimizer.learning_rate, 0.0
    if isinstance(optimizer, Sgd):
        for name, grad in grads.items():
            new[name] = state[name] - rate * grad
        return new
    if isinstance(optimizer, AdamW):
        rate, decay, grads = rate_at(optimizer, state["t"]), optimizer.weight_decay, clip(grads, optimizer.clip_norm)
    b1, b2 = optimizer.b1, optimizer.b2
    t = new["t"] = state["t"] + 1
    for name, grad in grads.items():
        mean = new[f"{name}_mean"] = b1 * state[f"{name}_mean"] + (1 - b1) * grad
        var = new[f"{name}_var"] = b2 * state[f"{name}_var"] + (1 - b2) * grad**2
        direction = (mean / (1 - b1**t)) / (jnp.sqrt(var / (1 - b2**t)) + optimizer.eps)
        new[name] = state[name] - rate * (direction + decay * state[name] if decay else direction)
    return new


def rate_at(optimizer: AdamW, t: Float32[Array, ""]) -> Float32[Array, ""]:
    """The learning rate of step t, counted from 0: up in a line, then down as a cosine."""
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    falling = 0.5 * (1 + jnp.cos(jnp.pi * jnp.minimum((t - warm) / (end - warm), 1)))
    return optimizer.learning_rate * jnp.where(t < warm, t / warm, falling)


def clip(grads: Weights, most: float) -> Weights:
    """The gradients, shortened together where their norm is more than that."""
    norm = jnp.zeros(())
    for grad in grads.values():
        norm = norm + jnp.sum(grad**2)
    norm = jnp.sqrt(norm)
    return {name: jnp.where(norm < most, grad, grad / norm * most) for name, grad in grads.items()}


@dataclass(frozen=True)
class Trainer:
    """The naive trainer of one task; its state is the flat dict itself."""

    task: Task

    def init(self, params: Params) -> Weights:
        """Names every array, and adds Adam's accumulators where they are needed."""
        state: Weights = NETWORKS[type(self.task.network)].take_in(params)
        if isinstance(self.task.optimizer, Sgd):
            return state
        for name in tuple(state):
            state[f"{name}_mean"] = jnp.zeros_like(state[name])
            state[f"{name}_var"] = jnp.zeros_like(state[name])
        return state | {"t": jnp.zeros(())}

    def step(self, state: Weights, batch: Batch) -> tuple[Weights, LossValue]:
        """One update from the mean gradient of the batch's samples, each taken by itself."""
        weights = {name: array for name, array in state.items() if name != "t" and not name.endswith(("_mean", "_var"))}
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
        """The weights in the canonical layout."""
        return NETWORKS[type(self.task.network)].give_back(self.task.network, state)
