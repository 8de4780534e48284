"""A worker that only writes down what it is asked, for tests of those who ask."""

from collections import deque
from collections.abc import Callable

from tests.reports.sample_run import fingerprint
from triptych.benches.arms.process import Worker
from triptych.benches.record.counts import Ceilings, Counts
from triptych.benches.record.run import Block, Compile, LongStep, Point, SeedTraining, Tail, Training
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
        case messages.MeasureCeilings():
            return messages.CeilingsMeasured(Ceilings(1e9, 1e9))
        case _:
            return messages.Described(fingerprint())
