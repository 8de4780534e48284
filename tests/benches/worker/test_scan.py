"""A scan is the loop of steps, batch by batch, loss by loss, and stacks few losses at a time."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from triptych.benches.worker.cell import LOSSES_PER_RUN, run_length, scan_of
from triptych.benches.workloads.published import WORKLOADS


def count_up(state: jax.Array, batch: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """A step whose loss tells its number and its batch."""
    return state + 1, state * 100 + batch[0]


@pytest.mark.parametrize(("steps", "n_batches"), [(1, 1), (7, 3), (64, 5), (66, 4), (200, 3)])
def test_every_loss_is_given_in_order(steps: int, n_batches: int) -> None:
    """Step t sees batch t modulo their number, and gives loss t."""
    stacked = (jnp.arange(float(n_batches)), jnp.zeros(n_batches))
    state, losses = scan_of(count_up, n_batches, steps)(jnp.zeros(()), stacked)
    assert losses.tolist() == [100 * t + t % n_batches for t in range(steps)]
    assert float(state) == steps


@pytest.mark.parametrize("name", WORKLOADS)
def test_no_loop_stacks_many_losses(name: str) -> None:
    """The inner loop and the outer one are both short, for every workload that is shipped."""
    steps = WORKLOADS[name].steps
    assert steps % run_length(steps) == 0
    assert max(run_length(steps), steps // run_length(steps)) <= LOSSES_PER_RUN
    jaxpr = jax.make_jaxpr(scan_of(count_up, 1, steps))(jnp.zeros(()), (jnp.zeros(1), jnp.zeros(1)))
    lengths = [eqn.params["length"] for eqn in scans(jaxpr.jaxpr)]
    assert np.prod(lengths) == steps
    assert max(lengths) <= LOSSES_PER_RUN


def scans(jaxpr: Any) -> list[Any]:
    """Every scan in a program, those inside others included."""
    found = [eqn for eqn in jaxpr.eqns if eqn.primitive.name == "scan"]
    return found + [inner for eqn in found for inner in scans(eqn.params["jaxpr"].jaxpr)]
