"""The optax_flat trainer."""

from triptych.impls.peers.optax_flat.trainer import Trainer

__all__ = ["Trainer"]
