"""The Flax NNX trainers: one network, five ways to call it."""

from triptych.impls.peers.nnx.trainer import Cached, Jit, Pure, Split, Tree

__all__ = ["Cached", "Jit", "Pure", "Split", "Tree"]
