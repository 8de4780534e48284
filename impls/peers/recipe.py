"""What every peer that trains by Optax says alike: the loss of a batch, and Optax's name for a task's optimizer."""

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float32

from triptych.impls.protocol import LossValue
from triptych.impls.task import PROBABILITY_FLOOR, Adam, Sgd, Task


def loss_of(task: Task, p: Float32[Array, "..."], y: Array) -> LossValue:
    """The mean loss of the outputs of a batch."""
    if task.loss == "mse":
        return jnp.mean(optax.losses.squared_error(p, y))
    if task.loss == "bce":
        log_p, log_q = jnp.log(jnp.maximum(p, PROBABILITY_FLOOR)), jnp.log(jnp.maximum(1 - p, PROBABILITY_FLOOR))
        return -jnp.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return jnp.mean(optax.losses.softmax_cross_entropy(p, y))
    return jnp.mean(optax.losses.softmax_cross_entropy_with_integer_labels(p, y))


def optimizer_of(task: Task) -> optax.GradientTransformation:
    """Optax's name for the task's optimizer."""
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        return optax.sgd(optimizer.learning_rate)
    b1, b2, eps = optimizer.b1, optimizer.b2, optimizer.eps
    if isinstance(optimizer, Adam):
        return optax.adam(optimizer.learning_rate, b1=b1, b2=b2, eps=eps)
    rate = optax.warmup_cosine_decay_schedule(
        0.0, optimizer.learning_rate, optimizer.warmup_steps, optimizer.decay_steps
    )
    adamw = optax.adamw(rate, b1=b1, b2=b2, eps=eps, weight_decay=optimizer.weight_decay)
    return optax.chain(optax.clip_by_global_norm(optimizer.clip_norm), adamw)
