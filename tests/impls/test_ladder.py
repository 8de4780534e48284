"""The rungs compute what the tree_map trainer computes; only the way differs."""

import jax
import numpy as np
import pytest

from triptych.impls import registry, treemap
from triptych.impls.networks import Mlp
from triptych.impls.protocol import Layer
from triptych.impls.styles import RUNGS
from triptych.impls.task import Adam, Sgd, Task

XOR = (np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([[0], [1], [1], [0]], np.float32))


def params() -> list[Layer]:
    """Starting values of a 2-3-1 network."""
    random = np.random.default_rng(0)
    return [
        Layer(w=jax.numpy.asarray(random.normal(size=(i, o)), "float32"), b=jax.numpy.zeros(o, "float32"))
        for i, o in ((2, 3), (3, 1))
    ]


@pytest.mark.parametrize("optimizer", [Sgd(0.5), Adam(0.05)])
@pytest.mark.parametrize("name", RUNGS)
def test_a_rung_trains_as_treemap_does(name: str, optimizer: Sgd | Adam) -> None:
    """Losses and parameters after ten steps agree to float32's own accuracy."""
    task = Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", optimizer)
    batch = (jax.numpy.asarray(XOR[0]), jax.numpy.asarray(XOR[1]))
    ends = []
    for factory in (registry.load(name), treemap.Trainer):
        trainer = factory(task)
        state, losses = trainer.init(params()), []
        for _ in range(10):
            state, loss = trainer.step(state, batch)
            losses.append(float(loss))
        ends.append((losses, jax.tree.leaves(trainer.params(state))))
    (ours, our_params), (theirs, their_params) = ends
    assert np.allclose(ours, theirs, rtol=1e-5)
    assert all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(our_params, their_params, strict=True))


def test_rungs_below_treemap_keep_their_old_state() -> None:
    """Without donation the state given in is still there after the step."""
    task = Task(Mlp((2, 3, 1), "sigmoid"), "sigmoid", "bce", Sgd(0.5))
    batch = (jax.numpy.asarray(XOR[0]), jax.numpy.asarray(XOR[1]))
    for name in ("batched", "compiled_gradient", "undonated"):
        trainer = registry.load(name)(task)
        state = trainer.init(params())
        trainer.step(state, batch)
        assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(state))


def test_rungs_have_names_but_are_not_listed() -> None:
    """They can be asked for; a newcomer's list holds the trainers."""
    assert not set(RUNGS) & set(registry.names())
    assert [registry.label(name) for name in RUNGS] == ["batched", "compiled_gradient", "undonated"]
