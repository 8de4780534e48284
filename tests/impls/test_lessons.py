"""All three trainers reproduce the lessons' figures, from the workloads as they are shipped.

A lesson's figures are those that it prints; where it does not say enough to be run again, those of its recovered
recipe. The trainers' steps run inside `lax.scan` here, so that thousands of them take a second.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import oracle
import pytest

from triptych.benches.workloads.published import WORKLOADS, batches
from triptych.impls import registry
from triptych.impls.protocol import Layer, Params

Layers = oracle.Layers

TRAINERS = ("naive", "treemap", "flax_optax")

LESSON_A = oracle.Network("relu", "identity", "mse", ("sgd", 0.01))
LESSON_B = oracle.Network("sigmoid", "sigmoid", "bce", ("sgd", 0.5))

CURVE_OF_A_FRESH_RUN = {0: 0.4823320, 10: 0.2918305, 20: 0.2541400, 30: 0.2466800, 450: 0.2218599, 490: 0.2083391}

PRINTED_CURVE = {0: 0.24474859, 10: 0.24462637, 20: 0.24456221, 30: 0.24450576, 450: 0.18149126} | {
    460: 0.17451582,
    470: 0.16796663,
    480: 0.16084203,
    490: 0.15317148,
}

SEEDS = 200


def on_device(layers: Layers) -> Params:
    """Starting values as a trainer takes them."""
    return [Layer(w=jnp.array(layer["w"]), b=jnp.array(layer["b"])) for layer in layers]


@cache
def lesson_a(trainer_name: str, epochs: int = 900) -> list[Layers]:
    """The parameters after every update of lesson A's run, four updates to an epoch."""
    workload = WORKLOADS["xnor_online"]
    trainer = registry.load(trainer_name)(workload.task)
    x, y = (jnp.array(rows) for rows in zip(*batches(workload, workload.load()) * epochs, strict=True))

    def update(state: object, batch: tuple[jax.Array, jax.Array]) -> tuple[object, Params]:
        state, _ = trainer.step(state, batch)
        return state, trainer.params(state)

    scan = jax.jit(lambda state: jax.lax.scan(update, state, (x, y))[1])
    stacked = jax.device_get(scan(trainer.init(on_device(workload.initial_params()))))
    return [[{name: array[i] for name, array in layer.items()} for layer in stacked] for i in range(epochs * 4)]


@cache
def epoch_losses_of_a(trainer_name: str) -> list[float]:
    """As lesson A logs them: the mean over an epoch's samples of each one's loss right after its own update."""
    workload = WORKLOADS["xnor_online"]
    samples = batches(workload, workload.load())
    after = [oracle.loss(LESSON_A, params, *samples[i % 4]) for i, params in enumerate(lesson_a(trainer_name))]
    return np.array(after).reshape(-1, 4).mean(axis=1).tolist()


def test_lesson_a_starts_where_it_prints():
    """The forward pass at [1, 1] before any training."""
    outputs = oracle.predict(LESSON_A, WORKLOADS["xnor_online"].initial_params(), np.ones((1, 2)))
    assert outputs.item() == pytest.approx(-0.01206843, abs=5e-9)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_a_first_update_is_the_printed_one(name: str):
    """One update on the sample ([1, 1], 1): its loss before, and three parameters after."""
    workload = WORKLOADS["xnor_online"]
    trainer = registry.load(name)(workload.task)
    state = trainer.init(on_device(workload.initial_params()))
    state, loss = trainer.step(state, (jnp.ones((1, 2)), jnp.ones((1, 1))))
    first, second = trainer.params(state)
    assert float(loss) == pytest.approx(1.0242825, abs=5e-8)
    assert float(second["b"][0]) == pytest.approx(0.00772598, abs=5e-9)
    assert float(second["w"][0, 0]) == pytest.approx(0.01843323, abs=5e-9)
    assert np.asarray(first["w"][:, 0]) == pytest.approx([-0.00760128, 0.00647], abs=5e-9)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_a_fresh_run_has_the_recovered_curve(name: str):
    """Seven digits of the loss at six epochs of a fresh run."""
    losses = epoch_losses_of_a(name)
    assert {epoch: losses[epoch] for epoch in CURVE_OF_A_FRESH_RUN} == pytest.approx(CURVE_OF_A_FRESH_RUN, abs=2e-7)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_a_printed_curve_is_the_same_run_from_epoch_94(name: str):
    """The lesson's own curve began with parameters that had been trained for 94 epochs."""
    losses = epoch_losses_of_a(name)
    assert {epoch: losses[94 + epoch] for epoch in PRINTED_CURVE} == pytest.approx(PRINTED_CURVE, abs=8e-4)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_a_is_hardly_learned_at_500_epochs_and_learned_at_900(name: str):
    """Outputs right by a threshold of 0.5 and no more at 500 epochs; a loss of 0.0014 at 900."""
    workload = WORKLOADS["xnor_online"]
    assert workload.steps == 500 * 4
    outputs = oracle.predict(LESSON_A, lesson_a(name)[workload.steps - 1], workload.load().x)
    assert outputs[:, 0] == pytest.approx([0.526, 0.434, 0.482, 0.561], abs=1e-3)
    assert epoch_losses_of_a(name)[-1] == pytest.approx(0.0014, abs=5e-5)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_b_has_the_published_curve_and_predictions(name: str):
    """The loss from 0.77815 to 0.01933 with the steep drop near epoch 1000, and the two printed predictions."""
    workload = WORKLOADS["xor"]
    trainer = registry.load(name)(workload.task)
    data = workload.load()
    batch = (jnp.array(data.x), jnp.array(data.y))
    scan = jax.jit(lambda state: jax.lax.scan(lambda s, _: trainer.step(s, batch), state, length=workload.steps))
    state, losses = scan(trainer.init(on_device(workload.initial_params())))
    expected = {0: 0.77815, 200: 0.6617, 800: 0.4400, 1000: 0.1962, 1200: 0.0810, 1999: 0.01933}
    assert {epoch: float(losses[epoch]) for epoch in expected} == pytest.approx(expected, abs=6e-5)
    final = [{name: np.asarray(array) for name, array in layer.items()} for layer in trainer.params(state)]
    low, high, *_ = oracle.predict(LESSON_B, final, data.x)[:, 0]
    assert (low, high) == pytest.approx((0.0131, 0.9829), abs=5e-5)


@pytest.mark.parametrize("name", TRAINERS)
def test_lesson_c_has_the_published_band_over_seeds(name: str):
    """Medians, the middle of the solved runs and the share that solve XOR, within what 200 other seeds may move."""
    workload = WORKLOADS["xor_adam"]
    trainer = registry.load(name)(workload.task)
    data = workload.load()
    batch = (jnp.array(data.x), jnp.array(data.y))
    starts = [on_device(workload.initial_params(seed)) for seed in range(SEEDS)]
    stacked = jax.tree.map(lambda *arrays: jnp.stack(arrays), *starts)

    def losses_of(params: Params) -> jax.Array:
        return jax.lax.scan(lambda s, _: trainer.step(s, batch), trainer.init(params), length=workload.steps)[1]

    losses = np.asarray(jax.jit(jax.vmap(losses_of))(stacked))
    initial, final = losses[:, 0], losses[:, -1]
    solved = final[final < workload.target_loss]
    assert np.median(initial) == pytest.approx(0.260, abs=0.005)
    assert np.median(final) == pytest.approx(4.5e-5, rel=0.1)
    assert np.percentile(solved, [10, 90]) == pytest.approx([1.9e-5, 6.6e-5], rel=0.1)
    assert len(solved) / SEEDS == pytest.approx(0.94, abs=0.035)
