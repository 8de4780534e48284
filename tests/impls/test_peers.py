"""The peers: every installed one keeps the laws, the others say what to install, and what cheats in their forms fails.

A peer that jax does not run has a state of its own kind, which may be changed in place: other cheats come easily there.
NumPy by hand, which needs nothing installed, stands for them.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest

from triptych.impls import registry
from triptych.impls.laws.conformance import LAWS, check
from triptych.impls.networks import Mlp
from triptych.impls.styles import PEERS, STYLES
from triptych.impls.task import Task

INSTALLED = [name for name in PEERS if not registry.missing(name)]

WORDS = {
    "not applicable": "the state holds no array of jax, and nothing was compiled by it",
    "not installed": r"trainer 'equinox_jit' is not installed \(equinox\): pip install 'triptych\[peers\]' \(in a ",
}


needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")


@pytest.mark.peers
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=needs_compiler if "compile" in one else ()) for one in INSTALLED]
)
def test_an_installed_peer_keeps_every_law(name: str):
    """On every task that it runs; what says something of jax does not apply where it has no part."""
    found = check(registry.load(name))
    assert [one.broken for one in found if one.broken] == []
    assert [one.law for one in found if one.not_applicable] == ([] if PEERS[name].of_jax else [7])
    refused = {type(task.network) for one in found for task in one.refused}
    assert refused == (set() if name != "numpy_by_hand" else refused - {Mlp})


def test_numpy_by_hand_keeps_every_law_that_applies_to_it():
    """All but the one that asks what jax compiles."""
    found = check(registry.load("numpy_by_hand"))
    assert [one.broken for one in found if one.broken] == []
    assert {one.law: one.not_applicable for one in found if one.not_applicable} == {7: WORDS["not applicable"]}


def test_a_peer_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    """At once, with nothing imported; and it is listed all the same."""
    monkeypatch.setattr(registry, "_is_installed", lambda library: library != "equinox")
    for asked in (registry.check, registry.load):
        with pytest.raises(registry.RegistryError, match=WORDS["not installed"]):
            asked("equinox_jit")
    assert "equinox_jit" in registry.names()
    assert "equinox_jit" not in registry.installed()


@dataclass
class Cheat:
    """NumPy by hand, its step changed by a function of trainer, state and batch."""

    task: Task
    change: Callable[["Cheat", Any, Any], tuple[Any, Any]]
    memory: Any = None
    calls: int = 0

    def __post_init__(self) -> None:
        self.own: Any = registry.load("numpy_by_hand")(self.task)
        self.take_batch = self.own.take_batch

    def init(self, params: Any) -> Any:
        self.calls = 0
        return self.own.init(params)

    def step(self, state: Any, batch: Any) -> tuple[Any, Any]:
        self.calls += 1
        return self.change(self, state, batch)

    def params(self, state: Any) -> Any:
        return self.own.params(state)


def skips(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """Every third update is left out; a counter that is no part of the state says which."""
    before = jax.tree.map(np.array, state)
    new, loss = cheat.own.step(state, batch)
    return (before if cheat.calls % 3 == 0 else new), loss


def replays(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """What a step gave before it gives again, by its number."""
    cheat.memory = cheat.memory or {}
    if cheat.calls not in cheat.memory:
        cheat.memory[cheat.calls] = jax.tree.map(np.array, cheat.own.step(state, batch))
    return jax.tree.map(np.array, cheat.memory[cheat.calls])


def halves(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """The gradient is that of the first half of a batch, the loss that of all."""
    _, loss = cheat.own.step(jax.tree.map(np.array, state), batch)
    half = tuple(rows[: (len(rows) + 1) // 2] for rows in batch)
    return cheat.own.step(state, half)[0], loss


def rounds(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """Inputs in bfloat16."""
    x, y = batch
    return cheat.own.step(state, (np.asarray(x).astype(ml_dtypes.bfloat16).astype(np.float32), y))


def lags(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """The loss is that of the step before, but for the first."""
    new, loss = cheat.own.step(state, batch)
    told = loss if cheat.calls == 1 else cheat.memory
    cheat.memory = loss
    return new, told


def hides(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
    """What is trained is the trainer's own; the state that is passed around is not looked at."""
    cheat.memory, loss = cheat.own.step(cheat.memory, batch)
    return state, loss


class Hider(Cheat):
    """Takes the parameters in where nobody sees them, and gives them from there."""

    def init(self, params: Any) -> Any:
        self.memory = self.own.init(params)
        return jax.tree.map(np.zeros_like, self.memory)

    def params(self, state: Any) -> Any:
        return self.own.params(self.memory)


@pytest.mark.parametrize(
    ("cheat", "titles"),
    [
        (skips, {"right numbers"}),
        (replays, {"right numbers"}),
        (halves, {"right numbers", "it learns"}),
        (rounds, {"honest loss", "right numbers"}),
        (lags, {"honest loss"}),
        (hides, {"round trip"}),
    ],
)
def test_what_cheats_where_jax_sees_nothing_breaks_a_law(cheat: Any, titles: set[str]):
    """Each of them would be faster than an honest trainer, or look better; and each is named."""
    kind = Hider if cheat is hides else Cheat
    found = check(lambda task: kind(task, cheat))
    assert {LAWS[one.law - 1].title for one in found if one.broken} == titles


def test_a_step_of_jax_behind_a_state_of_numpy_is_held_to_law_7():
    """That it does not apply is found, never said: a state without an array of jax may hide a compile in each step."""

    def compiles(cheat: Cheat, state: Any, batch: Any) -> tuple[Any, Any]:
        jax.jit(lambda value: value + 1)(0.0)
        return cheat.own.step(state, batch)

    found = check(lambda task: Cheat(task, compiles))
    assert {LAWS[one.law - 1].title for one in found if one.broken} == {"compile once"}


def test_every_peer_is_a_row_that_says_all_of_it():
    """A sentence, a page of documentation, a look of its own, and an extra where a library has to be installed."""
    rows = STYLES.values()
    assert len({row.look for row in rows}) == len(rows)
    assert all(row.sentence.endswith(".") and row.page.startswith("https://") for row in rows)
    assert {row.extra for row in PEERS.values()} == {"peers", "torch", ""}
