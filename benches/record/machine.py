"""Whether two times were taken on the same machine: the facts that must be equal, and what differs, in words.

Two times are compared only where every fact of the fingerprints is equal but the load average. A stranger's
pytest-benchmark file says fewer facts of its machine; of two files only the facts that both name can be compared.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from triptych.benches.record.run import Fingerprint

Facts = Mapping[str, str | None]  # what was measured on, by name; null where nobody said


def everything(fingerprint: Fingerprint) -> dict[str, Any]:
    """Every fact by name, a library's version under the library's name."""
    found: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(fingerprint).items():
        found |= value if name == "libraries" else {name: value}
    return found


def facts(fingerprint: Fingerprint | None) -> Facts:
    """What must be equal before two times are compared; null where an arm never said on what it ran."""
    return _said(everything(fingerprint) if fingerprint else {"fingerprint": None})


def strangers_facts(machine_info: Mapping[str, Any]) -> Facts:
    """What pytest-benchmark's `machine_info` says of the same; a host's name stands in for a processor without one."""
    found = machine_info.get("cpu")
    cpu: Mapping[str, Any] = found if isinstance(found, dict) else {}
    name = cpu.get("brand_raw") or cpu.get("brand") or machine_info.get("node")
    python = machine_info.get("python_implementation")
    return _said({"cpu": name, "cpu count": cpu.get("count"), "python implementation": python})


def _said(found: Mapping[str, Any]) -> Facts:
    """All but the one fact that may differ between two times that are compared."""
    return {name: None if value is None else str(value) for name, value in found.items() if name != "load_average"}


def names_processor(found: Facts) -> bool:
    """Whether facts say on which processor they were measured."""
    return all(found[name] for name in ("cpu", "cpu_model", "fingerprint") if name in found)


def differences(one: Facts, other: Facts) -> list[str]:
    """For instance "jaxlib: 0.10 against 0.11", for each fact that both name and that is not equal."""
    unequal = [name for name in one if name in other and one[name] != other[name]]
    return [f"{name}: {one[name] or 'not said'} against {other[name] or 'not said'}" for name in unequal]


def differing(machines: Sequence[Facts]) -> list[str]:
    """The names of the facts in which some machines are not alike, processor, device and versions first."""
    names = dict.fromkeys(name for one in machines for name in one)
    first = ("cpu_model", "device_kind", "jax", "jaxlib")
    ordered = sorted(names, key=lambda name: first.index(name) if name in first else len(first))
    return [name for name in ordered if len({one.get(name) for one in machines}) > 1]


def in_words(found: Facts, name: str) -> str:
    """For instance "jax 0.10.2", or a processor's name by itself."""
    value = found.get(name) or "unknown"
    return value if name in ("cpu_model", "device_kind", "os") else f"{name} {value}"


def toolchain(fingerprint: Fingerprint, architecture: str, aimed: str = "") -> str:
    """What compiled a program, on which counts depend: for instance "jax 0.10.2, jaxlib 0.10.2, cpu x86_64".

    The fingerprint and the architecture are those of the process that compiled it; `aimed` says at what, by which
    compiler, where the device is not there.
    """
    return f"jax {fingerprint.jax}, jaxlib {fingerprint.jaxlib}, {aimed or f'{fingerprint.platform} {architecture}'}"
