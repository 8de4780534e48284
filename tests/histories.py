"""Temporary git repositories with histories made by hand, for tests of the gate on code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

PATIENCE_S = 300.0
"""A gate that takes longer hangs."""

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")

Contents = dict[str, str | None]
"""Texts by path; None for a file that is taken away."""


def git(repo: Path, *arguments: str) -> str:
    """What git prints."""
    command = ["git", "-C", str(repo), *IDENTITY, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


def edit(repo: Path, files: Contents) -> None:
    """Writes files of a working tree, or takes them away."""
    for name, text in files.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")


def commit(repo: Path, files: Contents | None = None) -> str:
    """Commits the working tree with these changes; gives the hash."""
    edit(repo, files or {})
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--allow-empty", "--message=planted")
    return git(repo, "rev-parse", "HEAD").strip()


def repository(folder: Path, files: Contents | None = None) -> Path:
    """A new repository with one commit on its branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, files)
    return folder


def copy_of_the_project(folder: Path, files: Contents | None = None) -> Path:
    """A repository whose first commit holds this project as it stands, without its tests, and these changes."""
    for name in git(ROOT, "ls-files", "-z", "impls", "benches", "reports/*.py", "triptych.py").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return repository(folder, files)


def everything_in(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its content, folders without; hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


TREEMAP = (ROOT / "impls" / "treemap" / "trainer.py").read_text(encoding="utf-8")

GENEROUS = "[tool.triptych.gate]\nalpha = 0.5\nmargins = { time = 1.0, compile = 1.0 }\n"
"""A policy under which three restarts decide about one cell, and nothing is slower that does not take twice as long."""


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """A text in which every one of some passages is replaced; each must be there."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def own_cpu() -> int:
    """A processor for this process of pytest: gates of two that share one would wait for each other."""
    present = sorted(os.sched_getaffinity(0))
    return present[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % len(present)]


def start_gate(repo: Path, aside: Path, *arguments: str) -> subprocess.Popen[str]:
    """Starts a gate of treemap's successors on xor, on one processor; its temporary files go below `aside`.

    The results go there too: whatever then appears in the repository, the gate has left it.
    """
    (aside / "tmp").mkdir(parents=True, exist_ok=True)
    cpus = ["--cpus", str(own_cpu())] if hasattr(os, "sched_getaffinity") else []
    outputs = ["--output", str(aside / "gate"), "--json", str(aside / "gate.json")]
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
    return subprocess.Popen(
        [sys.executable, ROOT / "triptych.py", "gate", *outputs, "--workload", "xor", *cpus, *arguments],
        cwd=repo,
        env=mine | {"TMPDIR": str(aside / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Answer(NamedTuple):
    """What a gate said."""

    code: int
    printed: str
    complained: str
    verdicts: dict[tuple[str, str], str]
    sentences: dict[tuple[str, str], str]


def answer(process: subprocess.Popen[str], aside: Path) -> Answer:
    """Waits for a gate; its verdicts and sentences by trainer and metric."""
    printed, complained = process.communicate(timeout=PATIENCE_S)
    file = aside / "gate.json"
    findings = json.loads(file.read_text(encoding="utf-8"))["findings"] if file.is_file() else []
    keys = [(found["cell"].removeprefix("xor-").removesuffix("-cpu-step"), found["metric"]) for found in findings]
    verdicts, sentences = ([found[name] for found in findings] for name in ("verdict", "sentence"))
    return Answer(
        process.returncode,
        printed,
        complained,
        dict(zip(keys, verdicts, strict=True)),
        dict(zip(keys, sentences, strict=True)),
    )
