"""The convolutions in PyTorch: `nn.Conv2d` has channels first in its shapes, and last in memory if it is told so."""

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from triptych.impls.networks import Conv
from triptych.impls.protocol import Params

Weights = dict[str, Any]
"""Arrays by the names of the module's parameters: {"convs.0.weight", "convs.0.bias", ..., "head.weight", ...}."""


def take_in(network: Conv, params: Params) -> Weights:  # noqa: ARG001  every network is given
    """The canonical parameters under the names that PyTorch gives them; a convolution's weight is (out, in, 3, 3)."""
    weights: Weights = {"head.weight": params["head"]["w"].T, "head.bias": params["head"]["b"]}
    for i, layer in enumerate(params["convs"]):
        weights |= {f"convs.{i}.weight": layer["w"].transpose(3, 2, 0, 1), f"convs.{i}.bias": layer["b"]}
    return weights


class Network(nn.Module):
    """Convolutions of 3 by 3, the mean over the image, and a dense layer."""

    def __init__(self, network: Conv) -> None:
        super().__init__()
        pairs = itertools.pairwise((network.image[2], *network.channels))
        convs = [nn.Conv2d(*pair, 3, stride, padding=1) for pair, stride in zip(pairs, network.strides, strict=True)]
        self.convs = nn.ModuleList(convs)
        self.head = nn.Linear(network.channels[-1], network.outputs)

    def forward(self, x: Tensor) -> Tensor:
        """The outputs for a batch of images with channels last, which a permutation shows channels first."""
        x = x.permute(0, 3, 1, 2)
        for conv in self.convs:
            x = torch.relu(conv(x))
        return self.head(x.mean((2, 3)))


def give_back(network: Conv, weights: Weights) -> Params:
    """PyTorch's layers in order, under the canonical names."""
    convs = [
        {"w": weights[f"convs.{i}.weight"].transpose(2, 3, 1, 0), "b": weights[f"convs.{i}.bias"]}
        for i in range(len(network.channels))
    ]
    return {"convs": convs, "head": {"w": weights["head.weight"].T, "b": weights["head.bias"]}}
