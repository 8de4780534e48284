"""The text is the known one, its split is honest, and a small transformer learns more than a table of pairs."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, device_get, jit, lax
from jax import tree as trees

from triptych.benches.record.files import RecordError
from triptych.benches.workloads import text
from triptych.benches.workloads.published import batches
from triptych.benches.workloads.text import TEXT
from triptych.impls import registry
from triptych.impls.laws import reference


def bigram_bits(smoothing: float) -> float:
    """Bits per character of the held-out text by a table of pairs, each count a little more than it is."""
    train, held_out = text.split()
    counts = np.full((92, 92), smoothing)
    np.add.at(counts, (train[:-1], train[1:]), 1)
    chances = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log2(chances[held_out[:-1], held_out[1:]]).mean())


BEST_BIGRAM = min(map(bigram_bits, (0.02, 0.05, 0.1, 0.3, 1.0)))


def test_the_text_is_the_known_one() -> None:
    """14 files, 43,055 bytes, 92 characters: as many as the network has tokens."""
    assert len(text.files()) == 14
    assert sum(len(one.encode()) for one in text.files()) == 43_055
    assert len(text.characters()) == TEXT.task.network.shapes()["tokens"][0] == 92


def test_another_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss on it would be compared with others that it does not belong to."""
    monkeypatch.setattr(text, "SHA256", "0" * 64)
    text.files.cache_clear()
    with pytest.raises(RecordError, match=r"have SHA-256 efcc63d1a838…; expected 000000000000… as in"):
        text.files()
    text.files.cache_clear()


def test_targets_are_the_next_characters_and_nothing_held_out_is_trained_on() -> None:
    """Every row is a piece of its own part of the text, one place on; every eighth place begins one."""
    data, (train, held_out) = text.load(), text.split()
    parts = {"train": (train, data.x, data.y), "held out": (held_out, data.held_out_x, data.held_out_y)}
    for tokens, x, y in parts.values():
        whole = tokens.tobytes()
        assert np.array_equal(x[:, 1:], y[:, :-1])
        assert all(np.append(row, last).tobytes() in whole for row, last in zip(x, y[:, -1], strict=True))
    assert len(train) + len(held_out) == sum(map(len, text.files()))
    assert len(data.x) == len(range(0, len(train) - 32, 8))
    assert data.x.dtype == data.y.dtype == np.int32


def test_a_transformer_learns_more_than_pairs_of_characters() -> None:
    """At least half a bit per character below the best smoothed table of pairs, which reaches 4.25."""
    assert pytest.approx(4.25, abs=0.02) == BEST_BIGRAM
    data = text.load()
    trainer = registry.load("treemap")(TEXT.task)
    xs, ys = (jnp.asarray(np.stack(rows)) for rows in zip(*batches(TEXT, data), strict=True))
    state = trainer.init(trees.map(jnp.asarray, TEXT.initial_params()))

    def step(state: Any, t: Array) -> tuple[Any, Array]:
        return trainer.step(state, (xs[t % len(xs)], ys[t % len(xs)]))

    state, _ = jit(lambda state: lax.scan(step, state, jnp.arange(TEXT.steps)))(state)
    params = device_get(trainer.params(state))
    held_out = reference.loss(TEXT.task, params, data.held_out_x, data.held_out_y) / np.log(2)
    assert held_out < BEST_BIGRAM - 0.5
    written = text.write(TEXT.task, params)
    assert len(written) == text.WRITTEN
    assert " the " in written
