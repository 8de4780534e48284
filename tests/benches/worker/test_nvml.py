"""What NVIDIA's driver says, by a driver that is made up here: no test has a GPU."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from triptych.benches.worker import nvml

NOTHING = {"power_limit_w": None, "max_clock_mhz": None}


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A driver of one GPU that runs at 600 W and 1,980 MHz at most, and throttles nothing."""
    asked: list[Any] = []
    made = SimpleNamespace(
        NVMLError=ValueError, NVML_CLOCK_SM=1, bits=0, asked=asked,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=asked.append,
        nvmlDeviceGetHandleByUUID=asked.append,
        nvmlDeviceGetCurrentClocksEventReasons=lambda _: made.bits,
        nvmlDeviceGetEnforcedPowerLimit=lambda _: 600_000,
        nvmlDeviceGetMaxClockInfo=lambda _, clock: 1_980 if clock == 1 else 0,
    )  # fmt: skip
    monkeypatch.setitem(nvml.__dict__, "jax", SimpleNamespace(devices=lambda: [SimpleNamespace(platform="gpu")]))
    monkeypatch.setitem(__import__("sys").modules, "pynvml", made)
    nvml.first_gpu.cache_clear()
    yield made
    nvml.first_gpu.cache_clear()


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (0x00, None),
        (0x04, None),  # its power limit, at which it runs under load
        (0x20, "the GPU is throttled: it is too warm, says the driver"),
        (0xC0, "the GPU is throttled: it is too warm, says the hardware and its power supply asks for less"),
    ],
)
def test_a_block_of_a_gpu_that_is_throttled_is_void(driver: Any, bits: int, words: str | None) -> None:
    """Warmth and power make it void; the limit that it always runs at does not."""
    driver.bits = bits
    assert nvml.why_throttled() == words


@pytest.mark.parametrize(("visible", "asked"), [("3,1", 3), ("GPU-17a", "GPU-17a")])
def test_the_device_is_the_first_that_jax_sees(
    driver: Any, visible: str, asked: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By number or by name, and its limits are facts of the machine."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert nvml.limits() == {"power_limit_w": 600, "max_clock_mhz": 1_980}
    assert driver.asked == [asked]


def test_without_a_driver_nothing_is_said(driver: Any) -> None:
    """A device that has no such fact, and a driver that refuses altogether."""

    def refuse() -> None:
        raise ValueError

    driver.nvmlDeviceGetEnforcedPowerLimit = driver.nvmlDeviceGetCurrentClocksEventReasons = lambda _: refuse()
    assert (nvml.limits(), nvml.why_throttled()) == (NOTHING | {"max_clock_mhz": 1_980}, None)
    nvml.first_gpu.cache_clear()
    driver.nvmlInit = refuse
    assert (nvml.limits(), nvml.why_throttled()) == (NOTHING, None)


def test_of_a_cpu_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library is looked for."""
    nvml.first_gpu.cache_clear()
    assert (nvml.limits(), nvml.why_throttled()) == (NOTHING, None)
