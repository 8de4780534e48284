"""What the device reaches at best: the rates of a large matrix product and of a large copy in place, warm."""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp

from triptych.benches.record.counts import Ceilings

ENOUGH_S = 0.15
"""So long each is repeated; the fastest repetition is the ceiling."""

LONG_CALL_S = 5e-3
"""A product is made larger until it takes this long, so that its dispatch weighs nothing."""

SIDES = (1024, 2048, 4096, 8192)


def measure_ceilings() -> Ceilings:
    """Measures both on the default device; about half a second on a CPU."""
    return Ceilings(flops_per_s=_product_rate(), bytes_per_s=_copy_rate())


def _product_rate() -> float:
    """Operations per second of a square float32 product, 2·n³ of them, in the precision that trainers get."""
    product = jax.jit(jnp.matmul)
    seconds, side = 0.0, SIDES[0]
    for side in SIDES:
        matrix = jnp.ones((side, side), jnp.float32)
        seconds = _fastest_s(lambda matrix=matrix: product(matrix, matrix))
        if seconds >= LONG_CALL_S:
            break
    return 2 * side**3 / seconds


def _copy_rate() -> float:
    """Bytes per second of a negation in place, which must read and write every one; new memory would cost faults."""
    negate = jax.jit(jnp.negative, donate_argnums=0)
    held = [jnp.ones(1 << 24, jnp.float32)]

    def call() -> jax.Array:
        held[0] = negate(held[0])
        return held[0]

    return 2 * held[0].nbytes / _fastest_s(call)


def _fastest_s(call: Callable[[], jax.Array]) -> float:
    """Seconds of the fastest warm call."""
    call().block_until_ready()
    times: list[float] = []
    while sum(times) < ENOUGH_S or len(times) < 3:
        began = time.perf_counter()
        call().block_until_ready()
        times.append(time.perf_counter() - began)
    return min(times)
