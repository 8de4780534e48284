"""The multilayer perceptron in PyTorch: `nn.Linear` layers in a row, with the activation between them."""

import itertools
from typing import Any

from torch import Tensor, nn

from triptych.impls.networks import Mlp
from triptych.impls.protocol import Params

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}

Weights = dict[str, Any]
"""Arrays by the names of the module's parameters: {"layers.0.weight", "layers.0.bias", "layers.2.weight", ...}."""


def take_in(network: Mlp, params: Params) -> Weights:  # noqa: ARG001  every network is given
    """The canonical parameters under the names that PyTorch gives them; a weight is (out, in), and every other one."""
    weights: Weights = {}
    for i, layer in enumerate(params):
        weights |= {f"layers.{2 * i}.weight": layer["w"].T, f"layers.{2 * i}.bias": layer["b"]}
    return weights


class Network(nn.Module):
    """Dense layers, with the activation between them."""

    def __init__(self, network: Mlp) -> None:
        super().__init__()
        pairs = itertools.pairwise(network.layer_sizes)
        layers = [part for pair in pairs for part in (nn.Linear(*pair), ACTIVATIONS[network.activation]())]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """The outputs for a batch."""
        return self.layers(x)


def give_back(network: Mlp, weights: Weights) -> Params:
    """PyTorch's layers in order, under the canonical names."""
    names = [f"layers.{2 * i}" for i in range(len(network.layer_sizes) - 1)]
    return [{"w": weights[f"{name}.weight"].T, "b": weights[f"{name}.bias"]} for name in names]
