"""What NVIDIA's driver says of the GPU: within which limits it runs, and whether it is throttled at the moment.

By nvidia-ml-py (`pip install 'triptych[gpu]'`); without it, and on every other device, nothing is said. The bits are
those of `nvmlClocksEventReasons` in NVIDIA's "NVML API Reference Guide".
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax

THROTTLED = {
    0x08: "the hardware slows it down",
    0x20: "it is too warm, says the driver",
    0x40: "it is too warm, says the hardware",
    0x80: "its power supply asks for less",
}
"""By bit. A power limit that is reached is none of them: under load it is how such a device runs all the time."""


def why_throttled() -> str | None:
    """Why what was just timed does not count; None where nothing throttled the device, or nobody knows."""
    bits = _asked(lambda nvml, gpu: nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu)) or 0
    words = [reason for bit, reason in THROTTLED.items() if bits & bit]
    return f"the GPU is throttled: {' and '.join(words)}" if words else None


def limits() -> dict[str, int | None]:
    """The most watts and megahertz that it may take, as fields of a fingerprint."""
    milliwatts = _asked(lambda nvml, gpu: nvml.nvmlDeviceGetEnforcedPowerLimit(gpu))
    clock_mhz = _asked(lambda nvml, gpu: nvml.nvmlDeviceGetMaxClockInfo(gpu, nvml.NVML_CLOCK_SM))
    return {"power_limit_w": milliwatts and round(milliwatts / 1000), "max_clock_mhz": clock_mhz}


def _asked(ask: Callable[[Any, Any], int]) -> int | None:
    """What the driver answers; None where there is none, or this device has no such fact."""
    if (found := first_gpu()) is None:
        return None
    try:
        return ask(*found)
    except found[0].NVMLError:
        return None


@lru_cache
def first_gpu() -> tuple[Any, Any] | None:
    """The library, and the device that jax calls the first; None where either is not there."""
    if jax.devices()[0].platform != "gpu":
        return None
    try:
        import pynvml  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    nvml: Any = pynvml
    try:
        nvml.nvmlInit()
        by_index = nvml.nvmlDeviceGetHandleByIndex
        return nvml, by_index(int(first)) if first.isdecimal() else nvml.nvmlDeviceGetHandleByUUID(first)
    except nvml.NVMLError:
        return None
