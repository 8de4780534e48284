"""Accelerators that a step can be compiled for without having one: what is published of each, and what it takes.

A TPU is known to its compiler, which comes with `libtpu`, by its topology alone. A GPU is described to XLA by a file
with the facts of its data sheet; any other than those in `gpus` can be given as a file of the same kind.

References:
    Google Cloud, "TPU versions": memory by chip.
    XLA, backends/gpu/target_config/specs: the facts of GPUs, and the format of the files.
"""

import math
import re
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple


class TargetError(Exception):
    """A target that is not known, or cannot be compiled for here; the message says what to do."""


class Target(NamedTuple):
    """One kind of device, one or several of it."""

    name: str  # as it is typed; `label` is the same as part of a cell's id
    platform: Literal["tpu", "cuda"]  # the compiler's, as jax calls it
    topology: str  # as that compiler takes it
    chips: int  # how many
    memory_bytes: int  # of one of them
    description: str = ""  # of a GPU, in XLA's words

    @property
    def label(self) -> str:
        """For instance "tpu_v5e_2x2", or "gpu_mine" for mine.txtpb."""
        return re.sub(r"\W", "_", f"gpu_{Path(self.name).stem}" if self.name.endswith(".txtpb") else self.name)


TPUS = {"v5e": (16, "2x2"), "v5p": (95, "2x2x1"), "v6e": (32, "2x2")}  # GB of a chip, and one host's topology of them
GPUS = {path.stem: path for path in sorted(Path(__file__).with_name("gpus").glob("*.txtpb"), reverse=True)}
NAMES = (*(f"tpu:{name}" for name in TPUS), *(f"gpu:{name}" for name in GPUS))
PACKAGES = {"tpu": ("libtpu",), "cuda": ("jax-cuda12-plugin", "jax-cuda12-pjrt", "nvidia-cuda-nvcc-cu12")}
"""What each compiler comes with."""

EXPECTED = f"expected one of {', '.join(NAMES)}, chips after it as in tpu:v5e:2x2 or gpu:h100:4, or a file.txtpb"
MEMORY = re.compile(r"device_memory_size: *(\d+)")


def target_named(typed: str) -> Target:
    """What was typed: a name of the table, perhaps with chips, or the path of a GPU's description.

    Raises:
        TargetError: If there is none, or a file cannot be read or says no memory.
    """
    if typed.endswith(".txtpb"):
        return _described(Path(typed))
    kind, _, rest = typed.partition(":")
    name, _, chips = rest.partition(":")
    shape = [int(part) for part in chips.split("x")] if re.fullmatch(r"[1-9]\d{0,3}(x[1-9]\d{0,3})*", chips) else []
    if (kind == "tpu" and name not in TPUS) or (kind == "gpu" and name not in GPUS) or kind not in ("tpu", "gpu"):
        raise TargetError(f"unknown target {typed!r}; {EXPECTED}")
    if (":" in rest and not shape) or (kind == "gpu" and len(shape) > 1):
        raise TargetError(f"target {typed!r} has chips {chips!r}; {EXPECTED}")
    number = math.prod(shape)
    if kind == "tpu":
        memory_gb, host = TPUS[name]
        return Target(typed, "tpu", f"{name}:{chips or host}", number, memory_gb * 1_000_000_000)
    return _described(GPUS[name])._replace(name=typed, topology=f"1x1x{number}", chips=number)


def _described(path: Path) -> Target:
    try:
        words = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"target {str(path)!r} cannot be read ({error}); {EXPECTED}") from error
    if (found := MEMORY.search(words)) is None:
        raise TargetError(f"target {str(path)!r} says no device_memory_size; give a GpuTargetConfig as XLA's specs are")
    return Target(str(path.resolve()), "cuda", "1x1x1", 1, int(found[1]), words)


def compiler(platform: str) -> str:
    """For instance "libtpu 0.0.42": what compiles for a platform, and is therefore part of every golden count.

    Raises:
        TargetError: If it is not installed, or belongs to another release of jax.
    """
    from packaging.requirements import Requirement

    extra = "tpu" if platform == "tpu" else "gpu-compile"
    versions: dict[str, str] = {}
    for package in PACKAGES[platform]:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError as error:
            words = f"compiling for a {platform} that is not there needs {package}, which is not installed"
            raise TargetError(f"{words}: pip install 'triptych[{extra}]' (in a checkout: -e '.[{extra}]')") from error
    for line in metadata.requires("jax") or []:
        wanted = Requirement(line)
        found = versions.get(wanted.name)
        if found and not wanted.specifier.contains(found, prereleases=True):
            jax = f"jax {metadata.version('jax')} goes with {wanted.specifier}"
            raise TargetError(f"{wanted.name} {found} is installed, and {jax}: pip install 'triptych[{extra}]'")
    package = PACKAGES[platform][0]
    return f"{package} {versions[package]}"
