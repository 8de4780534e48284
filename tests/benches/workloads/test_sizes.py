"""A workload at another size differs from its base in one thing, and its name says which."""

import dataclasses
import itertools

import numpy as np
import oracle
import pytest

from triptych.benches.workloads import teacher
from triptych.benches.workloads.published import WORKLOADS, batches
from triptych.benches.workloads.sizes import BASES, LARGEST, STEPS, Size, base_of, size_of, workload_named
from triptych.benches.workloads.text import TEXT
from triptych.impls.networks import Conv

HIDDEN = {
    "digits-width256": (64, 256, 10),
    "digits-depth3": (64, 32, 32, 32, 10),
    "digits-batch64": (64, 32, 10),
    "teacher-width16": (64, 16, 8),
    "breast_cancer-depth2": (30, 16, 16, 1),
}


@pytest.mark.parametrize(("name", "layers"), HIDDEN.items())
def test_one_thing_is_changed(name: str, layers: tuple[int, ...]) -> None:
    """Layers, or the rows of a batch; the rest of the task is the base's, only the training is short."""
    resized, base = workload_named(name), BASES[base_of(name)]
    assert (resized.name, resized.task.layer_sizes, resized.steps) == (name, layers, STEPS)
    assert resized.batch_size == (64 if name == "digits-batch64" else base.batch_size)
    assert dataclasses.replace(resized.task, network=base.task.network) == base.task
    assert [layer["w"].shape for layer in resized.initial_params()] == list(itertools.pairwise(layers))


def test_another_size_writes_nothing() -> None:
    """Ten steps are a certificate and no training, so that a sample of it would be noise, and dear."""
    assert TEXT.write is not None
    assert workload_named("text-depth1").write is None


def test_two_things_are_changed_in_one_order() -> None:
    """Width before batch, so that each workload has one name; the transformer's width is that of its stream."""
    both = workload_named("text-width64-batch8")
    assert (both.task.network, both.batch_size) == (dataclasses.replace(TEXT.task.network, width=64), 8)
    assert base_of("text-width64-batch8") == "text"
    assert size_of("text-batch8-width64") is size_of("text-width64-width32") is None
    assert workload_named("text-depth8").task.network == dataclasses.replace(TEXT.task.network, layers=8)
    assert workload_named("digits_conv-depth3").task.network == Conv((8, 8, 1), (16, 32, 32), (1, 2, 1), 10)
    assert workload_named("digits_conv-depth1-batch8").task.network == Conv((8, 8, 1), (16,), (1,), 10)


def test_a_name_of_its_own_size_is_that_workload() -> None:
    """Nothing is copied."""
    assert workload_named("digits") is WORKLOADS["digits"]
    assert workload_named("teacher") is teacher.TEACHER


@pytest.mark.parametrize(
    "name",
    ["digits", "digits-width", "digits-width0", "digits-width-4", "digits-depth65", "digits-height4", "-width4",
     "digits-width٣", "digits-width4\n", "digits-width99999999999999999999"],
)  # fmt: skip
def test_what_is_no_size_is_none(name: str) -> None:
    """Without a size, with an odd one, or beyond the largest."""
    assert size_of(name) is None
    assert base_of(name) == name


def test_names_and_sizes_are_one_to_one() -> None:
    """The name says all."""
    for axis, largest in LARGEST.items():
        size = Size("xor_adam", axis, largest)
        assert size_of(size.name) == size


def test_the_teacher_answers_as_its_recipe_says() -> None:
    """A plain-Python network with the recipe's weights gives the targets, to float32."""
    random = np.random.default_rng(0)
    draws = [random.standard_normal((64, 64)) / 8, random.standard_normal((64, 8)) / 8]
    x = random.standard_normal((128 + 512, 64))
    layers = [{"w": w, "b": np.zeros(w.shape[1])} for w in draws]
    network = oracle.Network("tanh", "identity", "mse", ("sgd", 0.1))
    data = teacher.load()
    assert np.array_equal(data.x, x[128:].astype(np.float32))
    for row in (0, 17, 511):
        expected = oracle.predict(network, layers, x[None, 128 + row])[0]
        assert np.allclose(data.y[row], expected, rtol=1e-6, atol=1e-7)
    assert all(array.dtype == np.float32 for array in data)


def test_a_teacher_never_runs_out_of_rows() -> None:
    """A batch of 8,192 is filled, the first rows and the held-out ones stay what they are."""
    large, small = workload_named("teacher-batch8192").load(), teacher.load()
    assert batches(workload_named("teacher-batch8192"), large)[0][0].shape == (8192, 64)
    assert np.array_equal(large.x[:512], small.x)
    assert np.allclose(large.y[:512], small.y, atol=1e-6)
    assert np.array_equal(large.held_out_x, small.held_out_x)
