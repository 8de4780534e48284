"""Keras's optimizers and schedules.

Keras's Adam adds its eps to the root of the moment before its bias is taken away, the paper's "epsilon hat": it is
another optimizer where eps is not tiny. A subclass with its own `update_step` is how Keras lets one say so.

Source: https://keras.io/api/optimizers/
"""

from typing import Any

from triptych.impls.peers.keras.backend import keras
from triptych.impls.task import Adam, Sgd, Task

ops = keras.ops


class AdamW(keras.optimizers.AdamW):
    """Keras's AdamW with eps outside of the bias correction."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Moves one variable; Keras has clipped the gradient and decayed the variable before."""
        i, t = self._get_variable_index(variable), ops.cast(self.iterations + 1, variable.dtype)
        m, v = self._momentums[i], self._velocities[i]
        self.assign_add(m, (gradient - m) * (1 - self.beta_1))
        self.assign_add(v, (ops.square(gradient) - v) * (1 - self.beta_2))
        unbiased_m, unbiased_v = m / (1 - self.beta_1**t), v / (1 - self.beta_2**t)
        self.assign_sub(variable, learning_rate * unbiased_m / (ops.sqrt(unbiased_v) + self.epsilon))


def optimizer_of(task: Task) -> Any:
    """Keras's name for the task's optimizer."""
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        return keras.optimizers.SGD(optimizer.learning_rate)
    b1, b2, eps = optimizer.b1, optimizer.b2, optimizer.eps
    if isinstance(optimizer, Adam):
        return AdamW(optimizer.learning_rate, weight_decay=0.0, beta_1=b1, beta_2=b2, epsilon=eps)
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, end - warm, warmup_target=optimizer.learning_rate, warmup_steps=warm
    )
    return AdamW(rate, optimizer.weight_decay, b1, b2, eps, global_clipnorm=optimizer.clip_norm)
