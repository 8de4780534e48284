"""Copies of the tree_map trainer that are slower on purpose compute what it computes, and more."""

from collections.abc import Callable

import jax
import pytest

from triptych.benches.worker.count import equations
from triptych.impls import treemap
from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer
from triptych.impls.task import Adam, Task
from triptych.impls.variants import slowed

TASK = Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", Adam(0.05))
INPUTS, TARGETS = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
BATCH = (jax.numpy.asarray(INPUTS, "float32"), jax.numpy.asarray(TARGETS, "float32"))
PARAMS = [
    Layer(w=jax.numpy.full(shape, 0.1, "float32"), b=jax.numpy.zeros(shape[1], "float32")) for shape in ((2, 3), (3, 1))
]


@pytest.mark.parametrize(
    ("make", "more"), [(slowed.device, 9), (slowed.compile, 18), (slowed.host, 0)], ids=["device", "compile", "host"]
)
def test_an_injection_trains_as_treemap_does_and_does_more(make: Callable[[int], slowed.Factory], more: int) -> None:
    """The same losses to the last bit; so many equations more, beside the few that choose the loss."""
    slowed_trainer = make(9)(TASK)
    ends: list[list[float]] = []
    for trainer in (slowed_trainer, treemap.Trainer(TASK)):
        state, losses = trainer.init(PARAMS), []
        for _ in range(10):
            state, loss = trainer.step(state, BATCH)
            losses.append(float(loss))
        ends.append(losses)
    assert ends[0] == ends[1]
    ours, plain = (
        equations(jax.make_jaxpr(trainer.step)(trainer.init(PARAMS), BATCH).jaxpr)
        for trainer in (slowed_trainer, treemap.Trainer(TASK))
    )
    assert more <= ours - plain <= more + 3
