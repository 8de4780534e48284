"""The Keras trainer."""

from triptych.impls.peers.keras.trainer import Stateless

__all__ = ["Stateless"]
