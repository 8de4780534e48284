"""Arms: an interpreter, a checkout, environment variables, and the processors on which its workers run."""

import os
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from triptych.benches.record.targets import Target

ROOT = Path(__file__).resolve().parents[2]  # where `impls`, `benches` and `reports` lie: a checkout, or the package

ENV_OF_EVERY_ARM = {"JAX_ENABLE_COMPILATION_CACHE": "false", "PYTHONUNBUFFERED": "1"}
NOT_INHERITED = (
    "JAX_ENABLE_X64", "JAX_DISABLE_JIT", "JAX_DEBUG_NANS", "JAX_DEBUG_INFS", "JAX_DEFAULT_DTYPE_BITS",
    "JAX_DEFAULT_MATMUL_PRECISION", "JAX_DEFAULT_PRNG_IMPL", "JAX_NUMPY_DTYPE_PROMOTION", "JAX_THREEFRY_PARTITIONABLE",
)  # fmt: skip
"""Variables that change what or how jax computes; a worker starts without them, so that every run means the same."""

ENV_OF_ACCELERATORS = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
IN_FLOAT32 = {"JAX_DEFAULT_MATMUL_PRECISION": "highest"}
"""Else an accelerator rounds the factors of a matrix product first."""

AS_IT_DOES = "_default"
"""Behind the name of a platform: an arm of its own that multiplies matrices as that device does by default."""

ENV_OF_COMPILERS = {"TPU_SKIP_MDS_QUERY": "1", "ALLOW_MULTIPLE_LIBTPU_LOAD": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
"""For devices that are not there: nobody is asked for them, and several processes may load their compiler."""

ONE_PROCESS_DEVICES = ("tpu",)  # whose workers follow one another, for such a device admits one process at a time


def import_path() -> Path:
    """The folder that gives a worker `triptych` and, where links can be had, nothing beside it."""
    links = ROOT / ".package"
    if (links / "triptych" / "__init__.py").is_file():
        return links
    return ROOT if (ROOT / "triptych.py").is_file() else ROOT.parent


@dataclass(frozen=True)
class Arm:
    """One side of a comparison: an interpreter, a checkout and environment variables.

    Modules are looked for in the checkout's root and below `src`, and it is the current folder of its workers. Without
    one there are none but the instrument's, and the folder of the parent.
    """

    name: str
    device: str
    env: dict[str, str] = field(default_factory=dict[str, str])
    python: str = sys.executable
    checkout: Path | None = None
    instrument: Path = field(default_factory=import_path)  # where `triptych` is, if the checkout is not one of its own
    cpus: tuple[int, ...] = ()  # the processors that its workers may use; all of the parent's if empty
    preload: tuple[str, ...] = ()  # what its forkserver imports beside jax: the module of its workers' trainer
    forked: bool = True  # whether workers come from a forkserver, with jax imported, or are new interpreters

    @property
    def environment(self) -> dict[str, str]:
        """All variables of its processes; a checkout's own instrument is found before ours, ours before a project's."""
        own = [self.checkout, self.checkout / "src"] if self.checkout else []
        first = self.checkout is not None and has_instrument(self.checkout)
        places = [*map(str, [*own, self.instrument] if first else [self.instrument, *own])]
        path = os.pathsep.join([*places, *filter(None, [os.environ.get("PYTHONPATH")])])
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        return inherited | {"PYTHONPATH": path} | self.env


def platform_arm(device: str, cpus: tuple[int, ...] = ()) -> Arm:
    """The arm that runs on one platform of this machine, with this interpreter and checkout.

    Each of its processors has one thread of XLA's; without any named, there is any number of both. With "_default"
    behind its name, a platform multiplies matrices at the precision that it has by default.
    """
    platform = device.removesuffix(AS_IT_DOES)
    env = ENV_OF_EVERY_ARM | {"JAX_PLATFORMS": platform} | (ENV_OF_ACCELERATORS if platform != "cpu" else {})
    env |= IN_FLOAT32 if device == platform != "cpu" else {}
    n = str(len(cpus))
    threads = {"NPROC": n, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n} if cpus else {}
    return Arm(device, platform, env | threads, cpus=cpus)


def compiling_arm(target: Target, cpus: tuple[int, ...] = ()) -> Arm:
    """The arm that compiles on this machine's processors for a device that is not there."""
    arm = platform_arm("cpu", cpus)
    return replace(arm, name=target.label, env=arm.env | ENV_OF_COMPILERS)


def cpus_of(text: str | None, device: str = "cpu") -> tuple[int, ...]:
    """The processors that were asked for by numbers with commas between, or by "all", which is none.

    Where nothing was, the usual one: the last, often the quietest, where cells run on the CPU, and all elsewhere.

    Raises:
        ValueError: If a processor is named that there is not.
    """
    present = present_cpus()
    if text is None:
        return tuple(present[-1:]) if device.removesuffix(AS_IT_DOES) == "cpu" else ()
    if text == "all":
        return ()
    named = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) in present for part in named):
        known = f"numbers among {', '.join(map(str, present))}, with commas between, or all" if present else "all"
        raise ValueError(f"--cpus {text!r}: expected {known}")
    return tuple(dict.fromkeys(map(int, named)))


def present_cpus() -> list[int]:
    """The processors that this process may use; none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def has_instrument(checkout: Path) -> bool:
    """Whether a checkout is Triptych's own, which brings a worker."""
    return all((checkout / file).is_file() for file in ("triptych.py", "benches/worker/__main__.py"))


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
