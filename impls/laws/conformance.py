"""The laws of a trainer, each with a check that any trainer can be put through.

`check(factory)` tries them all and tells what it found; it needs no test framework. Every check makes its own
arrays, and new ones for every call of the trainer, so that a trainer which breaks one law is not blamed for another.
A task that a trainer refuses with `NotImplementedError` is left out, and told.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np

from triptych.impls.laws import reference
from triptych.impls.laws.specimens import (
    EVERY_TASK,
    TASK_OF_EACH_KIND,
    TASK_OF_EACH_LOSS,
    XOR,
    XOR_ROWS,
    Rows,
    batch_of,
    batches_on_host,
    describe,
    start,
)
from triptych.impls.protocol import LOSS_RTOL, PARAMS_ATOL, PARAMS_RTOL, Factory, Params, Trainer
from triptych.impls.task import Task

Arrays = dict[str, np.ndarray]
"""Arrays on the host under the names that a message gives them."""

FEW_STEPS = 3
STEPS = 20
STEPS_ON_XOR = 60

COMPILE_EVENTS = {
    "/jax/core/compile/jaxpr_trace_duration": "traced",
    "/jax/core/compile/backend_compile_duration": "compiled",
}


class BrokenLaw(Exception):
    """A trainer that does not keep a law; the message says which, what was got and what was expected."""


class NotApplicable(Exception):
    """A law about jax, for a trainer that does not use it; the message says so."""


class Law(NamedTuple):
    """One law: what it is called, what it says, what checks it on one task, and on which tasks.

    Attributes:
        instead: A trainer that refuses all of `tasks` is held to it on the first of these that it runs.
    """

    title: str
    sentence: str
    check: Callable[[Factory[Any], Task], None]
    tasks: tuple[Task, ...]
    instead: tuple[Task, ...] = ()

    def refused(self, factory: Factory[Any]) -> dict[Task, str]:
        """Checks it on every task that the trainer does not refuse, and gives the reasons of those that it does.

        Raises:
            BrokenLaw: If the trainer does not keep it.
            NotApplicable: If the law is about jax, and the trainer does not use it.
        """
        reasons: dict[Task, str] = {}
        kept = False
        for task in (*self.tasks, *self.instead):
            if kept and task not in self.tasks:
                break
            try:
                self.check(factory, task)
                kept = True
            except NotImplementedError as error:
                reasons[task] = str(error) or "without a reason"
        return reasons


class Trained(NamedTuple):
    """What came of some steps, on the host."""

    params: Params
    losses: list[np.ndarray]


class Tolerance(NamedTuple):
    """How far a number may be from the expected one: a share of it, plus a little."""

    rtol: float
    atol: float


EXACT = Tolerance(0, 0)


class Checked(NamedTuple):
    """What came of one law: its number, how it is broken (None if it holds), and why which tasks were refused.

    Attributes:
        not_applicable: Why the law is not about this trainer; empty where it is.
    """

    law: int
    broken: str | None
    refused: dict[Task, str]
    not_applicable: str = ""

    @property
    def unsupported(self) -> bool:
        """Whether every task was refused, so that the law was not tried."""
        law = LAWS[self.law - 1]
        return self.broken is None and len(self.refused) == len({*law.tasks, *law.instead})


def check(factory: Factory[Any]) -> list[Checked]:
    """Puts a trainer through every law. One that raises breaks the law that was being checked."""
    return [_checked(number, law, factory) for number, law in enumerate(LAWS, start=1)]


def check_round_trip(factory: Factory[Any], task: Task) -> None:
    """Params(init(p)) equals p bit for bit, whatever was taken in after it: a state is in itself all that it is."""
    trainer = factory(task)
    state, _ = trainer.init(start(task)), trainer.init(_other_start(task))
    _compare(f"{describe(task)}, params(init(p))", _named(trainer.params(state)), _named(start(task)))


def check_stable(factory: Factory[Any], task: Task) -> None:
    """Step keeps the state's tree, shapes and dtypes."""
    trainer = factory(task)
    state = trainer.init(start(task))
    expected = _leaves(state)
    for number, rows in enumerate(batches_on_host(task, FEW_STEPS), start=1):
        state, _ = trainer.step(state, _taken(trainer, batch_of(rows)))
        got = _leaves(state)
        if got != expected:
            where = f"{describe(task)}, the state after step {number}"
            raise BrokenLaw(f"{where} is {got}; expected {expected}, as init made it")


def check_deterministic(factory: Factory[Any], task: Task) -> None:
    """The same start and batches give the same bits, from the same trainer and from a new one."""
    trainer, batches = factory(task), batches_on_host(task, FEW_STEPS)
    first = _train(trainer, task, batches)
    for what, again in (("again", trainer), ("by a new trainer", factory(task))):
        second = _train(again, task, batches)
        _compare(f"{describe(task)}, run {what}", _all_named(second), _all_named(first))


def check_honest_loss(factory: Factory[Any], task: Task) -> None:
    """The batch mean before the update, a float32 scalar, of every step."""
    trainer = factory(task)
    state = trainer.init(start(task))
    for number, rows in enumerate(batches_on_host(task, FEW_STEPS), start=1):
        loss = reference.loss(task, jax.device_get(trainer.params(state)), *rows)
        with jax.default_matmul_precision("highest"):
            state, got = trainer.step(state, _taken(trainer, batch_of(rows)))
        expected = {"the loss": np.array(loss, np.float32)}
        _compare(f"{describe(task)}, step {number}", {"the loss": np.asarray(got)}, expected, Tolerance(LOSS_RTOL, 0))


def check_right_numbers(factory: Factory[Any], task: Task) -> None:
    """20 steps of every network, optimizer, loss and activation agree with a float64 reference.

    The trainer has made some from another start before, of which nothing may be left.
    """
    trainer, batches = factory(task), batches_on_host(task, STEPS)
    _train(trainer, task, batches[:FEW_STEPS], _other_start(task))
    got = _train(trainer, task, batches).params
    _compare(f"{describe(task)}, {STEPS} steps", _named(got), _expected(task), Tolerance(PARAMS_RTOL, PARAMS_ATOL))


def check_learns(factory: Factory[Any], task: Task) -> None:
    """On XOR the loss falls below a fifth of where it began."""
    params = _train(factory(task), task, [XOR_ROWS] * STEPS_ON_XOR).params
    before = reference.loss(task, start(task), *XOR_ROWS)
    after = reference.loss(task, params, *XOR_ROWS)
    if not after < before / 5:
        raise BrokenLaw(f"after {STEPS_ON_XOR} steps the loss is {after:.4g}; expected less than {before / 5:.4g}")


def check_compile_once(factory: Factory[Any], task: Task) -> None:
    """Nothing is traced or compiled after the first step at fixed shapes; says nothing where jax has no part in it."""
    trainer = factory(task)
    first, *rest = [_taken(trainer, batch_of(rows)) for rows in batches_on_host(task, FEW_STEPS)]
    state, _ = jax.block_until_ready(trainer.step(trainer.init(start(task)), first))
    with _compilations() as seen:
        for batch in rest:
            state, _ = jax.block_until_ready(trainer.step(state, batch))
    if seen:
        raise BrokenLaw(f"{describe(task)}, after step 1 jax {' and '.join(sorted(seen))}; expected nothing new")
    if not any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(state)):
        raise NotApplicable("the state holds no array of jax, and nothing was compiled by it")


def check_hands_off(factory: Factory[Any], task: Task) -> None:
    """The batch and the arrays given to init are never touched."""
    trainer, params = factory(task), start(task)
    batch = batch_of(batches_on_host(task, 1)[0])
    given = dict(_flat(params)) | {"x of the batch": batch[0], "y of the batch": batch[1]}
    expected = {name: np.array(array) for name, array in given.items()}
    state, taken = trainer.init(params), _taken(trainer, batch)
    for number in range(1, FEW_STEPS + 1):
        state, _ = trainer.step(state, taken)
        where = f"{describe(task)}, after step {number}"
        deleted = [name for name, array in given.items() if array.is_deleted()]
        if deleted:
            raise BrokenLaw(f"{where} these are deleted: {', '.join(deleted)}; expected them left alone")
        _compare(where, {name: np.array(array) for name, array in given.items()}, expected)


KINDS = (TASK_OF_EACH_KIND, EVERY_TASK)
"""What is no matter of numbers is tried on one task of each kind."""

LAWS: tuple[Law, ...] = (
    Law("round trip", "params(init(p)) equals p bit for bit", check_round_trip, *KINDS),
    Law("stable", "step keeps the state's tree, shapes and dtypes", check_stable, *KINDS),
    Law("deterministic", "the same start and batches give the same bits", check_deterministic, *KINDS),
    Law("honest loss", "the batch mean before the update, a float32 scalar", check_honest_loss, TASK_OF_EACH_LOSS),
    Law(
        "right numbers",
        f"{STEPS} steps of every network, optimizer, loss and activation agree with a float64 reference",
        check_right_numbers,
        EVERY_TASK,
    ),
    Law("it learns", "on XOR the loss falls below a fifth of where it began", check_learns, (XOR,)),
    Law(
        "compile once", "nothing is traced or compiled after the first step at fixed shapes", check_compile_once, *KINDS
    ),
    Law("hands off", "the batch and the arrays given to init are never touched", check_hands_off, *KINDS),
)


def _checked(number: int, law: Law, factory: Factory[Any]) -> Checked:
    try:
        return Checked(number, None, law.refused(factory))
    except NotApplicable as reason:
        return Checked(number, None, {}, str(reason))
    except BrokenLaw as broken:
        return Checked(number, f"law {number}, {law.title}: {broken}", {})
    except (Exception, SystemExit) as error:  # noqa: BLE001  a stranger's trainer may raise anything
        raised = f"the trainer raised {type(error).__name__}: {error}; expected no error"
        return Checked(number, f"law {number}, {law.title}: {raised}", {})


@cache
def _expected(task: Task) -> Arrays:
    """What law 5 expects of any trainer, rounded to float32."""
    named = _named(reference.train(task, start(task), batches_on_host(task, STEPS))[0])
    return {name: named[name].astype(np.float32) for name, _ in _flat(start(task))}


def _other_start(task: Task) -> Params:
    """Half of every starting value."""
    return jax.tree.map(lambda array: array / 2, start(task))


def _train(trainer: Trainer[Any], task: Task, batches: Sequence[Rows], params: Params = None) -> Trained:
    """Trains in full float32: by default some devices round the factors of a matrix product first."""
    losses: list[np.ndarray] = []
    with jax.default_matmul_precision("highest"):
        state = trainer.init(start(task) if params is None else params)
        for rows in batches:
            state, loss = trainer.step(state, _taken(trainer, batch_of(rows)))
            losses.append(np.asarray(loss).copy())  # a trainer may write over it
        return Trained(jax.device_get(trainer.params(state)), losses)


def _taken(trainer: Any, batch: Any) -> Any:
    """The batch as arrays of the trainer's own kind, if it has one."""
    take = getattr(trainer, "take_batch", None)
    return take(batch) if take else batch


def _named(params: Params) -> Arrays:
    return {name: np.array(array) for name, array in _flat(params)}


def _flat(tree: Params, *path: str) -> Iterator[tuple[str, Any]]:
    """Every leaf with a name, such as "w of layer 1" in a list of layers and "blocks.1.query.w" elsewhere."""
    if not isinstance(tree, dict | list):
        is_layer = len(path) == 2 and path[0].isdigit()
        yield f"{path[1]} of layer {path[0]}" if is_layer else ".".join(path), tree
        return
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree, start=1)
    for name, part in parts:
        yield from _flat(part, *path, str(name))


def _all_named(trained: Trained) -> Arrays:
    return {f"the loss of step {i}": loss for i, loss in enumerate(trained.losses, start=1)} | _named(trained.params)


def _kind(value: Any) -> str:
    """Type and shape, such as float32[3, 4]."""
    return f"{getattr(value, 'dtype', type(value).__name__)}{list(np.shape(value))}"


def _leaves(state: Any) -> dict[str, str]:
    """The kind of every leaf by its path."""
    return {jax.tree_util.keystr(path): _kind(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def _compare(where: str, got: Arrays, expected: Arrays, within: Tolerance = EXACT) -> None:
    """Breaks the law at the first number that is off."""
    if got.keys() != expected.keys():
        raise BrokenLaw(f"{where} gave {', '.join(got)}; expected {', '.join(expected)}")
    for name, want in expected.items():
        have = got[name]
        if _kind(have) != _kind(want):
            raise BrokenLaw(f"{where}: {name} is {_kind(have)}; expected {_kind(want)}")
        off = _off(have, want, within)
        if off.any():
            at = tuple(int(i) for i in np.argwhere(off)[0])
            raise BrokenLaw(f"{where}: {name}{list(at) or ''} is {have[at]:.9g}; expected {want[at]:.9g}")


def _off(got: np.ndarray, expected: np.ndarray, within: Tolerance) -> np.ndarray:
    """Where numbers differ. Exact means their bits, so that 0 is not -0 and nan is nan."""
    if within == EXACT:
        bits = np.dtype(f"u{expected.dtype.itemsize}")
        return got.view(bits) != expected.view(bits)
    return ~(abs(got - expected) <= within.atol + within.rtol * abs(expected))


@contextmanager
def _compilations() -> Generator[set[str]]:
    """What jax traces or compiles meanwhile."""
    seen: set[str] = set()

    def listen(event: str, duration_secs: float, **details: str | int) -> None:  # noqa: ARG001  jax's signature
        if event in COMPILE_EVENTS:
            seen.add(f"{COMPILE_EVENTS[event]} {details.get('fun_name', 'a function')}")

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield seen
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
