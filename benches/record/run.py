"""The record of a run: what was measured, where, in which order, and how every cell ended.

Times are seconds, memory is bytes, and every field says so in its name. What was not measured is null, never 0.
"""

from typing import Annotated, Literal

import msgspec

from triptych.benches.record.counts import Count, Counts, Program
from triptych.benches.record.modes import Mode

SCHEMA = 2  # raised by one whenever an older reader could misread a newer file

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
AboveZero = Annotated[float, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(ge=0, lt=1e9)]
Duration = Annotated[float, msgspec.Meta(ge=1e-12, lt=1e9)]
Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]

OutcomeKind = Literal[
    "ok", "over_budget", "unsupported", "unmeasured", "diverged", "void", "raised", "hung", "killed", "out_of_memory"
]
FAILURES: tuple[OutcomeKind, ...] = ("diverged", "void", "raised", "hung", "killed", "out_of_memory")
WITHOUT_TIMES: tuple[OutcomeKind, ...] = (*FAILURES, "unsupported", "unmeasured")

LONG, MOST_LONG = 2.0, 10
"""A long step takes longer than this many medians of its restart; and so many are kept of a restart at most."""


class Fingerprint(msgspec.Struct, frozen=True):
    """The machine and the libraries of one arm, as its worker describes itself."""

    cpu_model: str
    cpu_count: Count
    affinity: list[int]
    memory_bytes: Count
    os: str
    platform: str
    device_kind: str
    device_count: Count
    driver: str | None
    python: str
    jax: str
    jaxlib: str
    xla_flags: str
    matmul_precision: str
    load_average: list[float] | None
    libraries: dict[str, str] = {}  # versions by name, of what the styles that are installed stand on beside jax
    power_limit_w: Count | None = None  # of a GPU whose driver can be asked, as is the next
    max_clock_mhz: Count | None = None


class ArmRecord(msgspec.Struct):
    """One side of a comparison: a Python interpreter, a checkout, environment variables."""

    name: str
    device: str
    env: dict[str, str]
    fingerprint: Fingerprint | None = None
    commit: str | None = None
    cpus: list[int] = []  # the processors that its workers were kept on; empty where they may use all
    target: str = ""  # what it compiles for, as typed, where that is not there,
    compiler: str = ""  # by what,
    memory_bytes: Count | None = None  # and how much one of these devices has


class WorkloadRecord(msgspec.Struct, frozen=True):
    """What was trained, copied into the record so that it can be read without the code that made it."""

    name: str
    source: str
    network: str
    loss: str
    optimizer: str
    batch_size: Count
    steps: Count
    parity_rtol: float
    parity_atol: float
    target_loss: float
    reference: str = ""
    bits_per: str = ""


class Cell(msgspec.Struct, frozen=True):
    """Workload x trainer x device x mode: the unit that gets measured. Its id keys the history."""

    workload: str
    trainer: str
    device: str
    mode: Mode = "step"

    @property
    def id(self) -> str:
        """For instance "xor-treemap-cpu-step"."""
        return f"{self.workload}-{self.trainer}-{self.device}-{self.mode}"


class Outcome(msgspec.Struct, frozen=True):
    """How a cell ended. Everything but "ok" has a reason in words.

    "over_budget" still has blocks to compare; "unsupported" is a trainer that does not run this task, which is no
    failure; the kinds in `FAILURES` end the cell.
    """

    kind: OutcomeKind
    reason: str = ""
    steps_done: Count | None = None  # how far the training came
    rest_s: Seconds | None = None  # estimated seconds that the rest of the training would have taken


UNMEASURED = Outcome("unmeasured", "the run ended before this cell was trained")  # how a cell begins


class Compile(msgspec.Struct, frozen=True):
    """One compile: caches cleared, first call made, phases summed over all programs."""

    restart: Count
    trace_s: Seconds
    lower_s: Seconds
    backend_s: Seconds
    first_call_s: Seconds
    programs: Count
    again: bool = False  # made by a process that had compiled the cell before, and not the first of a fresh one

    @property
    def compile_s(self) -> float:
        """Trace, lower and backend compile together."""
        return self.trace_s + self.lower_s + self.backend_s


class Block(msgspec.Struct, frozen=True):
    """One timed run of `steps` steps."""

    restart: Count
    round: Count
    position: Count  # its place in the run order of its restart, counted from 0 over all arms and cells
    steps: AtLeastOne
    seconds: Duration  # wall time of the whole block, device drained on both sides
    dispatch_s: Seconds  # the part until the last call had returned, before waiting for the device
    void: str | None = None  # why it does not count (a compile, a transfer, another device), or null if it does
    loss: float | None = None  # mean over the training data after it, by the harness, off the clock; null if untrained

    @property
    def step_s(self) -> float:
        """Seconds per step."""
        return self.seconds / self.steps


class LongStep(msgspec.Struct, frozen=True, array_like=True):
    """A step that took long: its number, its time, and what lay behind it; empty where that is not known."""

    step: Count
    seconds: Duration
    cause: str = ""


class Tail(msgspec.Struct, frozen=True):
    """Single steps of a restart, each waited for, the garbage collector as users have it; latencies, not throughput."""

    restart: Count
    steps: AtLeastOne
    median_s: Duration
    p99_s: Duration | None  # the 99th percentile; null with fewer than 500 steps
    longest: list[LongStep]  # the longest step, and what other steps were long (see `LONG`), the longest first


class Point(msgspec.Struct, frozen=True, array_like=True):
    """One point of a loss curve: updates done, seconds they took, mean loss over the training data after them."""

    step: Count
    seconds: Seconds
    loss: float


class Training(msgspec.Struct, frozen=True):
    """One training from the starting values, compiled beforehand."""

    restart: Count
    steps_done: Count  # updates made; fewer than the workload's steps if the budget or a divergence ended it
    train_s: Seconds  # seconds of those updates
    curve: list[Point]  # losses that the harness computed from the trainer's parameters, in float64, outside the clock
    final_loss: float | None  # over the training data after the last update; null if not finite
    held_out_loss: float | None  # the same over the held-out rows; null without any
    accuracy: Fraction | None  # share of held-out rows (of training rows if none) predicted right; null if regression
    diverged_at: Count | None  # the first step whose loss was not finite; null if none
    written: str = ""  # what the trained network wrote, where its workload is a text


class SeedTraining(msgspec.Struct, frozen=True):
    """One training from the starting values of one seed, until the target loss.

    It "reached" the target, "missed" it (all steps were made, or it diverged) or was "cut" by the time budget.
    """

    seed: Count
    restart: Count
    ending: Literal["reached", "missed", "cut"]
    steps: Count  # updates until the target was reached, or made in vain
    seconds: Seconds  # of these updates in one uninterrupted loop, already compiled
    curve: list[Point]  # some losses on the way, by the harness's own arithmetic; the last is that after `steps`
    diverged_at: Count | None = None  # the first step whose loss was not finite; null if none


class Start(msgspec.Struct, frozen=True):
    """A fresh process from its start to its first finished step, in phases that follow one another."""

    number: Count  # its place in the random order of all starts, counted from 0
    cache: Literal["cold", "hit"]  # no cache was used, or compiled programs of an earlier process lay on disk
    interpreter_s: Seconds  # from starting the process until it has read what to do
    jax_s: Seconds  # importing jax and numpy
    stack_s: Seconds  # importing the trainer and whatever it needs beyond these
    device_s: Seconds  # finding the device
    build_s: Seconds  # the trainer, its first state and a batch on the device
    compile_s: Seconds  # tracing, lowering and compiling (or fetching from disk) in the first call
    first_step_s: Seconds  # the rest of the first call
    warm_call_s: Seconds  # the second call, which finds everything in memory
    programs: Count  # compiled or fetched in the first call
    hits: Count  # how many programs the whole process fetched from disk

    @property
    def until_compile_s(self) -> float:
        """From the start of the process until the first call could be made."""
        return self.interpreter_s + self.jax_s + self.stack_s + self.device_s + self.build_s

    @property
    def whole_s(self) -> float:
        """From the start of the process to the end of the first step."""
        return self.until_compile_s + self.compile_s + self.first_step_s


class CellRecord(msgspec.Struct):
    """Everything measured of one cell in one arm."""

    cell: Cell
    arm: str
    outcome: Outcome = UNMEASURED
    compiles: list[Compile] = []
    blocks: list[Block] = []
    trainings: list[Training] = []
    peak_bytes: Count | None = None
    seed_trainings: list[SeedTraining] = []
    starts: list[Start] = []
    counts: Counts | None = None
    steps_per_call: Count | None = None  # that one call makes: all of a training in the modes "scan" and "limit"
    unroll: Count | None = None  # steps that a scan writes out in each turn of its loop
    tails: list[Tail] = []
    busy_threads: Count | None = None  # of its worker that computed while blocks were timed
    parity_rtol: Fraction | None = None  # of a trainer that computes in fewer bits; null where the workload's holds
    program: Program | None = None

    @property
    def cold_compiles(self) -> list[Compile]:
        """The first compile of each fresh process."""
        return [compiled for compiled in self.compiles if not compiled.again]

    @property
    def counted_blocks(self) -> list[Block]:
        """The blocks that are not void."""
        return [block for block in self.blocks if block.void is None]


class Settings(msgspec.Struct, frozen=True):
    """How much is measured."""

    restarts: AtLeastOne = 10  # fresh workers per cell: the n of every interval; one of 95 % needs 6 at least
    slow_restarts: AtLeastOne = 6  # of a cell whose step takes longer than a block
    rounds: AtLeastOne = 20  # blocks of every cell per restart; a cell with longer steps takes part in fewer
    block_s: AboveZero = 0.012  # length that a block is calibrated to
    compiles: AtLeastOne = 1  # per restart where they are short; the first, cold, is always there
    tail_s: Annotated[float, msgspec.Meta(ge=0)] = 0.06  # single steps are recorded for this long per restart
    train_budget_s: AboveZero = 5.0  # a training that would take longer is put off until everything is timed
    loss_budget_s: AboveZero = 60.0  # a training put off is made to its end if it takes no longer, else cut as others
    timeout_s: AboveZero = 60.0  # a worker silent for this long beyond what was expected counts as hung
    seed: int = 0  # of the run order
    sweep_budget_s: AboveZero | None = None  # a sweep leaves out sizes that would not fit into it; null without a sweep
    seeds: Count = 0  # starting values from which every cell is trained to its target loss; 0 leaves that out
    start_up: bool = False  # whether fresh processes are timed from their start to their first step, once a restart


class Run(msgspec.Struct):
    """One run of the instrument over arms and cells."""

    schema: int
    created: str
    command: str
    commit: str | None
    settings: Settings
    reference: str  # the trainer that ratios stand against
    arms: list[ArmRecord]
    workloads: list[WorkloadRecord]
    cells: list[CellRecord]
    references: dict[str, str] = {}  # what the registry loads, by the trainer's name in the cells
    status: Literal["incomplete", "complete"] = "incomplete"
    duration_s: Seconds = 0.0
    cut_short: list[Count] = []  # restarts that lost a worker; a comparison of arms leaves them out
    done: list[str] = []  # what was measured to its end, so that a run which was stopped can be taken up again

    def workload(self, name: str) -> WorkloadRecord:
        """The workload of that name; `read` has checked that every cell's is there."""
        return next(workload for workload in self.workloads if workload.name == name)
