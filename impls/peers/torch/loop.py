"""The loop of PyTorch's tutorials: a module, an optimizer that moves its parameters in place, and a tape in between.

Source: https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  as PyTorch's pages name it

from triptych.impls.peers.torch import tensors
from triptych.impls.peers.torch.optimizer import optimizer_of, schedule_of
from triptych.impls.protocol import Params
from triptych.impls.task import PROBABILITY_FLOOR, AdamW, Task

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class State:
    """What the tutorial's loop goes on with. To jax it is the tree of the arrays that are trained."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler | None

    def arrays(self) -> tuple[Any, ...]:
        """The parameters by their names, and what the optimizer remembers of each."""
        weights = {name: p.detach() for name, p in self.model.named_parameters()}
        return weights, [self.optimizer.state[p] for p in self.model.parameters()]


def arrays_alone(_: None, arrays: Any) -> Any:
    """What jax makes of a state that it maps over: the arrays, without a module to hold them."""
    return tuple(arrays)


jax.tree_util.register_pytree_node(State, lambda state: (state.arrays(), None), arrays_alone)


def loss(task: Task, model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The mean loss of a batch."""
    z = model(x)
    return loss_of(task, torch.sigmoid(z) if task.output == "sigmoid" else z, y)


def loss_of(task: Task, p: Tensor, y: Tensor) -> Tensor:
    """The mean loss of the outputs of a batch."""
    if task.loss == "mse":
        return F.mse_loss(p, y)
    if task.loss == "bce":
        log_p, log_q = p.clamp(min=PROBABILITY_FLOOR).log(), (1 - p).clamp(min=PROBABILITY_FLOOR).log()
        return -torch.mean(y * log_p + (1 - y) * log_q)
    if task.loss == "softmax_cross_entropy":
        return F.cross_entropy(p, y)
    return F.cross_entropy(p.flatten(0, 1), y.flatten())


def start(task: Task, params: Params) -> State:
    """Copies the parameters into a module, and gives it its optimizer."""
    model = tensors.skeleton(task)
    model.load_state_dict(tensors.take_in(task, params), assign=True)
    optimizer = optimizer_of(task, model)
    return State(model, optimizer, schedule_of(task, optimizer))


def train_step(task: Task, loss: Callable[..., Tensor], state: State, batch: Batch) -> tuple[State, Tensor]:
    """Loss, gradient and update, which change the state that is given."""
    x, y = tensors.take_batch(batch)
    state.optimizer.zero_grad()
    value = loss(state.model, x, y)
    value.backward()
    if isinstance(task.optimizer, AdamW):
        nn.utils.clip_grad_norm_(state.model.parameters(), task.optimizer.clip_norm)
    state.optimizer.step()
    if state.schedule:
        state.schedule.step()
    return state, value.detach()
