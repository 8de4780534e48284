"""The PyTorch trainers."""

from triptych.impls.peers.torch.trainer import Compile, CompileStep, Eager

__all__ = ["Compile", "CompileStep", "Eager"]
