"""The protocol that every trainer speaks, and the laws it keeps.

A trainer is what a factory `Trainer(task)` returns: three pure functions on arrays. Data, order, loop, clock,
device and synchronisation belong to the harness; starting values belong to the workload. A third party imports
nothing from here to be a trainer: this file only writes the agreement down, and `conformance.py` checks it.

The laws, one `check_*` each in `conformance.py`:

1. Round trip: `params(init(p))` equals `p` bit for bit.
2. Stable: `step` keeps the state's tree, shapes and dtypes, so that a state can always be stepped again.
3. Deterministic: the same starting values and batches give the same losses and parameters, bit for bit.
4. Honest loss: `step` returns the mean loss of the batch before the update, as a float32 scalar.
5. Right numbers: after 20 steps of every optimizer, loss and activation the parameters agree with a float64
   reference within `PARAMS_RTOL` and `PARAMS_ATOL`, where jax is asked for matrix products in full float32.
6. It learns: on XOR the loss falls below a fifth of where it began.
7. Compile once: at fixed shapes nothing is traced or compiled after the first step.
8. Hands off: `step` may consume (donate) its state, but never touches the batch or the arrays given to `init`.
"""

from collections.abc import Callable
from typing import Protocol, TypedDict, TypeVar

from jaxtyping import Array, Float32

from triptych.impls.task import Task


class Layer(TypedDict):
    """One dense layer in the canonical layout; y = x @ w + b."""

    w: Float32[Array, "inputs outputs"]
    b: Float32[Array, " outputs"]


Params = list[Layer]
"""The canonical parameters: one layer after the other, input side first."""

Batch = tuple[Float32[Array, "batch inputs"], Float32[Array, "batch outputs"]]
"""Inputs x and targets y of one update, float32."""

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


Factory = Callable[[Task], Trainer[State]]
"""What the registry loads: a callable that makes a trainer for a task."""

LAWS: tuple[str, ...] = (
    "round trip: params(init(p)) equals p bit for bit",
    "stable: step keeps the state's tree, shapes and dtypes",
    "deterministic: the same start and batches give the same bits",
    "honest loss: the batch mean before the update, a float32 scalar",
    "right numbers: 20 steps of every optimizer, loss and activation agree with a float64 reference",
    "it learns: on XOR the loss falls below a fifth of where it began",
    "compile once: nothing is traced or compiled after the first step at fixed shapes",
    "hands off: the batch and the arrays given to init are never touched",
)

PARAMS_RTOL = 2e-4
PARAMS_ATOL = 2e-5
LOSS_RTOL = 1e-5
"""Float32 keeps about seven digits; Adam's first steps divide by sqrt(v) and 1 - b2**t, which costs two of them."""
