"""What NVIDIA's driver says of the GPU: within which limits it runs, and whether it is held back at the moment.

By nvidia-ml-py (`pip install 'triptych[gpu]'`); without it, and on every other device, nothing is said.

References:
    NVIDIA, "NVML API Reference Guide", nvmlClocksEventReasons.
"""

import os
from functools import lru_cache
from typing import Any

import jax

HELD_BACK = {
    0x08: "the hardware slows it down",
    0x20: "it is too warm, says the driver",
    0x40: "it is too warm, says the hardware",
    0x80: "its power supply asks for less",
}
"""By bit. A power limit that is reached is none of them: under load it is how such a device runs all the time."""


def why_held_back() -> str | None:
    """Why what was just timed does not count; None where nothing held the device back, or nobody knows."""
    if (found := first_gpu()) is None:
        return None
    nvml, gpu = found
    bits = nvml.nvmlDeviceGetCurrentClocksEventReasons(gpu)
    words = [reason for bit, reason in HELD_BACK.items() if bits & bit]
    return f"the GPU is held back: {' and '.join(words)}" if words else None


def limits() -> dict[str, int]:
    """The most watts and megahertz that it may take, as fields of a fingerprint."""
    if (found := first_gpu()) is None:
        return {}
    nvml, gpu = found
    watts = round(nvml.nvmlDeviceGetEnforcedPowerLimit(gpu) / 1000)
    return {"power_limit_w": watts, "max_clock_mhz": nvml.nvmlDeviceGetMaxClockInfo(gpu, nvml.NVML_CLOCK_SM)}


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
