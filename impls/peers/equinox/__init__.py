"""The Equinox trainers."""

from triptych.impls.peers.equinox.trainer import FilterJit, Leaves, Partition

__all__ = ["FilterJit", "Leaves", "Partition"]
