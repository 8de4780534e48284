"""The float64 reference agrees with the oracle, the oracle with the definition of a derivative and with a hand."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import oracle
import pytest
from cases import network_of, task_id

from triptych.impls.laws import reference
from triptych.impls.laws.specimens import OTHER_TASKS, TASKS, batches_on_host, describe, start
from triptych.impls.networks import Mlp, leaves, map_leaves
from triptych.impls.task import Adam, AdamW, Sgd, Task

FORMULAS = [task for task in TASKS if isinstance(task.optimizer, Sgd)]

BY_HAND = Task(Mlp((1, 1, 1), "relu"), "identity", "mse", Sgd(0.5))
HAND_PARAMS = [{"w": np.array([[0.5]]), "b": np.array([0.0])}, {"w": np.array([[3.0]]), "b": np.array([1.0])}]
HAND_X, HAND_Y = np.array([[2.0]]), np.array([[1.0]])


def params_of(task: Task) -> oracle.Layers:
    """Starting values in float64."""
    return [{"w": np.array(layer["w"], np.float64), "b": np.array(layer["b"], np.float64)} for layer in start(task)]


def close(a: oracle.Layers, b: oracle.Layers, rel: float) -> bool:
    """Whether two sets of parameters agree, shapes and all."""
    return all(
        one[name].shape == other[name].shape and one[name] == pytest.approx(other[name], rel=rel, abs=rel)
        for one, other in zip(a, b, strict=True)
        for name in ("w", "b")
    )


@pytest.mark.parametrize("task", FORMULAS, ids=task_id)
def test_oracle_gradient_is_the_slope_of_its_loss(task: Task):
    """Central differences of the loss, one weight at a time."""
    network, params, (x, y) = network_of(task), params_of(task), batches_on_host(task, 1)[0]
    gradient, step = oracle.gradient(network, params, x, y), 1e-6
    for layer, grads in zip(params, gradient, strict=True):
        for name, array in layer.items():
            for at in np.ndindex(array.shape):
                value = array[at]
                array[at] = value + step
                above = oracle.loss(network, params, x, y)
                array[at] = value - step
                below = oracle.loss(network, params, x, y)
                array[at] = value
                assert grads[name][at] == pytest.approx((above - below) / (2 * step), abs=1e-8)


def test_both_agree_with_a_hand():
    """By hand, h = relu(0.5 * 2) = 1, p = 3 * 1 + 1 = 4, loss (4 - 1)^2 = 9, then the chain rule from 2 * 3 = 6."""
    expected = [{"w": np.array([[36.0]]), "b": np.array([18.0])}, {"w": np.array([[6.0]]), "b": np.array([6.0])}]
    assert reference.loss(BY_HAND, HAND_PARAMS, HAND_X, HAND_Y) == 9
    assert oracle.loss(network_of(BY_HAND), HAND_PARAMS, HAND_X, HAND_Y) == 9
    got = reference.gradient(BY_HAND, HAND_PARAMS, HAND_X, HAND_Y)
    assert close([{"w": layer["w"], "b": layer["b"]} for layer in got], expected, rel=0)
    assert close(oracle.gradient(network_of(BY_HAND), HAND_PARAMS, HAND_X, HAND_Y), expected, rel=0)


def test_first_step_of_adam_is_the_learning_rate():
    """Its m / sqrt(v) is the sign of the gradient at first, so that 0.5 less 0.1 is 0.4, up to eps."""
    task = replace(BY_HAND, optimizer=Adam(0.1))
    params, losses = reference.train(task, HAND_PARAMS, [(HAND_X, HAND_Y)])
    assert losses == [9]
    assert params[0]["w"].item() == pytest.approx(0.4, abs=1e-9)


@pytest.mark.parametrize("task", [one for one in OTHER_TASKS if isinstance(one.optimizer, Sgd)], ids=describe)
def test_gradient_of_another_network_is_the_slope_of_its_loss(task: Task):
    """Central differences of the loss along five random directions through all parameters at once."""
    params, (x, y) = reference.float64(start(task)), batches_on_host(task, 1)[0]
    gradient, random, step = leaves(reference.gradient(task, params, x, y)), np.random.default_rng(0), 1e-6
    for _ in range(5):
        direction = map_leaves(lambda array: random.normal(size=array.shape), params)
        there = iter(leaves(direction))
        slope = sum(float(np.sum(one * next(there))) for one in gradient)

        def moved(by: float, direction: Any = direction) -> float:
            ahead = iter(leaves(direction))
            return reference.loss(task, map_leaves(lambda array: array + by * next(ahead), params), x, y)

        assert (moved(step) - moved(-step)) / (2 * step) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_two_steps_of_adamw_by_hand():
    """The first rate is 0; the second gradient, 36, 18, 6 and 6, is clipped to a norm of 1, and all arrays decay."""
    task = replace(BY_HAND, optimizer=AdamW(0.1, 0.0, 0.0, 1.0, 0.5, 1.0, warmup_steps=2, decay_steps=9))
    once, _ = reference.train(task, HAND_PARAMS, [(HAND_X, HAND_Y)])
    assert once[0]["w"].item() == 0.5
    twice, _ = reference.train(task, HAND_PARAMS, [(HAND_X, HAND_Y)] * 2)
    of_w, of_b = (g / math.sqrt(36**2 + 18**2 + 6**2 + 6**2) for g in (36, 6))
    assert twice[0]["w"].item() == pytest.approx(0.5 - 0.05 * (of_w / (of_w + 1) + 0.5 * 0.5), abs=1e-12)
    assert twice[1]["b"].item() == pytest.approx(1.0 - 0.05 * (of_b / (of_b + 1) + 0.5 * 1.0), abs=1e-12)


def test_the_rate_warms_up_and_falls_to_nothing():
    """0, half, then a cosine whose middle is half again, and nothing from its end on."""
    optimizer = AdamW(0.8, warmup_steps=2, decay_steps=6)
    rates = [reference.rate(optimizer, t) for t in (0, 1, 2, 4, 6, 7)]
    assert rates == pytest.approx([0, 0.4, 0.8, 0.4, 0, 0], abs=1e-15)


@pytest.mark.parametrize("task", FORMULAS, ids=task_id)
def test_reference_is_the_oracle_on_one_batch(task: Task):
    """Outputs, loss and gradient."""
    network, params, (x, y) = network_of(task), params_of(task), batches_on_host(task, 1)[0]
    assert reference.predict(task, params, x) == pytest.approx(oracle.predict(network, params, x), rel=1e-12)
    assert reference.loss(task, params, x, y) == pytest.approx(oracle.loss(network, params, x, y), rel=1e-12)
    got = [{"w": layer["w"], "b": layer["b"]} for layer in reference.gradient(task, params, x, y)]
    assert close(got, oracle.gradient(network, params, x, y), rel=1e-12)


@pytest.mark.parametrize("task", TASKS, ids=task_id)
def test_reference_trains_like_the_oracle(task: Task):
    """Parameters and losses of 20 steps; targets that are no whole classes count too."""
    params = params_of(task)
    batches = [(x, y * 0.75 + 0.125) for x, y in batches_on_host(task, 20)]
    expected, expected_losses = oracle.train(network_of(task), params, batches)
    got, losses = reference.train(task, params, batches)
    assert losses == pytest.approx(expected_losses, rel=1e-9)
    assert close([{"w": layer["w"], "b": layer["b"]} for layer in got], expected, rel=1e-9)


def test_training_leaves_its_starting_values_alone():
    """The float64 arrays given are the same afterwards."""
    params = params_of(TASKS[0])
    reference.train(TASKS[0], params, batches_on_host(TASKS[0], 3))
    assert close(params, params_of(TASKS[0]), rel=0)


@pytest.mark.parametrize(("weight", "target"), [(-40.0, 1.0), (40.0, 0.0)])
def test_clipped_probability_costs_log_of_the_floor_and_has_no_gradient(weight: float, target: float):
    """A certain and wrong answer costs -log(1e-8) = 18.42 and not infinity; its slope is 0."""
    task = Task(Mlp((1, 1), "relu"), "sigmoid", "bce", Sgd(0.1))
    params = [{"w": np.array([[weight]]), "b": np.array([0.0])}]
    x, y = np.array([[1.0]]), np.array([[target]])
    assert reference.loss(task, params, x, y) == pytest.approx(18.420680743952367, rel=1e-7)
    assert reference.gradient(task, params, x, y)[0]["w"].item() == 0


def test_relu_has_no_slope_at_zero():
    """A unit whose sum is exactly 0 passes nothing back."""
    params = [{"w": np.array([[0.0]]), "b": np.array([0.0])}, HAND_PARAMS[1]]
    first, _ = reference.gradient(BY_HAND, params, HAND_X, HAND_Y)
    assert first["b"].item() == 0


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
def test_sigmoid_of_a_huge_number_is_zero_or_one(z: float):
    """Without a warning of overflow, which is an error here."""
    task = Task(Mlp((1, 1), "relu"), "sigmoid", "mse", Sgd(0.1))
    params = [{"w": np.array([[z]]), "b": np.array([0.0])}]
    assert reference.predict(task, params, np.array([[1.0]])).item() == (z > 0)


def test_diverged_parameters_have_a_loss_that_is_not_finite():
    """Infinity or not a number, without a warning."""
    params = [{"w": np.array([[1e200]]), "b": np.array([0.0])}, {"w": np.array([[1e200]]), "b": np.array([0.0])}]
    assert not math.isfinite(reference.loss(BY_HAND, params, HAND_X, HAND_Y))


def test_accuracy_of_probabilities_is_by_a_threshold_of_a_half():
    """Three of four right, whichever loss trained them."""
    outputs, y = np.array([[0.9], [0.4], [0.6], [0.1]]), np.array([[1.0], [0.0], [0.0], [0.0]])
    assert reference.accuracy(Task(Mlp((2, 1), "relu"), "sigmoid", "bce", Sgd(0.1)), outputs, y) == 0.75
    assert reference.accuracy(Task(Mlp((2, 1), "relu"), "sigmoid", "mse", Sgd(0.1)), outputs, y) == 0.75


def test_accuracy_of_logits_is_by_the_largest():
    """One of two right."""
    task = Task(Mlp((2, 3), "relu"), "identity", "softmax_cross_entropy", Sgd(0.1))
    outputs = np.array([[-1.0, -3.0, -2.0], [5.0, 6.0, 0.0]])
    assert reference.accuracy(task, outputs, np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])) == 0.5


def test_regression_has_no_accuracy():
    """Nothing is right or wrong about a real number."""
    assert reference.accuracy(BY_HAND, HAND_X, HAND_Y) is None
