"""Counts the arrays of anybody's pytree."""

from typing import Any

import jax


def n_arrays(tree: Any) -> int:
    """Leaves of a pytree that have a shape, arrays or what stands for them; a function is called for its pytree.

    A module of Flax NNX or Equinox may be called too, and is none: it has such leaves itself.
    """
    number = sum(hasattr(leaf, "shape") for leaf in jax.tree.leaves(tree))
    return number if number or not callable(tree) else n_arrays(tree())
