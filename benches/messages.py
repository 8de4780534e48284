"""What the parent asks a worker and what the worker answers: one JSON line each, typed by its tag."""

import msgspec

from benches.record import Block, Cell, Compile, Fingerprint, OutcomeKind, Training


class Spec(msgspec.Struct, frozen=True):
    """A cell as a worker needs it.

    Attributes:
        reference: What `impls.registry.load` takes.
        data_path: The file that `benches.workloads.save` wrote.
    """

    cell: Cell
    reference: str
    data_path: str


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Which machine, platform and versions are you? -> Described."""


class Platforms(msgspec.Struct, frozen=True, tag="platforms"):
    """Which platforms are present? -> PlatformsFound."""


class CompileCold(msgspec.Struct, frozen=True, tag="compile"):
    """Clear all caches and make the first call -> Compiled."""

    spec: Spec
    restart: int


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """Compile and warm up; if asked to, prove first that a step stays on the device -> Prepared."""

    spec: Spec
    prove: bool


class TimeBlock(msgspec.Struct, frozen=True, tag="block"):
    """Time that many steps of a prepared cell, at this place of the run -> BlockTimed."""

    cell_id: str
    steps: int
    restart: int
    round: int
    position: int


class Train(msgspec.Struct, frozen=True, tag="train"):
    """Train a prepared cell from its starting values to the end or the budget -> Trained."""

    cell_id: str
    restart: int
    budget_s: float


Request = Describe | Platforms | CompileCold | Prepare | TimeBlock | Train


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The worker's machine and libraries."""

    fingerprint: Fingerprint


class PlatformsFound(msgspec.Struct, frozen=True, tag="platforms_found"):
    """Names such as "cpu", "cuda", "tpu"; CPU first."""

    names: list[str]


class Compiled(msgspec.Struct, frozen=True, tag="compiled"):
    """One cold compile."""

    compiled: Compile


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """A rough guess at seconds per step; how many of them a call makes, and a scan writes out (null if it is none)."""

    step_s: float
    steps_per_call: int = 1
    unroll: int | None = None


class BlockTimed(msgspec.Struct, frozen=True, tag="block_timed"):
    """One block, perhaps void."""

    block: Block


class Trained(msgspec.Struct, frozen=True, tag="trained"):
    """One training, and the device's peak memory where it tells."""

    training: Training
    peak_bytes: int | None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The request could not be done, and why; the worker itself is well."""

    kind: OutcomeKind
    reason: str


Answer = Described | PlatformsFound | Compiled | Prepared | BlockTimed | Trained | Failed
