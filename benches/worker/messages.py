"""What the parent asks a worker and what the worker answers: one JSON line each, typed by its tag.

A worker of another checkout may be of another age: `PROTOCOL` grows by one whenever an older one would misunderstand.
"""

from typing import Literal

import msgspec

from triptych.benches.record import run
from triptych.benches.record.counts import Ceilings, Counts

PROTOCOL = 2


class Spec(msgspec.Struct, frozen=True):
    """A cell as a worker needs it.

    Attributes:
        reference: What `triptych.impls.registry.load` takes.
        data_path: The file that `triptych.benches.workloads.published.save` wrote.
        workload: Where a workload of somebody else is found.
    """

    cell: run.Cell
    reference: str
    data_path: str
    workload: str = ""


class Describe(msgspec.Struct, frozen=True, tag="describe"):
    """Which machine, platform and versions are you? -> Described."""


class Platforms(msgspec.Struct, frozen=True, tag="platforms"):
    """Which platforms are present? -> PlatformsFound."""


class Import(msgspec.Struct, frozen=True, tag="import"):
    """Import jax and what measures, and nothing else yet -> Imported."""


class Survey(msgspec.Struct, frozen=True, tag="survey"):
    """Which of these does your checkout have? The data of its workloads goes into the folder -> Surveyed.

    Attributes:
        repo: The repository of which the checkout is a copy.
    """

    trainers: list[str]
    workloads: list[str]
    folder: str
    repo: str = ""


class CompileCold(msgspec.Struct, frozen=True, tag="compile"):
    """Make the first call of a new trainer -> Compiled.

    Attributes:
        clear: Whether all caches are cleared before, or hold what the worker's earlier cells left.
        count: Whether two more calls follow, off the clock, to count the programs that three calls build.
    """

    spec: Spec
    restart: int
    clear: bool = True
    count: bool = False


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


class TrainSeed(msgspec.Struct, frozen=True, tag="seed"):
    """Train a prepared cell from a seed's starting values to its target loss, the end or the budget -> SeedTrained."""

    cell_id: str
    seed: int
    restart: int
    budget_s: float


class StartUp(msgspec.Struct, frozen=True, tag="start"):
    """As the first request of a process: import, build, make the first step -> Started.

    Attributes:
        began_s: The monotonic clock just before the process was started.
    """

    spec: Spec
    number: int
    cache: Literal["cold", "hit"]
    began_s: float


class Count(msgspec.Struct, frozen=True, tag="count"):
    """Count a cell, after `CompileCold` or when nothing is timed any more -> Counted."""

    spec: Spec


class MeasureCeilings(msgspec.Struct, frozen=True, tag="ceilings"):
    """What does your device reach at best? -> CeilingsMeasured."""


OfWorker = Import | Describe | Platforms | Survey | MeasureCeilings
OfCell = CompileCold | Prepare | TimeBlock | Train | TrainSeed | Count | StartUp
Request = OfWorker | OfCell


class Described(msgspec.Struct, frozen=True, tag="described"):
    """The worker's machine and libraries."""

    fingerprint: run.Fingerprint


class PlatformsFound(msgspec.Struct, frozen=True, tag="platforms_found"):
    """Names such as "cpu", "cuda", "tpu"; CPU first."""

    names: list[str]


class Imported(msgspec.Struct, frozen=True, tag="imported"):
    """Ready for requests, with not one of XLA's threads made."""


class Surveyed(msgspec.Struct, frozen=True, tag="surveyed"):
    """What a checkout has of what was asked for.

    Attributes:
        trainers: What the registry loads, by label.
        refused: Why the others cannot be loaded.
        workloads: Those it knows, as it defines them.
        data_paths: Where their data now lies, by name.
        python: The interpreter that answers.
        outside: The files of trainers that are not the checkout's own, by label.
        astray: Files of the repository itself that were imported in place of the checkout's.
    """

    protocol: int
    trainers: dict[str, str]
    refused: dict[str, str]
    workloads: list[run.WorkloadRecord]
    data_paths: dict[str, str]
    python: str = ""
    outside: dict[str, str] = {}
    astray: list[str] = []


class Compiled(msgspec.Struct, frozen=True, tag="compiled"):
    """One cold compile."""

    compiled: run.Compile


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """A rough guess at seconds per step; how many of them a call makes, and a scan writes out (null if it is none)."""

    step_s: float
    steps_per_call: int = 1
    unroll: int | None = None


class BlockTimed(msgspec.Struct, frozen=True, tag="block_timed"):
    """One block, perhaps void."""

    block: run.Block


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
    """The counts of one cell."""

    counts: Counts


class CeilingsMeasured(msgspec.Struct, frozen=True, tag="ceilings_measured"):
    """The rates of the worker's device."""

    ceilings: Ceilings


ByWorker = Imported | Described | PlatformsFound | Surveyed | CeilingsMeasured | Failed
ByCell = Compiled | Prepared | BlockTimed | Trained | SeedTrained | Counted | Started
Answer = ByWorker | ByCell
