"""The Python environment of a base whose constraints differ from the head's: built anew, for this one comparison."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

CONSTRAINTS = "constraints.txt"


class ToolchainError(Exception):
    """An environment that cannot be built; the message says why and what to do."""


def changed_constraints(base: Path, head: Path) -> list[str]:
    """The lines in which the constraints of two checkouts differ, "-" before the base's and "+" before the head's."""
    before, after = (_lines(folder / CONSTRAINTS) for folder in (base, head))
    gone, new = [line for line in before if line not in after], [line for line in after if line not in before]
    return [*(f"-{line}" for line in gone), *(f"+{line}" for line in new)]


def not_installed(changed: Sequence[str]) -> list[str]:
    """Of the head's changed constraints, those that this interpreter's libraries do not meet, in words."""
    found: list[str] = []
    for line in changed:
        name, _, version = line.partition(";")[0].removeprefix("+").partition("==")
        with contextlib.suppress(metadata.PackageNotFoundError):
            installed = metadata.version(name.strip())
            if line.startswith("+") and version and installed != version.strip():
                found.append(f"{name.strip()} is {installed}, not {version.strip()}")
    return found


def build(base: Path, folder: Path) -> str:
    """The interpreter of a new environment with a checkout under its own constraints, by uv where there is one.

    Raises:
        ToolchainError: If it cannot be built.
    """
    python = folder / "bin" / "python"
    wanted = [str(base), "-c", str(base / CONSTRAINTS)] if (base / CONSTRAINTS).is_file() else [str(base)]
    if uv := shutil.which("uv"):
        create = [uv, "venv", "-q", "--python", sys.executable, str(folder)]
        install = [uv, "pip", "install", "-q", "--python", str(python), *wanted]
    else:
        create = [sys.executable, "-m", "venv", str(folder)]
        install = [str(python), "-m", "pip", "install", "-q", *wanted]
    for command in (create, install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
            found = f"the base has other constraints, and its environment cannot be built ({words})"
            raise ToolchainError(f"{found}; give an interpreter that has its libraries: --base-python")
    return str(python)


def _lines(path: Path) -> list[str]:
    """The constraints of a file; none without one."""
    words = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return [line for typed in words.splitlines() if (line := typed.partition("#")[0].strip())]
