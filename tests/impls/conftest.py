"""Full float32 in matrix products, as the laws use it, so that figures hold on any device."""

from collections.abc import Generator

import jax
import pytest


@pytest.fixture(autouse=True)
def full_precision() -> Generator[None]:
    """Some devices round the factors of a matrix product by default."""
    with jax.default_matmul_precision("highest"):
        yield
