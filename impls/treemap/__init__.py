"""The treemap trainer."""

from triptych.impls.treemap.trainer import Trainer

__all__ = ["Trainer"]
