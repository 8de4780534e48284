"""The harness's arrays as tensors and back: on the device that jax has."""

from typing import Any

import jax
import numpy as np
import torch
from torch import Tensor, nn

from triptych.impls.networks import Conv, Mlp, Transformer
from triptych.impls.peers.torch import conv, mlp, transformer
from triptych.impls.protocol import Params
from triptych.impls.task import Task

NETWORKS: dict[type, Any] = {Mlp: mlp, Conv: conv, Transformer: transformer}


def device() -> torch.device:
    """Of the kind that jax has, which multiplies as precisely as jax is told to."""
    rounds = jax.config.values["jax_default_matmul_precision"] != "highest"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = rounds
    return torch.device("cuda" if jax.default_backend() == "gpu" and torch.cuda.is_available() else "cpu")


def wait(state: Any) -> None:  # noqa: ARG001  the device is waited for, whatever the state
    """Returns when the device has computed all that was asked of it; a CPU has already."""
    if device().type == "cuda":
        torch.cuda.synchronize()


def take_batch(batch: Any) -> tuple[Tensor, Tensor]:
    """A batch as tensors, which it may be already. Classes are int64 in PyTorch."""
    x, y = batch
    if isinstance(x, Tensor):
        return x, y
    x, y = (torch.from_numpy(np.array(rows)).to(device()) for rows in batch)
    return x, y if y.is_floating_point() else y.long()


def skeleton(task: Task) -> nn.Module:
    """The task's module without numbers, so that none is drawn for it."""
    with torch.device("meta"):
        return NETWORKS[type(task.network)].Network(task.network)


def take_in(task: Task, params: Params) -> dict[str, Tensor]:
    """Copies of the canonical parameters under PyTorch's names, a convolution's with the channels last in memory."""
    arrays = NETWORKS[type(task.network)].take_in(task.network, jax.tree.map(np.asarray, params))
    weights = {name: torch.from_numpy(np.array(array, order="C")).to(device()) for name, array in arrays.items()}
    return {
        name: array.to(memory_format=torch.channels_last) if array.dim() == 4 else array
        for name, array in weights.items()
    }


def give_back(task: Task, weights: dict[str, Tensor]) -> Params:
    """Copies of the parameters in the canonical layout, on the host."""
    arrays = {name: array.detach().cpu().numpy().copy() for name, array in weights.items()}
    return NETWORKS[type(task.network)].give_back(task.network, arrays)
