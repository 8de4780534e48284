"""The face: pytest-benchmark shows, saves and compares what the instrument has measured.

The first benchmark that runs has all selected cells measured together, interleaved; each `bench_*` test then hands
its samples to the `benchmark` fixture through a clock that replays them.
"""

import signal
from collections.abc import Callable
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from triptych.benches.arms.process import WorkerLost
from triptych.benches.exit_codes import Exit
from triptych.benches.record.files import RecordError, scratch, to_builtins
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import FAILURES, Cell, CellRecord, Run, Settings
from triptych.benches.run.choice import chosen, refuse_beside_resume, settings_of, targets_of
from triptych.benches.run.options import OPTIONS, ChoiceError
from triptych.benches.run.take import new_run, take, taken_up
from triptych.benches.schedule.progress import command_line
from triptych.impls import registry

RUN = pytest.StashKey[Run]()  # where the run is kept once it has been measured
BEGUN = pytest.StashKey[Run]()  # a run that is taken up again
CHOICE = pytest.StashKey[tuple[dict[Cell, str], Settings]]()  # the cells, what is loaded for each, and how much of them

RESULT = "result.json"
BENCHES = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite, beside pytest-benchmark's own."""
    group = parser.getgroup("triptych", "what Triptych measures")
    for option in OPTIONS:
        if option.kind is bool:
            group.addoption(option.flag, action="store_true", help=option.words)
        elif option.kind is tuple:
            group.addoption(option.flag, action="append", default=[], metavar=option.metavar, help=option.words)
        else:
            look = {"default": option.default, "metavar": option.metavar, "help": option.words}
            group.addoption(option.flag, type=option.kind, **look)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Without a path `pytest` runs the tests and `pytest --benchmark-only` the benchmarks; what is named stays.

    Ctrl-C and termination end benchmarks as pytest ends, with what was measured so far.

    Raises:
        UsageError: If pytest-xdist would measure several times at once.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        if config.getoption("benchmark_only"):
            config.args = [str(BENCHES)]
        elif config.args_source is pytest.Config.ArgsSource.TESTPATHS:
            config.args = ["tests"]
    if _names_benchmarks(config):
        _refuse_many_processes(config)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, _end)


def _names_benchmarks(config: pytest.Config) -> bool:
    """Whether benchmarks are in what is to be collected."""
    folder = config.invocation_params.dir
    places = [(folder / argument.partition("::")[0]).resolve() for argument in config.args]
    return any(BENCHES in (place, *place.parents) or place in BENCHES.parents for place in places)


def _refuse_many_processes(config: pytest.Config) -> None:
    harmless = is_trial(config) or config.getoption("benchmark_skip") or config.getoption("collectonly")
    if config.getoption("dist", "no") != "no" and not harmless:
        words = "pytest-xdist (-n, --dist) would measure in several processes at once, which disturb each other"
        raise pytest.UsageError(f"{words}; leave it out, or add --benchmark-disable to see only that benchmarks run")


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pytest.exit("the run was told to end (SIGTERM)", returncode=Exit.TERMINATED)


def pytest_collection(session: pytest.Session) -> None:
    """Refuses a wrong option with its sentence alone, before any file is collected."""
    config = session.config
    if _names_benchmarks(config):
        _choice(config)
        if config.getoption("benchmark_histogram") and find_spec("pygal") is None:
            raise pytest.UsageError("--benchmark-histogram needs pygal: pip install pygal pygaljs, or leave it out")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuses tests that --benchmark-only would skip one by one, as if all were well."""
    fixtures = [name for item in items for name in getattr(item, "fixturenames", [])]
    if config.getoption("benchmark_only") and items and "benchmark" not in fixtures:
        raise pytest.UsageError(f"none of the {len(items)} tests here is a benchmark; leave the path out, or name one")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One benchmark per cell."""
    if "cell" in metafunc.fixturenames:
        cells, _ = _choice(metafunc.config)
        metafunc.parametrize("cell", cells, ids=[cell.id for cell in cells])


def _choice(config: pytest.Config) -> tuple[dict[Cell, str], Settings]:
    """What the options choose, checked once per session."""
    if CHOICE not in config.stash:
        typed = {option.name: config.getoption(option.name) for option in OPTIONS}
        try:
            if typed["resume"]:
                refuse_beside_resume(typed)
                config.stash[BEGUN] = run = taken_up(result_path(config))
                config.stash[CHOICE] = {one.cell: run.references[one.cell.trainer] for one in run.cells}, run.settings
            else:
                config.stash[CHOICE] = chosen(typed), settings_of(typed, once=is_trial(config))
        except (ChoiceError, RecordError, registry.RegistryError, WorkerLost) as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[CHOICE]


def is_trial(config: pytest.Config) -> bool:
    """Whether benchmarks are only to be seen to run; what they measure then is kept nowhere."""
    return bool(config.getoption("benchmark_disable") and not config.getoption("benchmark_enable"))


def result_path(config: pytest.Config) -> Path:
    """Where this run writes what it measures, and its page beside it."""
    resumed, folder = config.getoption("resume"), str(config.getoption("output"))
    return config.invocation_params.dir / (resumed or Path(folder, RESULT))


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Run:
    """Everything measured, once, for the cells of the selected benchmarks."""
    config, (choice, settings) = request.config, _choice(request.config)
    callspecs: list[Any] = [getattr(item, "callspec", None) for item in request.session.items]
    cells = dict.fromkeys(callspec.params["cell"] for callspec in callspecs if callspec)
    targets = targets_of({"compile_for": config.getoption("compile_for")})
    new = new_run(list(cells), settings, command_line(), config.getoption("cpus"), targets)
    config.stash[RUN] = measured = config.stash.get(BEGUN, new)
    references = {cell.trainer: reference for cell, reference in choice.items()}
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    place = scratch("trial") if is_trial(config) else nullcontext(result_path(config).parent)
    with nullcontext() if capture is None else capture.global_and_fixture_disabled():
        try:
            with place as folder:
                take(measured, references, folder / result_path(config).name)
        except (OSError, RecordError, WorkerLost) as error:
            if not any(cell.compiles for cell in measured.cells):
                del config.stash[RUN]
            pytest.exit(_stopped(error), returncode=pytest.ExitCode.USAGE_ERROR)
    return measured


def _stopped(error: OSError | RecordError | WorkerLost) -> str:
    if isinstance(error, RecordError | BlockingIOError):
        return str(error)
    if isinstance(error, WorkerLost):
        return f"the run stopped here, a worker could not start: {error}"
    if error.filename is None:
        return f"the result cannot be written ({error.strerror}); make room, or give another folder with --output"
    return f"the result cannot be written to {error.filename} ({error.strerror}); give another folder with --output"


class ReplayClock:
    """A clock that stands still but for the durations played on it, each from 0, to be read off without rounding."""

    _now = 0.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self._now

    def set(self, seconds: float) -> None:
        """Moves it there."""
        self._now = seconds


CLOCK = ReplayClock()
Replay = Callable[[str, Callable[[CellRecord], list[float]]], None]


@pytest.fixture
def replay(benchmark: BenchmarkFixture, run: Run, cell: Cell) -> Replay:
    """Shows one metric of the test's cell: its name, and how to read its samples in seconds off the record."""
    record = next(record for record in run.cells if record.cell == cell)

    def show(metric: str, samples_of: Callable[[CellRecord], list[float]]) -> None:
        benchmark.group = f"{metric}: {cell.workload} on {cell.device}" + (f", {cell.mode}" * (cell.mode != "step"))
        benchmark.extra_info.update(_extra_info(record))
        if record.outcome.kind in FAILURES and (MODES[cell.mode].timed or record.outcome.kind != "out_of_memory"):
            benchmark.disabled = True  # it fails inside, without a time, or pytest-benchmark says that it was not used
            words = f"{cell.id} {record.outcome.kind}: {record.outcome.reason}"
            benchmark.pedantic(pytest.fail, args=(words,), kwargs={"pytrace": False})
        if not (samples := samples_of(record)):
            pytest.skip(f"{cell.id}: {record.outcome.reason or 'nothing measured'}")
        played = iter(samples)
        benchmark.pedantic(lambda: CLOCK.set(next(played)), setup=lambda: CLOCK.set(0.0), rounds=len(samples))

    return show


def _extra_info(record: CellRecord) -> dict[str, Any]:
    """What a reader of pytest-benchmark's own file wants beside the times; absent figures are null."""
    last = record.trainings[-1] if record.trainings else None
    figures = {name: getattr(last, name, None) for name in ("final_loss", "held_out_loss", "accuracy")}
    outcome = {"outcome": record.outcome.kind, "reason": record.outcome.reason}
    restarts = len({block.restart for block in record.counted_blocks})
    return {**msgspec.to_builtins(record.cell), **outcome, "restarts": restarts, **figures}


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Puts the whole run into pytest-benchmark's file, so that `triptych report` reads it too."""
    if RUN in config.stash:
        output_json["triptych"] = to_builtins(config.stash[RUN])
