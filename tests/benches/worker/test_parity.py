"""The three trainers are the same training: their losses agree to the end of every workload."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import jax
import numpy as np
import pytest

from triptych.benches.record.run import Cell, Training
from triptych.benches.worker import training
from triptych.benches.worker.cell import prepare
from triptych.benches.worker.messages import Spec, Train
from triptych.benches.worker.training import curve_steps, train
from triptych.benches.workloads.published import Workload, save
from triptych.benches.workloads.sizes import BASES

PARITY_RTOL = Workload.parity_rtol
"""Unless a workload says otherwise."""

TOO_LONG = (("digits_conv", "naive"), ("text", "naive"))
"""Compiled as one program their samples, layers and heads take minutes; `tests/impls` compares their first steps."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the data lie."""
    return tmp_path_factory.mktemp("data")


@lru_cache
def trained(workload: str, trainer: str, folder: Path) -> Training:
    """A whole training by the instrument; compiled also for the naive trainer, which else would take minutes."""
    spec = Spec(Cell(workload, trainer, "cpu"), trainer, str(save(BASES[workload], folder)))
    cell = prepare(spec)
    with pytest.MonkeyPatch.context() as patch:
        if workload in ("digits_conv", "text"):  # the harness's own loss takes long there
            patch.setattr(training, "CURVE_POINTS", 10)
        return training.train(replace(cell, call=jax.jit(cell.call)), Train(0, budget_s=600.0))


@pytest.mark.parametrize(
    ("workload", "trainer"),
    [
        pytest.param(name, trainer, marks=[pytest.mark.processes] * (name == "text"))  # a quarter of a minute
        for name in BASES
        for trainer in ("naive", "flax_optax")
        if (name, trainer) not in TOO_LONG
    ],
)
def test_losses_agree_to_the_end(workload: str, trainer: str, folder: Path) -> None:
    """At every point of the curve the loss is treemap's within a hundredth of a percent, or as its workload derives."""
    ours, theirs = trained(workload, trainer, folder), trained(workload, "treemap", folder)
    assert ours.steps_done == theirs.steps_done == BASES[workload].steps
    assert [point.step for point in ours.curve] == [point.step for point in theirs.curve]
    losses, expected = ([point.loss for point in side.curve] for side in (ours, theirs))
    derived = BASES[workload].parity_rtol
    assert np.allclose(losses, expected, rtol=1e-4 if derived == PARITY_RTOL else derived, atol=0)


@pytest.mark.parametrize("workload", tuple(BASES))
def test_the_target_loss_is_reached(workload: str, folder: Path) -> None:
    """Every workload learns: its final training loss is below its target, and it began above."""
    training = trained(workload, "treemap", folder)
    assert training.final_loss is not None
    assert training.final_loss < BASES[workload].target_loss < training.curve[0].loss


def test_held_out_scores_are_those_of_a_network_that_has_learned(folder: Path) -> None:
    """Over 95 % of unseen digits and tumours are told right; a regression has a loss and no accuracy."""
    for workload in ("digits", "digits_conv", "breast_cancer"):
        accuracy = trained(workload, "treemap", folder).accuracy
        assert accuracy is not None
        assert accuracy > 0.95
    diabetes = trained("diabetes", "treemap", folder)
    assert diabetes.accuracy is None
    assert diabetes.held_out_loss is not None
    assert diabetes.held_out_loss < 1  # what always guessing the mean would score


def test_a_curve_has_both_ends_and_the_first_ten_steps() -> None:
    """2,000 steps are told by steps 0 to 10, every 20th, and the last."""
    assert curve_steps(2000, 1) == [*range(11), *range(20, 2001, 20)]
    assert curve_steps(2000, 2000) == [0, 2000]
    assert curve_steps(3, 1) == [0, 1, 2, 3]


def test_a_training_in_one_piece_ends_as_the_one_with_stops(folder: Path) -> None:
    """The same last loss; and one that is no number is said to have diverged, for a file cannot hold it."""
    spec = Spec(Cell("xor", "treemap", "cpu"), "treemap", str(save(BASES["xor"], folder)))
    cell, whole = prepare(spec), trained("xor", "treemap", folder)
    spoiled = replace(cell, call=lambda state, _: (jax.tree.map(lambda leaf: leaf * np.nan, state), 0.0))
    well, ill = (train(one, Train(0, budget_s=60.0, curve=False)) for one in (cell, spoiled))
    assert (well.final_loss, well.diverged_at) == (whole.final_loss, None)
    assert [point.step for point in well.curve] == [0, 2000]
    assert (ill.final_loss, ill.diverged_at) == (None, 2000)
    assert [point.step for point in ill.curve] == [0]
