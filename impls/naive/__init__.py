"""The naive trainer."""

from triptych.impls.naive.trainer import Trainer

__all__ = ["Trainer"]
