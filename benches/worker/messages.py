"""What the parent asks a worker and what the worker answers: one JSON line each, typed by its tag.

A worker of another checkout may be of another age: `PROTOCOL` grows by one whenever an older one would misunderstand.
"""

from typing import Literal

import msgspec

from triptych.benches.record import run
from triptych.benches.record.counts import Counts, Program

PROTOCOL = 3


class Spec(msgspec.Struct, frozen=True):
    """A cell as a worker needs it."""

    cell: run.Cell
    reference: str  # what `triptych.impls.registry.load` takes
    data_path: str  # the file that `triptych.benches.workloads.published.save` wrote
    workload: str = ""  # where a workload of somebody else is found
    target: str = ""  # what a cell is compiled for that is never run, as it is typed


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Which machine, platform and versions are you? -> Described."""


class Platforms(msgspec.Struct, frozen=True, tag="platforms"):
    """Which platforms are present? -> PlatformsFound."""


class Survey(msgspec.Struct, frozen=True, tag="survey"):
    """Which of these does your checkout have? The data of its workloads goes into the folder -> Surveyed."""

    trainers: list[str]
    workloads: list[str]
    folder: str
    repo: str = ""  # the repository of which the checkout is a copy


class Hold(msgspec.Struct, frozen=True, tag="hold"):
    """Build this cell, which all further requests are about -> Held."""

    spec: Spec


class Compile(msgspec.Struct, frozen=True, tag="compile"):
    """Make the first call of the cell that is held, and some further ones of new builds -> Compiled."""

    restart: int
    samples: int = 1  # the most compiles to be made; fewer where they are long


class Prepare(msgspec.Struct, frozen=True, tag="prepare"):
    """Warm up the cell that is held -> Prepared."""

    prove: bool  # whether to prove first that a step stays on the device
    block_s: float  # how long a block should take
    steps: int | None = None  # of a block, if that is known already


class TimeBlock(msgspec.Struct, frozen=True, tag="block"):
    """Time that many steps, at this place of the run -> BlockTimed."""

    steps: int
    restart: int
    round: int
    position: int


class RecordTail(msgspec.Struct, frozen=True, tag="tail"):
    """Time single steps for so long -> TailRecorded."""

    restart: int
    seconds: float


class Train(msgspec.Struct, frozen=True, tag="train"):
    """Train from the starting values to the end or the budget -> Trained."""

    restart: int
    budget_s: float
    curve: bool = True  # whether to take losses on the way, off the clock; without, only the first and the last


class TrainSeed(msgspec.Struct, frozen=True, tag="seed"):
    """Train from a seed's starting values to the target loss, the end or the budget -> SeedTrained."""

    seed: int
    restart: int
    budget_s: float


class Count(msgspec.Struct, frozen=True, tag="count"):
    """Count the cell that is held -> Counted."""


class StartUp(msgspec.Struct, frozen=True, tag="start"):
    """As the first request of a process: import, build, make the first step -> Started."""

    spec: Spec
    number: int
    cache: Literal["cold", "hit"]
    began_s: float  # the monotonic clock just before the process was started


OfWorker = Describe | Platforms | Survey
OfCell = Hold | Compile | Prepare | TimeBlock | RecordTail | Train | TrainSeed | Count | StartUp
Request = OfWorker | OfCell


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The worker's machine and libraries."""

    fingerprint: run.Fingerprint


class PlatformsFound(msgspec.Struct, frozen=True, tag="platforms_found"):
    """Names such as "cpu", "cuda", "tpu"; CPU first."""

    names: list[str]


class Surveyed(msgspec.Struct, frozen=True, tag="surveyed"):
    """What a checkout has of what was asked for."""

    protocol: int
    trainers: dict[str, str]  # what the registry loads, by label
    refused: dict[str, str]  # why the others cannot be loaded
    workloads: list[run.WorkloadRecord]  # those it knows, as it defines them
    data_paths: dict[str, str]  # where their data now lies, by name
    python: str = ""  # the interpreter that answers
    outside: dict[str, str] = {}  # the files of trainers that are not the checkout's own, by label
    astray: list[str] = []  # files of the repository itself that were imported in place of the checkout's


class Held(msgspec.Struct, frozen=True, tag="held"):
    """The cell is built, and nothing of it was compiled yet."""


class Compiled(msgspec.Struct, frozen=True, tag="compiled"):
    """The cold compile of a fresh process, and those that were made again."""

    compiles: list[run.Compile]


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """Ready for blocks."""

    step_s: float  # a rough guess at seconds per step; 0 where the steps of a block were known
    steps: int  # of a block: a number after which a training has its loss taken, so that both can be compared
    steps_per_call: int = 1  # how many of them a call makes
    unroll: int | None = None  # how many a scan writes out; null if it is none


class BlockTimed(msgspec.Struct, frozen=True, tag="block_timed"):
    """One block, perhaps void."""

    block: run.Block


class TailRecorded(msgspec.Struct, frozen=True, tag="tail_recorded"):
    """Single steps of one restart."""

    tail: run.Tail


class Trained(msgspec.Struct, frozen=True, tag="trained"):
    """One training, and the device's peak memory where it tells."""

    training: run.Training
    peak_bytes: int | None


class SeedTrained(msgspec.Struct, frozen=True, tag="seed_trained"):
    """One training from one seed."""

    training: run.SeedTraining


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The phases of one start."""

    start: run.Start


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The request could not be done, and why; the worker itself is well."""

    kind: run.OutcomeKind
    reason: str


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """The counts of one cell, and its program where a call is one."""

    counts: Counts
    program: Program | None = None


ByWorker = Described | PlatformsFound | Surveyed | Failed
ByCell = Held | Compiled | Prepared | BlockTimed | TailRecorded | Trained | SeedTrained | Counted | Started
Answer = ByWorker | ByCell
