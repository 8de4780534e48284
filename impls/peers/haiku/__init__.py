"""The Haiku trainer."""

from triptych.impls.peers.haiku.trainer import Trainer

__all__ = ["Trainer"]
