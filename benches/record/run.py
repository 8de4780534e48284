"""The record of a run: what was measured, where, in which order, and how every cell ended.

Times are seconds, memory is bytes, and every field says so in its name. What was not measured is null, never 0.
"""

from typing import Annotated, Literal

import msgspec

from triptych.benches.record.counts import Count, Counts, Program
from triptych.benches.record.modes import Mode

SCHEMA = 2
"""Raised by one whenever an older reader could misread a newer file."""

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
    """The machine and the libraries of one arm, as its worker describes itself.

    Attributes:
        libraries: Versions by name, of what the styles that are installed stand on beside jax.
        power_limit_w: Of a GPU whose driver can be asked,
        max_clock_mhz: likewise.
    """

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
    libraries: dict[str, str] = {}
    power_limit_w: Count | None = None
    max_clock_mhz: Count | None = None


class ArmRecord(msgspec.Struct):
    """One side of a comparison: a Python interpreter, a checkout, environment variables.

    Attributes:
        cpus: The processors that its workers were kept on; empty where they may use all.
        target: What it compiles for, as typed, where that is not there,
        compiler: by what,
        memory_bytes: and how much one of these devices has.
    """

    name: str
    device: str
    env: dict[str, str]
    fingerprint: Fingerprint | None = None
    commit: str | None = None
    cpus: list[int] = []
    target: str = ""
    compiler: str = ""
    memory_bytes: Count | None = None


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

    Attributes:
        kind: "over_budget" still has blocks to compare; "unsupported" is a trainer that does not run this task, which
            is no failure; the kinds in `FAILURES` end the cell.
        steps_done: How far the training came.
        rest_s: Estimated seconds that the rest of the training would have taken.
    """

    kind: OutcomeKind
    reason: str = ""
    steps_done: Count | None = None
    rest_s: Seconds | None = None


UNMEASURED = Outcome("unmeasured", "the run ended before this cell was trained")
"""How a cell begins."""


class Compile(msgspec.Struct, frozen=True):
    """One compile: caches cleared, first call made, phases summed over all programs.

    Attributes:
        again: Made by a process that had compiled the cell before, and not the first of a fresh one.
    """

    restart: Count
    trace_s: Seconds
    lower_s: Seconds
    backend_s: Seconds
    first_call_s: Seconds
    programs: Count
    again: bool = False

    @property
    def compile_s(self) -> float:
        """Trace, lower and backend compile together."""
        return self.trace_s + self.lower_s + self.backend_s


class Block(msgspec.Struct, frozen=True):
    """One timed run of `steps` steps.

    Attributes:
        position: Its place in the run order of its restart, counted from 0 over all arms and cells.
        seconds: Wall time of the whole block, device drained on both sides.
        dispatch_s: The part until the last call had returned, before waiting for the device.
        void: Why the block does not count (a compile, a transfer, another device), or null if it does.
        loss: Mean loss over the training data after the block, by the harness's own arithmetic, outside the clock; null
            where nothing is trained.
    """

    restart: Count
    round: Count
    position: Count
    steps: Annotated[int, msgspec.Meta(ge=1)]
    seconds: Duration
    dispatch_s: Seconds
    void: str | None = None
    loss: float | None = None

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
    """Single steps of one restart, each waited for, the garbage collector as users have it; latencies, not throughput.

    Attributes:
        p99_s: The 99th percentile; null with fewer than 500 steps.
        longest: The longest step, and what other steps were long (see `LONG`), the longest first.
    """

    restart: Count
    steps: Annotated[int, msgspec.Meta(ge=1)]
    median_s: Duration
    p99_s: Duration | None
    longest: list[LongStep]


class Point(msgspec.Struct, frozen=True, array_like=True):
    """One point of a loss curve: updates done, seconds they took, mean loss over the training data after them."""

    step: Count
    seconds: Seconds
    loss: float


class Training(msgspec.Struct, frozen=True):
    """One training from the starting values, compiled beforehand.

    Attributes:
        steps_done: Updates made; fewer than the workload's steps if the budget or a divergence ended it.
        train_s: Seconds of those updates.
        curve: Losses computed by the harness from the trainer's parameters, in float64, outside the clock.
        final_loss: Loss over the training data after the last update; null if not finite.
        held_out_loss: The same over the held-out rows; null without any.
        accuracy: Share of training rows (of held-out rows where there are any) predicted right; null for regression.
        diverged_at: The first step whose loss was not finite; null if none.
        written: What the trained network wrote, where its workload is a text.
    """

    restart: Count
    steps_done: Count
    train_s: Seconds
    curve: list[Point]
    final_loss: float | None
    held_out_loss: float | None
    accuracy: Fraction | None
    diverged_at: Count | None
    written: str = ""


class SeedTraining(msgspec.Struct, frozen=True):
    """One training from the starting values of one seed, until the target loss.

    Attributes:
        ending: "reached" the target; "missed" it (all steps were made, or it diverged); "cut" by the time budget.
        steps: Updates until the target was reached, or made in vain.
        seconds: Of these updates in one uninterrupted loop, already compiled.
        curve: Some losses on the way, by the harness's own arithmetic; the last is that after `steps`.
        diverged_at: The first step whose loss was not finite; null if none.
    """

    seed: Count
    restart: Count
    ending: Literal["reached", "missed", "cut"]
    steps: Count
    seconds: Seconds
    curve: list[Point]
    diverged_at: Count | None = None


class Start(msgspec.Struct, frozen=True):
    """A fresh process from its start to its first finished step, in phases that follow one another.

    Attributes:
        number: Its place in the random order of all starts, counted from 0.
        cache: Whether compiled programs of an earlier process lay on disk ("hit") or no cache was used ("cold").
        interpreter_s: From starting the process until it has read what to do.
        jax_s: Importing jax and numpy.
        stack_s: Importing the trainer and whatever it needs beyond these.
        device_s: Finding the device.
        build_s: The trainer, its first state and a batch on the device.
        compile_s: Tracing, lowering and compiling (or fetching from disk) in the first call.
        first_step_s: The rest of the first call.
        warm_call_s: The second call, which finds everything in memory.
        programs: Compiled or fetched in the first call.
        hits: How many programs the whole process fetched from disk.
    """

    number: Count
    cache: Literal["cold", "hit"]
    interpreter_s: Seconds
    jax_s: Seconds
    stack_s: Seconds
    device_s: Seconds
    build_s: Seconds
    compile_s: Seconds
    first_step_s: Seconds
    warm_call_s: Seconds
    programs: Count
    hits: Count

    @property
    def until_compile_s(self) -> float:
        """From the start of the process until the first call could be made."""
        return self.interpreter_s + self.jax_s + self.stack_s + self.device_s + self.build_s

    @property
    def whole_s(self) -> float:
        """From the start of the process to the end of the first step."""
        return self.until_compile_s + self.compile_s + self.first_step_s


class CellRecord(msgspec.Struct):
    """Everything measured of one cell in one arm.

    Attributes:
        steps_per_call: Steps that one call makes: all of a training in the modes "scan" and "limit".
        unroll: Steps that a scan writes out in each turn of its loop.
        busy_threads: Threads of its worker that computed while blocks were timed.
        parity_rtol: Of a trainer that computes in fewer bits; null where the workload's holds.
    """

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
    steps_per_call: Count | None = None
    unroll: Count | None = None
    tails: list[Tail] = []
    busy_threads: Count | None = None
    parity_rtol: Fraction | None = None
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
    """How much is measured.

    Attributes:
        restarts: Fresh workers per cell; the n of every interval, and 6 is the least that a 95 % interval needs.
        slow_restarts: Of a cell whose step takes longer than a block.
        rounds: Blocks of every cell per restart; a cell with longer steps takes part in fewer.
        block_s: Length that a block is calibrated to.
        compiles: Compiles per restart where they are short; the first, cold, is always there.
        tail_s: Single steps are recorded for this long per restart.
        train_budget_s: A training that would take longer is put off until everything is timed.
        loss_budget_s: A training put off is made to its end if it takes no longer than this; else cut as the others.
        timeout_s: A worker silent for this long beyond what was expected counts as hung.
        seed: Of the run order.
        sweep_budget_s: A sweep over sizes leaves out what would not fit into it; null where there is no sweep.
        seeds: Starting values from which every cell is trained to its target loss; 0 leaves that out.
        start_up: Whether fresh processes are timed from their start to their first step, once a restart.
    """

    restarts: Annotated[int, msgspec.Meta(ge=1)] = 10
    slow_restarts: Annotated[int, msgspec.Meta(ge=1)] = 6
    rounds: Annotated[int, msgspec.Meta(ge=1)] = 20
    block_s: Annotated[float, msgspec.Meta(gt=0)] = 0.012
    compiles: Annotated[int, msgspec.Meta(ge=1)] = 1
    tail_s: Annotated[float, msgspec.Meta(ge=0)] = 0.06
    train_budget_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    loss_budget_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    seed: int = 0
    sweep_budget_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    seeds: Count = 0
    start_up: bool = False


class Run(msgspec.Struct):
    """One run of the instrument over arms and cells.

    Attributes:
        reference: The trainer that ratios stand against.
        references: What the registry loads, by the trainer's name in the cells.
        cut_short: Restarts that lost a worker; a comparison of arms leaves them out.
        done: What was measured to its end, so that a run which was stopped can be taken up again.
    """

    schema: int
    created: str
    command: str
    commit: str | None
    settings: Settings
    reference: str
    arms: list[ArmRecord]
    workloads: list[WorkloadRecord]
    cells: list[CellRecord]
    references: dict[str, str] = {}
    status: Literal["incomplete", "complete"] = "incomplete"
    duration_s: Seconds = 0.0
    cut_short: list[Count] = []
    done: list[str] = []

    def workload(self, name: str) -> WorkloadRecord:
        """The workload of that name; `read` has checked that every cell's is there."""
        return next(workload for workload in self.workloads if workload.name == name)
