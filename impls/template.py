"""A trainer to start from: a perceptron trained in plain JAX, by Optax. Put your own way of training in its place.

Triptych builds `Trainer(task)` and asks it for three things: `init`, `step` and `params`. Data, order, starting values,
the loop and the clock are Triptych's, so that every trainer does the same work. Then type, PATH being this file's:

    triptych check PATH:Trainer
    triptych run --quick --trainer treemap --trainer PATH:Trainer
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from triptych.impls.networks import Mlp
from triptych.impls.task import Adam, Sgd

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}


def loss(params: Any, task: Any, batch: Any) -> Any:
    """Your network goes here. `params` is a list of layers {"w", "b"}, input side first; the loss is a batch's mean."""
    x, y = batch
    for layer in params[:-1]:
        x = ACTIVATIONS[task.activation](x @ layer["w"] + layer["b"])
    z = x @ params[-1]["w"] + params[-1]["b"]
    p = jax.nn.sigmoid(z) if task.output == "sigmoid" else z
    if task.loss == "mse":
        return jnp.mean((p - y) ** 2)
    if task.loss == "bce":
        return -jnp.mean(y * jnp.log(jnp.maximum(p, 1e-8)) + (1 - y) * jnp.log(jnp.maximum(1 - p, 1e-8)))
    return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(p), axis=-1))


class Trainer:
    """Of one task. What it cannot train it refuses with a reason: such a task is left out, not failed."""

    def __init__(self, task: Any) -> None:
        if not isinstance(task.network, Mlp) or not isinstance(task.optimizer, Sgd | Adam):
            raise NotImplementedError("it trains an Mlp by SGD or Adam: no Conv, no Transformer, no AdamW")
        numbers = vars(task.optimizer)  # the learning rate, and of Adam also b1, b2 and eps
        optimizer = optax.sgd(**numbers) if isinstance(task.optimizer, Sgd) else optax.adam(**numbers)

        def init(params: Any) -> Any:  # takes the starting parameters in, as copies, for a step spends its state
            return jax.tree.map(jnp.array, params), optimizer.init(params)

        def step(state: Any, batch: Any) -> Any:  # one update: the new state, and the loss before it
            value, grads = jax.value_and_grad(loss)(state[0], task, batch)
            updates, memory = optimizer.update(grads, state[1])
            return (optax.apply_updates(state[0], updates), memory), value

        self.init, self.params = init, lambda state: state[0]  # gives the parameters back as they came
        self.step = jax.jit(step, donate_argnums=0)  # one program, which may write over the old state
