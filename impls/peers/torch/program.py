"""A whole step as one function of tensors, as `torch.compile` makes one program of it.

`torch.func` gives the gradients of a function of the parameters, as jax does, and the update writes them into the
arrays that are there. An optimizer of `torch.optim` would count the steps of every array apart.

Source: https://docs.pytorch.org/docs/stable/func.migrating.html
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from triptych.impls.task import AdamW, Sgd, Task

Arrays = dict[str, Tensor]
"""Of every parameter of a module, by its name."""

State = tuple[Arrays, tuple[Arrays, Arrays, Tensor] | None]
"""The parameters, and Adam's two moments and its step count."""


def start(task: Task, weights: Arrays) -> State:
    """The state before the first step."""
    if isinstance(task.optimizer, Sgd):
        return weights, None
    mean, var = ({name: torch.zeros_like(array) for name, array in weights.items()} for _ in range(2))
    return weights, (mean, var, torch.zeros((), device=next(iter(weights.values())).device))


def train_step(
    task: Task, loss: Callable[[Arrays, Tensor, Tensor], Tensor], state: State, x: Tensor, y: Tensor
) -> Tensor:
    """Loss, gradient and update in place: the whole step, so that one compiled program does it all."""
    grads, value = torch.func.grad_and_value(loss)(state[0], x, y)
    update(task, state, grads)
    return value


def update(task: Task, state: State, grads: Arrays) -> None:
    """One step of the optimizer."""
    weights, moments = state
    optimizer = task.optimizer
    if isinstance(optimizer, Sgd):
        for name, p in weights.items():
            p.sub_(grads[name], alpha=optimizer.learning_rate)
        return
    assert moments is not None, "an Adam state has moments"
    mean, var, t = moments
    rate, decay, shortened = optimizer.learning_rate, 0.0, 1.0
    if isinstance(optimizer, AdamW):
        rate, decay, shortened = (
            rate_at(optimizer, t),
            optimizer.weight_decay,
            clip(grads.values(), optimizer.clip_norm),
        )
    t.add_(1)
    unbias_mean, unbias_var = 1 / (1 - optimizer.b1**t), 1 / (1 - optimizer.b2**t)
    for name, p in weights.items():
        g = grads[name] * shortened
        m = mean[name].mul_(optimizer.b1).add_(g, alpha=1 - optimizer.b1)
        v = var[name].mul_(optimizer.b2).addcmul_(g, g, value=1 - optimizer.b2)
        direction = (m * unbias_mean) / ((v * unbias_var).sqrt() + optimizer.eps)
        p.sub_(rate * (direction + decay * p))


def rate_at(optimizer: AdamW, t: Tensor) -> Tensor:
    """The learning rate of step t, counted from 0: up in a line, then down as a cosine."""
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    falling = 0.5 * (1 + torch.cos(math.pi * ((t - warm) / (end - warm)).clamp(max=1)))
    return optimizer.learning_rate * torch.where(t < warm, t / warm, falling)


def clip(grads: Iterable[Tensor], most: float) -> Tensor:
    """What shortens all gradients together where their norm is more than that."""
    norm = torch.sqrt(torch.stack([g.square().sum() for g in grads]).sum())
    return torch.where(norm < most, 1.0, most / norm)
