"""A worker that only writes down what it is asked, for tests of those who ask."""

from collections.abc import Callable

from triptych.benches.arms.process import Worker
from triptych.benches.record.counts import Counts
from triptych.benches.record.run import Block, Compile, Point, SeedTraining, Training
from triptych.benches.worker import messages

LOG = list[tuple[int, str, str]]
Override = Callable[[messages.Request, str], messages.Answer | None]


class Watched(Worker):
    """A worker without a process: logs (worker number, request, cell) and answers plausibly."""

    def __init__(self, number: int, log: LOG, answer: Override) -> None:
        self.number, self.log, self.override = number, log, answer

    def ask(self, request: messages.Request, timeout_s: float) -> messages.Answer:
        cell_id = name_of_cell(request)
        self.log.append((self.number, type(request).__name__, cell_id))
        return self.override(request, cell_id) or plausible(request)

    def end(self) -> None:
        self.log.append((self.number, "end", ""))


def name_of_cell(request: messages.Request) -> str:
    match request:
        case messages.CompileCold() | messages.Prepare() | messages.Count():
            return request.spec.cell.id
        case messages.TimeBlock() | messages.Train() | messages.TrainSeed():
            return request.cell_id
        case _:
            return ""


def plausible(request: messages.Request) -> messages.Answer:  # noqa: PLR0911  one per kind of request
    """What a worker might answer."""
    match request:
        case messages.CompileCold():
            return messages.Compiled(Compile(request.restart, 0.01, 0.01, 0.05, 0.1, 1))
        case messages.Count():
            return messages.Counted(Counts())
        case messages.Prepare():
            return messages.Prepared(0.001)
        case messages.Train():
            curve = [Point(0, 0, 0.7), Point(100, 0.1, 0.1)]
            return messages.Trained(Training(request.restart, 100, 0.1, curve, 0.1, None, 1.0, None), None)
        case messages.TrainSeed():
            training = SeedTraining(request.seed, request.restart, "reached", 50, 0.05, [Point(0, 0, 0.7)])
            return messages.SeedTrained(training)
        case messages.TimeBlock():
            at = (request.restart, request.round, request.position)
            return messages.BlockTimed(Block(*at, request.steps, 0.1, 0.1))
        case _:
            return messages.Described(None)  # pyright: ignore[reportArgumentType]  nobody looks at it here
