"""Objects that NNX changes in place, with a step bound to them, as one state."""

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from triptych.impls.protocol import Batch, LossValue

Objects = tuple[Any, nnx.Optimizer[Any]]
"""A module and its optimizer. They are pytrees, so that jax sees the arrays in them."""

Bind = Callable[..., Callable[[Batch], LossValue]]
"""Binds a step to a module and an optimizer."""


@jax.tree_util.register_pytree_node_class
class Bound:
    """The objects and the step. To jax it is the objects alone, and what jax makes of them is bound when it is called.

    Args:
        bind: Binds a step.
        objects: Which the step changes; perhaps with something else in place of their arrays.
    """

    def __init__(self, bind: Bind, objects: Objects) -> None:
        self.bind, self.objects = bind, objects
        self.step: Callable[[Batch], LossValue] | None = None

    def bound(self) -> "Bound":
        """The same, its step bound already."""
        self.step = self.bind(*self.objects)
        return self

    def __call__(self, batch: Batch) -> LossValue:
        """Takes the step, which changes the objects in place."""
        if self.step is None:
            self.step = self.bind(*self.objects)
        return self.step(batch)

    def tree_flatten(self) -> tuple[tuple[Objects], Bind]:
        """The objects, and what binds a step to them."""
        return (self.objects,), self.bind

    @classmethod
    def tree_unflatten(cls, bind: Bind, objects: tuple[Objects]) -> "Bound":
        """From objects that jax has made, perhaps with no arrays in them."""
        return cls(bind, *objects)
