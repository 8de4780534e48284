"""The repository that a gate compares with itself: what a reference means, and copies of its states in a folder.

A copy is what a checkout of a commit would write, or the working tree as it stands, uncommitted work included.
Nothing is written to the repository, not even its index, so nothing of a gate is left in it, however it ends.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

LEAVES_NOTHING = ("--no-optional-locks", "-c", "core.hooksPath=/dev/null", "-c", "core.splitIndex=false")
CHANGES = ("status", "--porcelain")
FETCH = "(git fetch --unshallow, or fetch-depth: 0 in actions/checkout)"
MAIN_BRANCHES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


class CheckoutError(Exception):
    """A repository or reference that cannot be used; the message says what was got, what was expected, what to do.

    It `lacks_history` where the reference may be right, but this clone does not hold it.
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
    answer = _ask(folder, "rev-parse", "--show-toplevel")
    if answer.returncode or not answer.stdout.strip():
        words = answer.stderr.strip().partition("\n")[0] or "it has no working tree"
        remedy = "run the gate inside one, or give it result files"
        raise CheckoutError(f"{folder} is in no git repository that can be used ({words}); {remedy}")
    return Path(answer.stdout.removesuffix("\n"))


def resolve(repo: Path, reference: str) -> Base:
    """The commit behind a reference.

    Raises:
        CheckoutError: If there is none.
    """
    if commit := _git(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"):
        return Base(commit, reference)
    if _is_shallow(repo):
        words = f"{reference!r} is not in this shallow clone; fetch its history {FETCH}"
        raise CheckoutError(words, lacks_history=True)
    branches = ", ".join((_git(repo, "branch", "--format=%(refname:short)") or "none").splitlines()[:5])
    raise CheckoutError(f"{reference!r} names no commit; expected a branch ({branches}), a tag, a hash or HEAD~1")


def usual_base(repo: Path, environment: Mapping[str, str]) -> Base:
    """Where this branch left the main one; on the main branch itself, if no tracked file is changed, the commit before.

    Files that git does not track may be any program's output, and would have main compared with itself.

    Raises:
        CheckoutError: If there is no main branch, no common commit or nothing before it.
    """
    asked = environment.get("GITHUB_BASE_REF")
    names = (f"origin/{asked}", *MAIN_BRANCHES) if asked else MAIN_BRANCHES
    for name in names:
        if (commit := _git(repo, "merge-base", "HEAD", name)) is None:
            continue
        if commit == _git(repo, "rev-parse", "HEAD") and not _git(repo, *CHANGES, "--untracked-files=no"):
            return resolve(repo, "HEAD~1")
        return Base(commit, f"merge-base with {name}")
    if _is_shallow(repo):
        words = f"this clone is shallow, and where its branch began is not in it; fetch the history {FETCH}"
        raise CheckoutError(words, lacks_history=True)
    words = f"HEAD has no commit in common with any of {', '.join(names)}"
    raise CheckoutError(f"{words}; say what to compare with: --base")


def _is_shallow(repo: Path) -> bool:
    return _git(repo, "rev-parse", "--is-shallow-repository") == "true"


def uncommitted(repo: Path) -> list[str]:
    """The files with uncommitted work, untracked ones and folders of them included."""
    return [line.split(maxsplit=1)[1] for line in (_git(repo, *CHANGES, "--untracked-files=normal") or "").splitlines()]


def head(repo: Path) -> str:
    """The commit of the working tree, with "+" for uncommitted work, untracked files included."""
    commit = _git(repo, "rev-parse", "--short=12", "HEAD") or "unborn"
    return commit + "+" * bool(uncommitted(repo))


def export(repo: Path, commit: str, folder: Path) -> Path:
    """Writes the files of a commit into the folder, as a checkout would; through an index of its own.

    Raises:
        CheckoutError: If git cannot give them.
    """
    reads = ["read-tree", "--no-sparse-checkout", commit]
    writes = ["checkout-index", "--all", "--force", f"--prefix={folder.resolve()}{os.sep}"]
    with tempfile.TemporaryDirectory(prefix="index-", dir=folder.parent) as aside:
        for arguments in (reads, writes):
            answer = _ask(repo, *arguments, env={"GIT_INDEX_FILE": str(Path(aside) / "index")})
            if answer.returncode:
                raise CheckoutError(f"git cannot give the files of {commit[:12]}: {answer.stderr.strip()}")
    return folder


def snapshot(repo: Path, folder: Path) -> Path:
    """Copies the working tree as it stands: tracked files, and new ones that are not ignored; links stay links.

    Raises:
        CheckoutError: If git cannot list them.
    """
    listed = _ask(repo, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        raise CheckoutError(f"git cannot list the files of {repo}: {listed.stderr.strip()}")
    for name in filter(None, set(listed.stdout.split("\0"))):
        source, target = repo / name, folder / name
        beyond_a_link = any((repo / parent).is_symlink() for parent in Path(name).parents if parent != Path())
        if not beyond_a_link and (source.is_symlink() or source.is_file()):  # else it is gone, or a submodule
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return folder


def commit() -> str | None:
    """The commit of Triptych itself, with "+" for uncommitted changes; None where there is no git."""
    if shutil.which("git") is None:
        return None
    return _git(Path(__file__).resolve().parent, "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*")


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails or prints nothing."""
    answer = _ask(folder, *arguments)
    return (answer.stdout.strip() or None) if answer.returncode == 0 else None


def _ask(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs git so that it leaves the repository as it is, no refreshed index, no hooks; names may be of any bytes."""
    command, variables = ["git", "-C", str(folder), *LEAVES_NOTHING, *arguments], os.environ | (env or {})
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False, env=variables
    )
