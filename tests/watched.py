"""A worker that only writes down what it is asked, and the schedule watched through such workers."""

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from runs import XOR

from tests.reports.sample_run import fingerprint
from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import Worker, WorkerLost
from triptych.benches.record.counts import Counts
from triptych.benches.record.modes import Mode
from triptych.benches.record.run import (
    SCHEMA,
    ArmRecord,
    Block,
    Cell,
    CellRecord,
    Compile,
    LongStep,
    Point,
    Run,
    SeedTraining,
    Settings,
    Tail,
    Training,
)
from triptych.benches.schedule import plan, rounds
from triptych.benches.schedule.job import Job
from triptych.benches.worker import messages

LOG = list[tuple[int, str, str]]
Override = Callable[[messages.Request, str], messages.Answer | None]

THREADS_S = {1: 1.0, 2: 0.3, 3: 0.1}
"""What each of its threads has computed more, whenever it is looked at."""


class Watched(Worker):
    """A worker without a process: logs (worker number, request, cell that it holds) when asked; answers plausibly."""

    def __init__(self, number: int, log: LOG, answer: Override) -> None:
        self.number, self.log, self.override = number, log, answer
        self.cell_id, self.asked, self.looks = "", deque[messages.Request](), 0
        self.log.append((number, "start", ""))

    def send(self, request: messages.Request) -> None:
        if isinstance(request, messages.Hold):
            self.cell_id = request.spec.cell.id
        self.log.append((self.number, type(request).__name__, self.cell_id))
        self.asked.append(request)

    def receive(self, asked: str, timeout_s: float) -> messages.Answer:
        request = self.asked.popleft()
        assert type(request).__name__ == asked
        return self.override(request, self.cell_id) or plausible(request)

    def pin(self) -> None:
        self.log.append((self.number, "pin", self.cell_id))

    def thread_seconds(self) -> dict[int, float]:
        self.looks += 1
        return {thread: self.looks * seconds for thread, seconds in THREADS_S.items()}

    def end(self) -> None:
        self.log.append((self.number, "end", ""))


def plausible(request: messages.Request) -> messages.Answer:  # noqa: PLR0911  one per kind of request
    """What a worker might answer."""
    match request:
        case messages.Hold():
            return messages.Held()
        case messages.Compile():
            again = [index > 0 for index in range(request.samples)]
            return messages.Compiled([Compile(request.restart, 0.01, 0.01, 0.05, 0.1, 1, one) for one in again])
        case messages.Count():
            return messages.Counted(Counts())
        case messages.Prepare():
            return messages.Prepared(0.0 if request.steps else 0.001, request.steps or 10)
        case messages.Train():
            curve = [Point(0, 0, 0.7), Point(100, 0.1, 0.1)]
            return messages.Trained(Training(request.restart, 100, 0.1, curve, 0.1, None, 1.0, None), None)
        case messages.TrainSeed():
            training = SeedTraining(request.seed, request.restart, "reached", 50, 0.05, [Point(0, 0, 0.7)])
            return messages.SeedTrained(training)
        case messages.TimeBlock():
            at = (request.restart, request.round, request.position)
            return messages.BlockTimed(Block(*at, request.steps, 0.01, 0.01, loss=0.5))
        case messages.RecordTail():
            return messages.TailRecorded(Tail(request.restart, 100, 0.001, None, [LongStep(7, 0.002)]))
        case _:
            return messages.Described(fingerprint())


ARM = Arm("cpu", "cpu", cpus=(0,))


def plausible_always(request: messages.Request, cell_id: str) -> None:
    """Overrides no answer."""


class Watch(NamedTuple):
    """What was watched.

    Attributes:
        log: What workers were asked.
        saves: How long the log was at each save.
        arms: For every worker, in the order of their starts.
    """

    run: Run
    log: LOG
    saves: list[int]
    arms: list[Arm]


def new_run(
    trainers: Sequence[str] = "abc", modes: Sequence[Mode] = ("step",), device: str = "cpu", **settings: Any
) -> Run:
    """Nothing measured yet of these trainers, in a place per mode."""
    cells = [CellRecord(Cell("xor", trainer, device, mode), "cpu") for mode in modes for trainer in trainers]
    return Run(SCHEMA, "", "", None, Settings(**settings), "a", [ArmRecord("cpu", device, {})], [XOR], cells)


def watch(answer: Override = plausible_always, run: Run | None = None, **wanted: Any) -> Watch:
    """Runs the schedule over a record, or a new one."""
    found = Watch(run or new_run(**wanted), [], [], [])
    begin(found, answer)
    return found


def begin(found: Watch, answer: Override) -> None:
    """Fills what is watched."""
    jobs = [Job(record, messages.Spec(record.cell, record.cell.trainer, "")) for record in found.run.cells]

    def start(arm: Arm) -> Worker:
        found.arms.append(arm)
        return Watched(len(found.arms) - 1, found.log, answer)

    rim = plan.Rim(start, save=lambda: found.saves.append(len(found.log)), advance=lambda doing, share: None)
    rounds.measure(found.run, [ARM], jobs, rim)


def asked_of(log: LOG) -> dict[int, list[tuple[str, str]]]:
    """Requests and the cell held, by worker."""
    asked: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for number, request, cell in log:
        asked[number].append((request, cell))
    return asked


HELD = [messages.Hold, messages.Compile, messages.Prepare, messages.Train, messages.TimeBlock]
"""What a cell is asked before it has all its times."""


def dies_at(kind: type[messages.Request]) -> Override:
    """The worker of trainer b ends when it is asked that."""

    def answer(request: messages.Request, cell_id: str) -> messages.Answer | None:
        if isinstance(request, kind) and cell_id == "xor-b-cpu-step":
            raise WorkerLost("killed", "its process ended with signal SIGKILL")
        return None

    return answer
