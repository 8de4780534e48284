"""Which machine this is and what runs on it: everything that must be equal before two times are compared."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax
import psutil
from jax.extend import backend

from triptych.benches.record.run import Fingerprint
from triptych.benches.worker.nvml import limits
from triptych.impls import registry
from triptych.impls.styles import STYLES


def platforms() -> list[str]:
    """The platforms that jax finds, CPU first."""
    return sorted(backend.backends(), key=lambda name: (name != "cpu", name))


def fingerprint() -> Fingerprint:
    """Describes this process: its machine, its device and its libraries."""
    device = jax.devices()[0]
    config: Any = jax.config
    beside_jax = [one for style in registry.installed() for one in STYLES[style].libraries]
    return Fingerprint(
        cpu_model=cpu_model(),
        cpu_count=os.cpu_count() or 0,
        affinity=sorted(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else [],
        memory_bytes=psutil.virtual_memory().total,
        os=platform.platform(),
        platform=device.platform,
        device_kind=device.device_kind,
        device_count=jax.device_count(),
        driver=None if device.platform == "cpu" else backend.get_backend().platform_version,
        python=platform.python_version(),
        jax=jax.__version__,
        jaxlib=installed("jaxlib"),
        xla_flags=os.environ.get("XLA_FLAGS", ""),
        matmul_precision=str(config.jax_default_matmul_precision or "default"),
        load_average=list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        libraries={name: installed(name) for name in (*beside_jax, "numpy")},
        **limits(),
    )


def installed(package: str) -> str:
    """A package's version, or "absent"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def cpu_model() -> str:
    """The processor's own name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
