"""The workloads hold what their sources say."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from triptych.benches.workloads import published
from triptych.benches.workloads.published import WORKLOADS
from triptych.benches.workloads.sizes import BASES

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
    assert {x.shape for x, _ in batches} == {(workload.batch_size, workload.task.layer_sizes[0])}
    assert {y.shape for _, y in batches} == {(workload.batch_size, workload.task.layer_sizes[-1])}
    rows = np.concatenate([x for x, _ in batches])
    assert np.array_equal(rows, data.x[: len(rows)])
    assert len(data.x) - len(rows) < workload.batch_size


@pytest.mark.parametrize("name", tuple(BASES))
def test_starting_values_are_canonical_and_follow_from_the_seed(name: str) -> None:
    """Shapes are the task's, dtype float32; the same seed gives the same bits, another seed others."""
    workload = BASES[name]
    sizes = workload.task.layer_sizes
    first, again, other = workload.initial_params(0), workload.initial_params(0), workload.initial_params(1)
    shapes = [(layer["w"].shape, layer["b"].shape) for layer in first]
    assert shapes == [((i, o), (o,)) for i, o in itertools.pairwise(sizes)]
    assert all(array.dtype == np.float32 for layer in first for array in layer.values())
    assert all(np.array_equal(a["w"], b["w"]) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0]["w"], other[0]["w"])


def test_data_survive_the_way_to_the_worker(tmp_path: Path) -> None:
    """What is saved for the workers is read back bit for bit."""
    workload = WORKLOADS["diabetes"]
    read = published.read(published.save(workload, tmp_path))
    assert all(np.array_equal(a, b) for a, b in zip(read, workload.load(), strict=True))
