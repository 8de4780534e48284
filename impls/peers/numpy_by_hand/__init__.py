"""The trainer in NumPy, by hand."""

from triptych.impls.peers.numpy_by_hand.trainer import Trainer

__all__ = ["Trainer"]
