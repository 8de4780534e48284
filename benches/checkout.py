"""The repository that a gate compares with itself: what a reference means, and copies of its states in a folder.

A copy is what `git archive` gives, or the working tree as it stands, uncommitted work included. Nothing is written
to the repository, so nothing of a gate is left in it, however it ends.
"""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MAIN_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class CheckoutError(Exception):
    """A repository or reference that cannot be used; the message says what was got, what was expected, what to do.

    Attributes:
        lacks_history: The reference may be right, but this clone does not hold it.
    """

    def __init__(self, message: str, *, lacks_history: bool = False) -> None:
        super().__init__(message)
        self.lacks_history = lacks_history


class Base(NamedTuple):
    """The commit to compare with, and what it is called."""

    commit: str
    name: str


def repository(folder: Path) -> Path:
    """The root of the repository that the folder is in.

    Raises:
        CheckoutError: If it is in none, or git is not installed.
    """
    if shutil.which("git") is None:
        raise CheckoutError("git is not installed; a gate against a reference needs it, one of result files does not")
    root = _git(folder, "rev-parse", "--show-toplevel")
    if root is None:
        raise CheckoutError(f"{folder} is in no git repository; run the gate inside one, or give it result files")
    return Path(root)


def resolve(repo: Path, reference: str) -> Base:
    """The commit behind a reference.

    Raises:
        CheckoutError: If there is none.
    """
    commit = _git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if commit is not None:
        return Base(commit, reference)
    if is_shallow(repo):
        raise CheckoutError(
            f"{reference!r} is not in this shallow clone; fetch its history (git fetch --unshallow, or fetch-depth: 0 "
            "in actions/checkout)",
            lacks_history=True,
        )
    branches = ", ".join((_git(repo, "branch", "--format=%(refname:short)") or "none").splitlines()[:5])
    raise CheckoutError(f"{reference!r} names no commit; expected a branch ({branches}), a tag, a hash or HEAD~1")


def usual_base(repo: Path, environment: Mapping[str, str]) -> Base:
    """Where this branch left the main one; on the main branch itself, and without uncommitted work, the commit before.

    Raises:
        CheckoutError: If there is no main branch, no common commit or nothing before it.
    """
    asked = environment.get("GITHUB_BASE_REF")
    names = ([f"origin/{asked}"] if asked else []) + list(MAIN_BRANCHES)
    for name in names:
        if (commit := _git(repo, "merge-base", "HEAD", name)) is None:
            continue
        if commit == _git(repo, "rev-parse", "HEAD") and not is_dirty(repo):
            return resolve(repo, "HEAD~1")
        return Base(commit, f"merge-base with {name}")
    if is_shallow(repo):
        raise CheckoutError(
            "this clone is shallow, and where its branch began is not in it; fetch the history (git fetch "
            "--unshallow, or fetch-depth: 0 in actions/checkout)",
            lacks_history=True,
        )
    raise CheckoutError(
        f"HEAD has no commit in common with any of {', '.join(names)}; say what to compare with: --base"
    )


def is_shallow(repo: Path) -> bool:
    """Whether the clone was cut off."""
    return _git(repo, "rev-parse", "--is-shallow-repository") == "true"


def is_dirty(repo: Path) -> bool:
    """Whether there is uncommitted work, untracked files included."""
    return bool(_git(repo, "status", "--porcelain"))


def head(repo: Path) -> str:
    """The commit of the working tree, with "+" for uncommitted work."""
    commit = _git(repo, "rev-parse", "--short=12", "HEAD") or "unborn"
    return commit + "+" * is_dirty(repo)


def export(repo: Path, commit: str, folder: Path) -> Path:
    """Writes the tree of a commit into the folder.

    Raises:
        CheckoutError: If git cannot give it.
    """
    answer = subprocess.run(["git", "-C", str(repo), "archive", commit], capture_output=True, check=False)
    if answer.returncode:
        raise CheckoutError(f"git cannot give the files of {commit[:12]}: {answer.stderr.decode(errors='replace')}")
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def snapshot(repo: Path, folder: Path) -> Path:
    """Copies the working tree as it stands: tracked files, and new ones that are not ignored."""
    listed = _git(repo, "ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
    for name in filter(None, listed.split("\0")):
        source, target = repo / name, folder / name
        if source.is_file():  # neither deleted since it was committed, nor a submodule
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    return folder


def commit() -> str | None:
    """The commit of Triptych itself, with "+" for uncommitted changes; None where there is no git."""
    folder = Path(__file__).resolve().parent
    if shutil.which("git") is None:
        return None
    return _git(folder, "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails or prints nothing."""
    answer = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False)
    return (answer.stdout.strip() or None) if answer.returncode == 0 else None
