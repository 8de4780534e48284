"""Temporary git repositories with histories made by hand, for tests of the gate on code."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

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
