"""The protocol that every trainer speaks.

A trainer is what a factory `Trainer(task)` returns: three pure functions on arrays. Data, order, loop, clock,
device and synchronisation belong to the harness; starting values belong to the workload. A third party imports
nothing from here to be a trainer: this file only writes the agreement down, and `laws/` checks it.

The laws that it keeps are rows of `LAWS` in `laws/conformance.py`, each a title, a sentence and a check;
`triptych check` puts a trainer through them.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypedDict, TypeVar

from jaxtyping import Array, Float32, Int32

from triptych.impls.task import Task


class Layer(TypedDict):
    """One dense layer in the canonical layout; y = x @ w + b."""

    w: Float32[Array, "inputs outputs"]
    b: Float32[Array, " outputs"]


Params = Any
"""The canonical parameters, float32: the tree that `shapes()` of the task's network describes.

Of an `Mlp` it is a list of layers, input side first.
"""

Batch = tuple[Float32[Array, "batch *inputs"] | Int32[Array, "batch tokens"], Array]
"""Inputs x and targets y of one update: float32, or int32 where they are tokens."""

LossValue = Float32[Array, ""]

State = TypeVar("State")


class Trainer(Protocol[State]):
    """Three pure functions that train one `Task`. `State` is any pytree of arrays that the trainer likes."""

    def init(self, params: Params, /) -> State:
        """Takes the canonical starting parameters in; they stay the caller's."""
        ...

    @property
    def step(self) -> Callable[[State, Batch], tuple[State, LossValue]]:
        """One optimizer update on one batch -> (new state, loss before the update). The old state is spent."""
        ...

    def params(self, state: State, /) -> Params:
        """The parameters in the canonical layout. Read them before the next step spends the state."""
        ...


class ForeignTrainer(Protocol):
    """What a trainer that jax does not run may have besides; its state may be changed in place by a step."""

    def take_batch(self, batch: Batch, /) -> Any:
        """The batch as arrays of the trainer's own kind; called off the clock, once for each batch."""
        ...

    def wait(self, state: Any, /) -> None:
        """Returns when everything that a state is made of has been computed."""
        ...


Factory = Callable[[Task], Trainer[State]]
"""What the registry loads: a callable that makes a trainer for a task."""

PARAMS_RTOL = 2e-4
PARAMS_ATOL = 2e-5
LOSS_RTOL = 1e-5
"""Float32 keeps about seven digits; Adam's first steps divide by sqrt(v) and 1 - b2**t, which costs two of them."""
