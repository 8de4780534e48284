"""Result files as another project's pytest-benchmark writes them, made by hand."""

import json
from pathlib import Path
from typing import Any

MACHINE = {"python_implementation": "CPython", "python_version": "3.11.7", "cpu": {"brand_raw": "Abacus 1", "count": 2}}

WOBBLE = (0.0, 0.004, -0.003, 0.002, -0.001, 0.005)
"""One restart each."""


def content(times: dict[str, float], moment: str = "2026-01-01T00:00:00", **machine: Any) -> dict[str, Any]:
    """One file: benchmarks of one median each."""
    benchmarks = [
        {"group": None, "name": name, "fullname": f"test_a.py::{name}", "params": None, "param": None,
         "extra_info": {}, "options": {}, "stats": {"min": time, "median": time, "rounds": 5, "iterations": 1}}
        for name, time in times.items()
    ]  # fmt: skip
    return {"machine_info": MACHINE | machine, "datetime": moment, "version": "5.3.1", "benchmarks": benchmarks}


def side(folder: Path, name: str, times: dict[str, float], restarts: int = 6, **machine: Any) -> list[Path]:
    """The files of one side, restarts of slightly different times."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for number, wobble in enumerate(WOBBLE[:restarts]):
        moved = {benchmark: time * (1 + wobble) for benchmark, time in times.items()}
        path = folder / f"{name}-{number}.json"
        found = content(moved, f"2026-01-01T00:0{number}:00", **machine) | {"commit_info": {"branch": name}}
        path.write_text(json.dumps(found))
        paths.append(path)
    return paths
