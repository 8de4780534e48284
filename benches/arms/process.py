"""Arms and their workers, seen from the parent: start, ask, lose, end. No worker outlives its `Worker`."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import msgspec
import psutil

from triptych.benches.record.run import Fingerprint, OutcomeKind
from triptych.benches.worker import messages

ROOT = Path(__file__).resolve().parents[2]
"""Where `impls`, `benches` and `reports` lie: a checkout, or the installed package."""

START_TIMEOUT_S = 120.0

ENV_OF_EVERY_ARM = {"JAX_ENABLE_COMPILATION_CACHE": "false", "PYTHONUNBUFFERED": "1"}
NOT_INHERITED = (
    "JAX_ENABLE_X64", "JAX_DISABLE_JIT", "JAX_DEBUG_NANS", "JAX_DEBUG_INFS", "JAX_DEFAULT_DTYPE_BITS",
    "JAX_DEFAULT_MATMUL_PRECISION", "JAX_DEFAULT_PRNG_IMPL", "JAX_NUMPY_DTYPE_PROMOTION", "JAX_THREEFRY_PARTITIONABLE",
)  # fmt: skip
"""Variables that change what or how jax computes; a worker starts without them, so that every run means the same."""

ENV_OF_ACCELERATORS = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_DEFAULT_MATMUL_PRECISION": "highest"}


def import_path() -> Path:
    """The folder that gives a worker `triptych` and, where links can be had, nothing beside it."""
    links = ROOT / ".package"
    if (links / "triptych" / "__init__.py").is_file():
        return links
    return ROOT if (ROOT / "triptych.py").is_file() else ROOT.parent


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: an interpreter, a checkout and environment variables.

    Attributes:
        checkout: Where its modules are looked for, in its root and below `src`, and the current folder of its workers.
            None: none but the instrument, and the folder of the parent.
        instrument: Where `triptych` is found, if the checkout is not one of Triptych itself.
        cpus: The processors that its workers may use; all of the parent's if empty.
    """

    name: str
    device: str
    env: dict[str, str] = field(default_factory=dict[str, str])
    python: str = sys.executable
    checkout: Path | None = None
    instrument: Path = field(default_factory=import_path)
    cpus: tuple[int, ...] = ()


def platform_arm(device: str) -> Arm:
    """The arm that runs on one platform of this machine, with this interpreter and checkout."""
    env = ENV_OF_EVERY_ARM | {"JAX_PLATFORMS": device}
    return Arm(device, device, env if device == "cpu" else env | ENV_OF_ACCELERATORS)


def pinned_arm(device: str, threads: int, cpus: tuple[int, ...]) -> Arm:
    """The arm of a comparison that decides something: on certain processors, with a certain number of threads."""
    arm, n = platform_arm(device), str(threads)
    env = {"NPROC": n, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n}
    return replace(arm, env=arm.env | env, cpus=cpus)


def find_platforms() -> list[str]:
    """Asks a short-lived worker which platforms jax finds, CPU first.

    Raises:
        WorkerLost: If it cannot start, for instance because jax is not installed.
    """
    with Worker(Arm("probe", "any")) as worker:
        answer = worker.ask(messages.Platforms(), START_TIMEOUT_S)
    if not isinstance(answer, messages.PlatformsFound):
        raise WorkerLost("killed", f"jax cannot list its platforms: {getattr(answer, 'reason', answer)}")
    return answer.names


def fingerprint_of(worker: "Worker", arm: Arm) -> Fingerprint:
    """What a worker says of its machine and its libraries.

    Raises:
        WorkerLost: If it cannot use its device.
    """
    answer = worker.ask(messages.Describe(), START_TIMEOUT_S)
    if not isinstance(answer, messages.Described):
        reason = getattr(answer, "reason", answer)
        raise WorkerLost("killed", f"the worker of arm {arm.name} cannot use its device: {reason}")
    return answer.fingerprint


class WorkerLost(Exception):
    """The worker died or fell silent; `kind` is the outcome that its cell gets."""

    def __init__(self, kind: OutcomeKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: OutcomeKind = kind
        self.reason = reason


class Worker:
    """One process of an arm, in a process group of its own, so that Ctrl-C reaches only the parent.

    A pinned worker imports first and is pinned afterwards: XLA has no threads until it is asked for devices.

    Attributes:
        began_s: The monotonic clock, which all processes share, just before this one was started.
    """

    def __init__(self, arm: Arm) -> None:
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        flat = arm.checkout is not None and _is_flat(arm.checkout)
        self.began_s = time.monotonic()
        self._process = subprocess.Popen(
            [arm.python, "-P", "-m", "benches.worker" if flat else "triptych.benches.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env=inherited | {"PYTHONPATH": _search_path(arm)} | arm.env,
            cwd=arm.checkout,
            start_new_session=True,
        )
        assert self._process.stdout is not None, "stdout is a pipe"
        self._output = self._process.stdout.fileno()
        self._buffer = b""
        self._to_pin = arm.cpus
        if arm.cpus:
            self._send(messages.Import())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def ask(self, request: messages.Request, timeout_s: float) -> messages.Answer:
        """Sends a request and waits for its answer.

        Raises:
            WorkerLost: If the worker ends, says nothing for `timeout_s` seconds, or something that is no answer; it is
                dead afterwards.
        """
        if self._to_pin:
            self._read_line(START_TIMEOUT_S)
            _pin(self._process.pid, self._to_pin)
            self._to_pin = ()
        self._send(request)
        line = self._read_line(timeout_s)
        try:
            return msgspec.json.decode(line, type=messages.Answer)
        except msgspec.DecodeError as error:
            self.end()
            raise WorkerLost("killed", f"its answer to {type(request).__name__} is none ({error})") from error

    def _send(self, request: messages.Request) -> None:
        assert self._process.stdin is not None, "stdin is a pipe"
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._lost() from None

    def end(self) -> None:
        """Ends the process and its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._stderr):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def _read_line(self, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    self.end()
                    raise WorkerLost("hung", f"no answer within {timeout_s:.0f} s, so its process was ended")
                chunk = os.read(self._output, 1 << 16)
                if not chunk:
                    raise self._lost()
                self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _lost(self) -> WorkerLost:
        """What to say of a process that has ended by itself."""
        status = self._process.wait()
        how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        self._stderr.seek(0)
        last_words = self._stderr.read().decode(errors="replace").strip().splitlines()[-3:]
        self.end()
        told = f"; its last words: {' | '.join(last_words)}" if last_words else ""
        return WorkerLost("killed", f"its process ended with {how}{told}")


def has_instrument(checkout: Path) -> bool:
    """Whether a checkout brings a worker of its own: Triptych's, of today or of before it had folders."""
    today = all((checkout / file).is_file() for file in ("triptych.py", "benches/worker/__main__.py"))
    return today or _is_flat(checkout)


def _is_flat(checkout: Path) -> bool:
    """Whether it is a Triptych of before its folders had one name together."""
    return (checkout / "benches" / "worker.py").is_file()


def copy_instrument(folder: Path) -> Path:
    """Copies what a worker needs there, under the one name `triptych`.

    Raises:
        OSError: If it cannot be copied.
    """
    package = folder / "triptych"
    for part in ("impls", "benches"):
        shutil.copytree(ROOT / part, package / part, ignore=shutil.ignore_patterns("__pycache__"))
    front_door = next(file for file in (ROOT / "triptych.py", ROOT / "__init__.py") if file.is_file())
    shutil.copy(front_door, package / "__init__.py")
    return folder


def _search_path(arm: Arm) -> str:
    """Where a worker finds its modules: a checkout's own instrument before ours, ours before a mere project's."""
    own = [] if arm.checkout is None else [arm.checkout, arm.checkout / "src"]
    first = arm.checkout is not None and has_instrument(arm.checkout)
    places = [*own, arm.instrument] if first else [arm.instrument, *own]
    return os.pathsep.join([*map(str, places), *filter(None, [os.environ.get("PYTHONPATH")])])


def _pin(pid: int, cpus: tuple[int, ...]) -> None:
    """Keeps a process, and the threads that it will make, on some processors where the system can do that.

    As a batch process: else XLA's own thread, woken by the step's, takes the one processor from it, more or less often
    with every program, so that a step with more to compute could take less time.
    """
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        if hasattr(psutil.Process, "cpu_affinity"):
            psutil.Process(pid).cpu_affinity(list(cpus))
        if hasattr(os, "SCHED_BATCH"):
            os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0))
