"""PyTorch's optimizers and schedules, in their fused form: one call moves all arrays, which is fastest on a CPU too.

Source: https://docs.pytorch.org/docs/stable/optim.html
"""

import math
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from triptych.impls.task import Adam, AdamW, Sgd, Task


def optimizer_of(task: Task, model: nn.Module) -> torch.optim.Optimizer:
    """PyTorch's name for the task's optimizer, its memory there from the start and not only after a step."""
    optimizer, arrays = task.optimizer, list(model.parameters())
    if isinstance(optimizer, Sgd):
        return torch.optim.SGD(arrays, optimizer.learning_rate, fused=True)
    options: dict[str, Any] = {"betas": (optimizer.b1, optimizer.b2), "eps": optimizer.eps, "fused": True}
    if isinstance(optimizer, Adam):
        made = torch.optim.Adam(arrays, optimizer.learning_rate, **options)
    else:
        made = torch.optim.AdamW(arrays, optimizer.learning_rate, weight_decay=optimizer.weight_decay, **options)
    nothing = {
        i: {"step": torch.zeros(()), "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
        for i, p in enumerate(arrays)
    }
    made.load_state_dict({"state": nothing, "param_groups": made.state_dict()["param_groups"]})
    return made


def schedule_of(task: Task, optimizer: torch.optim.Optimizer) -> LambdaLR | None:
    """What sets the learning rate after every step, where it changes."""
    return LambdaLR(optimizer, partial(share, task.optimizer)) if isinstance(task.optimizer, AdamW) else None


def share(optimizer: AdamW, t: int) -> float:
    """The part of the learning rate that step t has, counted from 0: up in a line, then down as a cosine."""
    warm, end = optimizer.warmup_steps, optimizer.decay_steps
    return t / warm if t < warm else 0.5 * (1 + math.cos(math.pi * min((t - warm) / (end - warm), 1)))
