"""The workloads hold what their sources say."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from triptych.benches.workloads import published
from triptych.benches.workloads.published import WORKLOADS, glorot
from triptych.benches.workloads.sizes import BASES
from triptych.impls.networks import Conv, Mlp, Transformer, leaves, map_leaves

SHAPES = {"digits_conv": [(8, 8, 1), (10,)], "text": [(32,), (32,)]}
"""Of a row of x and of y, where the network is no perceptron."""

REAL = ("digits", "breast_cancer", "diabetes")


@pytest.mark.parametrize(
    ("name", "rows", "held_out"), [("digits", 1797, 359), ("breast_cancer", 569, 113), ("diabetes", 442, 88)]
)
def test_real_data_are_whole_and_a_fifth_is_held_out(name: str, rows: int, held_out: int) -> None:
    """Every published row is in exactly one part."""
    data = WORKLOADS[name].load()
    assert (len(data.x) + len(data.held_out_x), len(data.held_out_x)) == (rows, held_out)


@pytest.mark.parametrize("name", REAL)
def test_real_data_are_standardised_by_the_training_rows(name: str) -> None:
    """Each input column of the training rows has mean 0 and spread 1, or is constant and 0."""
    x = WORKLOADS[name].load().x.astype(np.float64)
    assert np.allclose(x.mean(axis=0), 0, atol=1e-5)
    spread = x.std(axis=0)
    assert np.all(np.isclose(spread, 1, atol=1e-5) | (spread == 0))


@pytest.mark.parametrize("name", tuple(BASES))
def test_batches_have_one_shape_and_the_order_of_the_data(name: str) -> None:
    """Equal shapes mean one compile; laid end to end the batches are the first rows of the data."""
    workload = BASES[name]
    data = workload.load()
    batches = published.batches(workload, data)
    rows = SHAPES.get(name) or [(sizes := workload.task.layer_sizes)[:1], sizes[-1:]]
    assert [{part.shape for part in parts} for parts in zip(*batches, strict=True)] == [
        {(workload.batch_size, *row)} for row in rows
    ]
    rows = np.concatenate([x for x, _ in batches])
    assert np.array_equal(rows, data.x[: len(rows)])
    assert len(data.x) - len(rows) < workload.batch_size


@pytest.mark.parametrize("name", tuple(BASES))
def test_starting_values_are_canonical_and_follow_from_the_seed(name: str) -> None:
    """Shapes are the task's, dtype float32; the same seed gives the same bits, another seed others."""
    workload = BASES[name]
    first, again, other = (workload.initial_params(seed) for seed in (0, 0, 1))
    assert map_leaves(np.shape, first) == workload.task.network.shapes()
    assert all(array.dtype == np.float32 for array in leaves(first))
    assert all(np.array_equal(a, b) for a, b in zip(leaves(first), leaves(again), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(leaves(first), leaves(other), strict=True))


def test_starting_values_of_other_shapes_are_refused() -> None:
    """A recipe for another network is told by what it gave and what was expected."""
    workload = dataclasses.replace(WORKLOADS["digits"], start=lambda _, seed: glorot(Mlp((2, 1), "relu"), seed))
    with pytest.raises(ValueError, match=r"of digits have the shapes \[\{'b': \(1,\), 'w': \(2, 1\)\}\]; expected \["):
        workload.initial_params()


def test_glorot_is_uniform_within_its_limit() -> None:
    """By both sides of a weight, nine times over for a convolution; biases 0, scales 1."""
    params = glorot(Transformer(5, 4, 6, 2, 1), 0)
    assert 0.9 < np.abs(params["blocks"][0]["up"]["w"]).max() / np.sqrt(6 / (6 + 24)) <= 1
    assert params["norm"]["scale"].tolist() == [1.0] * 6
    assert params["norm"]["bias"].tolist() == [0.0] * 6
    of_conv = glorot(Conv((4, 4, 1), (8,), (1,), 2), 0)["convs"][0]
    assert 0.9 < np.abs(of_conv["w"]).max() / np.sqrt(6 / (9 * (1 + 8))) <= 1


def test_data_survive_the_way_to_the_worker(tmp_path: Path) -> None:
    """What is saved for the workers is read back bit for bit."""
    workload = WORKLOADS["diabetes"]
    read = published.read(published.save(workload, tmp_path))
    assert all(np.array_equal(a, b) for a, b in zip(read, workload.load(), strict=True))
