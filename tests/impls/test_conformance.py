"""Every law can be kept, every check can fail, and a broken trainer fails the check of its own law alone."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from broken_trainers import BROKEN, Made, sound
from cases import TRAINERS, trainer_of

from triptych.impls import registry
from triptych.impls.laws import conformance
from triptych.impls.laws.conformance import BrokenLaw, check
from triptych.impls.laws.specimens import TASK_OF_EACH_KIND
from triptych.impls.task import Task

LAWS = range(1, 1 + len(conformance.LAWS))

SENTENCES = (
    r"law 1, round trip: sgd on bce of sigmoid after tanh, params\(init\(p\)\): w of layer 1\[0, 0\] is "
    r"0\.0880111\d*; expected 0\.0880111\d*",
    r"law 2, stable: sgd on bce of sigmoid after tanh, the state after step 1 is .*\[1\]\[0\]': 'float32\[\]'.*; "
    r"expected .*, as init made it",
    r"law 3, deterministic: sgd on bce of sigmoid after tanh, run (again|by a new trainer): .* is .*; expected .*",
    r"law 4, honest loss: sgd on mse of identity after tanh, step 1: the loss is \d\.\d+; expected \d\.\d+",
    r"law 5, right numbers: adam on mse of identity after relu, 20 steps: w of layer 1\[0, 0\] is .*; expected .*",
    r"law 6, it learns: after 60 steps the loss is 0\.\d+; expected less than 0\.1\d*",
    r"law 7, compile once: sgd on bce of sigmoid after tanh, after step 1 jax traced <lambda>; expected nothing new",
    r"law 8, hands off: sgd on bce of sigmoid after tanh, after step 1 these are deleted: w of layer 1, b of layer 1, "
    r"w of layer 2, b of layer 2; expected them left alone",
)


def test_every_law_has_a_trainer_that_breaks_it():
    """Eight rows, each with a title, a sentence, a check of its own and a broken trainer."""
    assert len(conformance.LAWS) == len(BROKEN) == len(SENTENCES) == 8
    assert len({law.check for law in conformance.LAWS}) == 8
    assert [law.title for law in conformance.LAWS] == [words.split(", ")[1].split(":")[0] for words in SENTENCES]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", TRAINERS)
def test_built_in_trainer_keeps_every_law(name: str, law: int):
    """Truly eager for the naive one, compiled for the others; law 5 has the most to compile, and shares it.

    The naive trainer, which takes long, is held to law 5 on a task of each kind here, and on every one below.
    """
    kept = conformance.LAWS[law - 1]
    if (name, law) == ("naive", 5):
        kept = kept._replace(tasks=TASK_OF_EACH_KIND)
    assert kept.refused(partial(trainer_of, name) if law == 5 else registry.load(name)) == {}


@pytest.mark.processes
def test_the_naive_trainer_computes_right_numbers_on_every_task():
    """All networks, losses, optimizers and activations, truly eager."""
    assert conformance.LAWS[4].refused(registry.load("naive")) == {}


@pytest.mark.parametrize("law", LAWS)
def test_broken_trainer_fails_the_check_of_its_law_alone(law: int):
    """The other seven checks find nothing, and the one that does says what was got and what was expected."""
    findings = check(BROKEN[law - 1])
    assert [finding.law for finding in findings] == list(LAWS)
    assert [finding.law for finding in findings if finding.broken is not None] == [law]
    assert re.fullmatch(SENTENCES[law - 1], findings[law - 1].broken or "")


def test_check_raises_a_broken_law():
    """One check can be called by itself, with no list of findings."""
    with pytest.raises(BrokenLaw, match="expected them left alone"):
        conformance.LAWS[7].refused(BROKEN[7])


def test_trainer_that_ends_the_program_does_not_end_the_check():
    """An exit is a finding like any other error; it must not look like a pass."""

    def quitter(task: Task) -> Made:
        raise SystemExit(0)

    findings = check(quitter)
    assert all("SystemExit" in (finding.broken or "") for finding in findings)
    assert len(findings) == len(LAWS)


def test_trainer_that_raises_breaks_the_law_under_check():
    """The error is told as a finding, its type and message in it; nothing crashes."""

    def fails(task: Task) -> Made:
        raise ValueError(f"no {task.loss} here")

    assert [finding.broken for finding in check(fails)][6] == (
        "law 7, compile once: the trainer raised ValueError: no bce here; expected no error"
    )
    assert all(finding.broken is not None for finding in check(fails))


def test_trainer_that_refuses_every_task_keeps_no_law():
    """Nothing was tried, and nothing looks like a pass."""

    def refuses(task: Task) -> Made:
        raise NotImplementedError(f"no {task.loss} here")

    findings = check(refuses)
    assert all(finding.unsupported and finding.broken is None for finding in findings)
    assert set(findings[5].refused.values()) == {"no bce here"}


def test_trainer_of_one_network_is_held_to_the_laws_on_it_alone():
    """A trainer that reads the layers of a perceptron is not asked for more than it says; a lie about one is found."""

    def of_perceptrons(make: Callable[[Task], Made], task: Task) -> Made:
        assert len(task.layer_sizes) > 1
        return make(task)

    findings = check(partial(of_perceptrons, sound))
    assert not any(finding.broken or finding.unsupported for finding in findings)
    assert {type(task.network).__name__ for one in findings for task in one.refused} == {"Conv", "Transformer"}
    findings = check(partial(of_perceptrons, BROKEN[4]))
    assert [finding.law for finding in findings if finding.broken] == [5]


def with_step(change: Callable[[Any, Any, Any], tuple[Any, Any]]) -> Callable[[Task], Made]:
    """The sound trainer, its new state and loss changed by a function of state, loss and batch."""

    def factory(task: Task) -> Made:
        trainer = sound(task)

        def step(state: Any, batch: Any) -> tuple[Any, Any]:
            state, loss = trainer.step(state, batch)
            return change(state, loss, batch)

        return replace(trainer, step=step)

    return factory


def with_params(change: Callable[[Any], Any]) -> Callable[[Task], Made]:
    """The sound trainer, its canonical parameters changed."""

    def factory(task: Task) -> Made:
        trainer = sound(task)
        return replace(trainer, params=lambda state: change(trainer.params(state)))

    return factory


def delete_batch(state: Any, loss: Any, batch: Any) -> tuple[Any, Any]:
    """As donating the batch does."""
    jax.block_until_ready(loss)
    batch[0].delete()
    return state, loss


OTHER_WAYS: dict[str, tuple[int, Callable[[Task], Made], str]] = {
    "a layer lost": (1, with_params(lambda params: params[:1]), "gave b of layer 1, w of layer 1; expected w of"),
    "weights turned": (
        1,
        with_params(lambda params: [{"w": layer["w"].T, "b": layer["b"]} for layer in params]),
        "w of layer 1 is float32[4, 5]; expected float32[5, 4]",
    ),
    "biases lost": (
        1,
        with_params(lambda params: [{"w": layer["w"]} for layer in params]),
        "gave w of layer 1, w of layer 2; expected w of layer 1, b of layer 1, w of layer 2, b of layer 2",
    ),
    "half precision kept": (
        2,
        with_step(lambda state, loss, _: (jax.tree.map(lambda a: a.astype(jnp.float16), state), loss)),
        "float16",
    ),
    "loss in half precision": (
        4,
        with_step(lambda state, loss, _: (state, loss.astype(jnp.float16))),
        "the loss is float16[]; expected float32[]",
    ),
    "loss as a Python number": (
        4,
        with_step(lambda state, loss, _: (state, float(loss))),
        "the loss is float64[]; expected float32[]",
    ),
    "loss of every sample": (
        4,
        with_step(lambda state, loss, batch: (state, jnp.full(len(batch[0]), loss))),
        "the loss is float32[3]; expected float32[]",
    ),
    "loss summed": (4, with_step(lambda state, loss, batch: (state, loss * len(batch[0]))), "the loss is"),
    "parameters not a number": (
        5,
        with_step(lambda state, loss, _: (jax.tree.map(lambda a: a * np.float32("nan"), state), loss)),
        "is nan; expected",
    ),
    "parameters in half precision": (
        5,
        with_params(lambda params: jax.tree.map(lambda a: a.astype(jnp.float16), params)),
        "is float16[5, 4]; expected float32[5, 4]",
    ),
    "learns not a number": (
        6,
        with_step(lambda state, loss, _: (jax.tree.map(lambda a: a * np.float32("nan"), state), loss)),
        "the loss is nan; expected less than",
    ),
    "compiles anew": (
        7,
        with_step(lambda state, loss, _: (state, jax.jit(lambda value: value + 0)(loss))),
        "jax compiled jit(<lambda>) and traced <lambda>",
    ),
    "batch deleted": (8, with_step(delete_batch), "these are deleted: x of the batch"),
}


@pytest.mark.parametrize(("law", "factory", "said"), OTHER_WAYS.values(), ids=OTHER_WAYS)
def test_a_law_can_be_broken_in_other_ways(law: int, factory: Callable[[Task], Made], said: str):
    """Each of them is caught by the check of that law, and named."""
    with pytest.raises(BrokenLaw) as caught:
        conformance.LAWS[law - 1].refused(factory)
    assert said in str(caught.value)


@pytest.mark.parametrize("way", ["loss as a Python number", "loss of every sample", "batch deleted"])
def test_another_way_to_break_one_law_breaks_no_other(way: str):
    """The loss is read by law 4 for what it is, and by law 3 for its bits; the batch by law 8."""
    law, factory, _ = OTHER_WAYS[way]
    assert [finding.law for finding in check(factory) if finding.broken is not None] == [law]


def test_checks_leave_no_listener_behind():
    """After law 7 was checked, compiling something new is not heard any more."""
    events: list[str] = []

    def listen(event: str, duration_secs: float, **details: str | int) -> None:
        events.append(event)

    with pytest.raises(BrokenLaw):
        conformance.LAWS[6].refused(OTHER_WAYS["compiles anew"][1])
    jax.monitoring.register_event_duration_secs_listener(listen)
    jax.monitoring.unregister_event_duration_listener(listen)
    jax.jit(lambda value: value * 3)(1.0)
    assert events == []
