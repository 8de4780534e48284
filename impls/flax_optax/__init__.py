"""The flax_optax trainer."""

from triptych.impls.flax_optax.trainer import Trainer

__all__ = ["Trainer"]
