"""The face: pytest-benchmark shows, saves and compares what the instrument has measured.

The first benchmark that runs has all selected cells measured together, interleaved; each `bench_*` test then hands
its samples to the `benchmark` fixture through a clock that replays them.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from triptych.benches.arms.process import WorkerLost
from triptych.benches.record.files import to_builtins
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Run, Settings
from triptych.benches.run import choice as suite
from triptych.benches.schedule import defaults, sweep_budget
from triptych.benches.schedule.progress import command_line
from triptych.impls import registry

RUN = pytest.StashKey[Run]()
"""Where the run is kept once it has been measured."""

CHOICE = pytest.StashKey[suite.Choice]()

RESULT = "result.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite, beside pytest-benchmark's own."""
    group = parser.getgroup("triptych", "what Triptych measures")
    for name, what in (
        (
            "trainer",
            f"name, module:attribute or file.py:attribute (default {','.join(defaults.DEFAULT_TRAINERS)})",
        ),
        ("workload", f"workload (default {','.join(defaults.DEFAULT_WORKLOADS)})"),
        ("device", "platform: cpu, cuda, tpu (default: every one present)"),
        ("mode", "step, scan, eager or floor, an empty call in place of a step (default step)"),
    ):
        group.addoption(f"--{name}", action="append", default=[], metavar="NAME", help=f"{what}; repeat or use commas")
    group.addoption("--restarts", type=int, metavar="N", help="fresh workers per device: the n of every interval")
    group.addoption("--seed", type=int, default=0, metavar="N", help="seed of the run order (default 0)")
    group.addoption("--quick", action="store_true", help="a look in half a minute, without intervals")
    group.addoption("--thorough", action="store_true", help="many restarts, long trainings")
    group.addoption("--ladder", action="store_true", help="also every rung from naive to the fastest, one change each")
    group.addoption(
        "--sweep",
        action="append",
        default=[],
        metavar="AXIS=FROM:TO",
        help="the workloads in other sizes, doubled from FROM to TO along width, depth or batch; repeat for more axes",
    )
    group.addoption(
        "--sweep-budget",
        type=float,
        metavar="SECONDS",
        help=f"a sweep leaves out what takes longer, the largest first (default {sweep_budget.DEFAULT_BUDGET_S:g})",
    )
    group.addoption("--seeds", type=int, default=0, metavar="N", help="train to the target loss from N starting values")
    group.addoption("--start-up", action="store_true", help="also time fresh processes from start to first step")
    group.addoption("--output", default="reports/latest", metavar="DIR", help="where result and page are written")


def pytest_configure(config: pytest.Config) -> None:
    """A bare `pytest` runs the tests, `pytest --benchmark-only` the benchmarks; what is named on the line stays."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.args = ["benches" if config.getoption("benchmark_only") else "tests"]


def pytest_collection(session: pytest.Session) -> None:
    """Refuses a wrong option with its sentence alone, before any file is collected."""
    if any("bench" in argument for argument in session.config.args):
        _choice(session.config)
        _settings(session.config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One benchmark per cell."""
    if "cell" in metafunc.fixturenames:
        cells = _choice(metafunc.config).cells()
        metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells])


def _choice(config: pytest.Config) -> suite.Choice:
    """What the options choose, checked once per session."""
    if CHOICE not in config.stash:
        names = {kind: _names(config, kind) for kind in ("trainer", "workload", "device", "mode")}
        default = suite.Choice()
        try:
            given: Any = config.getoption("sweep")
            asked = sweep_budget.checked(given)
            config.stash[CHOICE] = suite.Choice(
                names["trainer"] or (sweep_budget.DEFAULT_TRAINERS if asked else default.trainers),
                names["workload"] or (sweep_budget.DEFAULT_WORKLOADS if asked else default.workloads),
                names["device"],
                names["mode"] or default.modes,
                bool(config.getoption("ladder")),
                asked,
            ).checked()
        except (suite.ChoiceError, sweep_budget.SweepError, registry.RegistryError, WorkerLost) as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[CHOICE]


def _names(config: pytest.Config, kind: str) -> tuple[str, ...]:
    given: Any = config.getoption(kind)
    return tuple(dict.fromkeys(name for names in given for name in names.split(",") if name))


def _settings(config: pytest.Config) -> Settings:
    quick, thorough = config.getoption("quick"), config.getoption("thorough")
    if quick and thorough:
        raise pytest.UsageError("--quick and --thorough were both given; expected one of them")
    settings = defaults.QUICK if quick else defaults.THOROUGH if thorough else Settings()
    if config.getoption("benchmark_disable"):
        settings = defaults.ONCE
    restarts = config.getoption("restarts")
    if restarts is not None and restarts < 1:
        raise pytest.UsageError(f"--restarts is {restarts}; expected 1 or more")
    seeds, start_up = int(config.getoption("seeds") or 0), bool(config.getoption("start_up"))
    if seeds < 0:
        raise pytest.UsageError(f"--seeds is {seeds}; expected 1 or more, or 0 to leave that out")
    settings = _sweeping(config, settings)
    settings = msgspec.structs.replace(settings, seed=config.getoption("seed"), seeds=seeds, start_up=start_up)
    return settings if restarts is None else msgspec.structs.replace(settings, restarts=restarts)


def _sweeping(config: pytest.Config, settings: Settings) -> Settings:
    """The same, for many cells if there is a sweep."""
    budget_s = config.getoption("sweep_budget")
    if budget_s is not None and not (config.getoption("sweep") and 0 < budget_s < math.inf):
        raise pytest.UsageError(f"--sweep-budget is {budget_s:g}; expected seconds above 0, and a --sweep beside it")
    if not config.getoption("sweep"):
        return settings
    return msgspec.structs.replace(
        settings,
        block_s=min(settings.block_s, defaults.SWEEP_BLOCK_S),
        train_budget_s=min(settings.train_budget_s, defaults.SWEEP_TRAIN_BUDGET_S),
        sweep_budget_s=budget_s or sweep_budget.DEFAULT_BUDGET_S,
    )


def output_folder(config: pytest.Config) -> Path:
    """Where this run writes."""
    return config.invocation_params.dir / str(config.getoption("output"))


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """Everything measured, once, for the cells of the selected benchmarks."""
    config = request.config
    cells = dict.fromkeys(callspec.params["cell"] for item in request.session.items if (callspec := _callspec(item)))
    config.stash[RUN] = measured = suite.new_run(list(cells), _settings(config), command_line())
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        try:
            suite.take(measured, _choice(config).references(), output_folder(config) / RESULT)
        except (OSError, WorkerLost) as error:
            if not any(cell.compiles for cell in measured.cells):
                del config.stash[RUN]
            pytest.exit(_stopped(error), returncode=pytest.ExitCode.USAGE_ERROR)
    return measured


def _callspec(item: pytest.Item) -> Any:
    """The parameters of a parametrized test."""
    return getattr(item, "callspec", None)


def _stopped(error: OSError | WorkerLost) -> str:
    if isinstance(error, WorkerLost):
        return f"the run stopped here, a worker could not start: {error}"
    if error.filename is None:
        return f"the result cannot be written ({error.strerror}); make room, or give another folder with --output"
    return f"the result cannot be written to {error.filename} ({error.strerror}); give another folder with --output"


class ReplayClock:
    """A clock that stands still but for the durations played on it."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self._now

    def rewind(self) -> None:
        """Back to 0, so that the next duration is read off without rounding."""
        self._now = 0.0

    def play(self, seconds: Iterator[float]) -> None:
        """Lets the next of the recorded durations pass."""
        self._now += next(seconds)


CLOCK = ReplayClock()

Replay = Callable[[str, Callable[[CellRecord], list[float]]], None]


@pytest.fixture
def replay(benchmark: BenchmarkFixture, run: Run, cell: Cell) -> Replay:
    """Shows one metric of the test's cell: its name, and how to read its samples in seconds off the record."""
    record = next(record for record in run.cells if record.cell == cell)

    def show(metric: str, samples_of: Callable[[CellRecord], list[float]]) -> None:
        benchmark.group = f"{metric}: {cell.workload} on {cell.device}" + (f", {cell.mode}" * (cell.mode != "step"))
        benchmark.extra_info.update(_extra_info(record))
        if record.outcome.kind in FAILURES:
            pytest.fail(f"{cell.id} {record.outcome.kind}: {record.outcome.reason}", pytrace=False)
        samples = samples_of(record)
        if not samples:
            pytest.skip(f"{cell.id}: {record.outcome.reason or 'nothing measured'}")
        benchmark.pedantic(CLOCK.play, args=(iter(samples),), setup=CLOCK.rewind, rounds=len(samples))

    return show


def _extra_info(record: CellRecord) -> dict[str, Any]:
    """What a reader of pytest-benchmark's own file wants beside the times; absent figures are null."""
    last = record.trainings[-1] if record.trainings else None
    return {
        **msgspec.to_builtins(record.cell),
        "outcome": record.outcome.kind,
        "reason": record.outcome.reason,
        "restarts": len({block.restart for block in record.counted_blocks}),
        "final_loss": last and last.final_loss,
        "held_out_loss": last and last.held_out_loss,
        "accuracy": last and last.accuracy,
    }


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Puts the whole run into pytest-benchmark's file, so that `triptych report` reads it too."""
    if RUN in config.stash:
        output_json["triptych"] = to_builtins(config.stash[RUN])
