"""References of a repository and copies of its states, on repositories made by hand."""

import os
import subprocess
from pathlib import Path

import pytest
from histories import Contents, commit, edit, everything_in, git, repository

from triptych.benches.arms import checkout
from triptych.benches.arms.checkout import CheckoutError


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One commit on main."""
    return repository(tmp_path / "repo", {"a.txt": "one", ".gitignore": "ignored*\n"})


def copied(folder: Path) -> dict[str, str]:
    """Texts by path, and "-> target" of links."""
    return {
        str(path.relative_to(folder)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def snapshot(repo: Path) -> dict[str, str]:
    folder = repo.parent / "head"
    folder.mkdir()
    return copied(checkout.snapshot(repo, folder))


def export(repo: Path, wanted: str) -> dict[str, str]:
    folder = repo.parent / "base"
    folder.mkdir()
    return copied(checkout.export(repo, wanted, folder))


def test_the_repository_is_found_from_a_folder_inside(repo: Path) -> None:
    """As git itself finds it; a name may hold spaces."""
    (repo / "some where").mkdir()
    assert checkout.repository(repo / "some where") == repo


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path) -> None:
    """With git's own words, which tell a missing repository from one that git refuses."""
    with pytest.raises(CheckoutError, match=r"in no git repository that can be used .*run the gate inside one"):
        checkout.repository(tmp_path)


def test_a_reference_is_a_branch_a_tag_a_hash_or_relative(repo: Path) -> None:
    """All four name the first of two commits."""
    first = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "tag", "--annotate", "v1", "--message=v1")
    git(repo, "branch", "old")
    commit(repo, {"a.txt": "two"})
    assert [checkout.resolve(repo, name).commit for name in ("old", "v1", first[:8], "HEAD~1")] == [first] * 4


@pytest.mark.parametrize("name", ["", "nosuch", "--upload-pack=x", "-h", "--all", "main:a.txt", "HEAD~7", "main..main"])
def test_what_names_no_commit_is_refused(repo: Path, name: str) -> None:
    """Options are never options of git; a file is no commit; the branches that there are, are named."""
    with pytest.raises(CheckoutError, match=r"names no commit; expected a branch \(main\)") as caught:
        checkout.resolve(repo, name)
    assert not caught.value.lacks_history


def test_the_usual_base_is_where_the_branch_left_main(repo: Path) -> None:
    """Not the tip of main, which has moved on meanwhile."""
    left = git(repo, "rev-parse", "HEAD").strip()
    git(repo, "switch", "--quiet", "--create", "topic")
    commit(repo, {"b.txt": "mine"})
    git(repo, "switch", "--quiet", "main")
    commit(repo, {"c.txt": "theirs"})
    git(repo, "switch", "--quiet", "topic")
    assert checkout.usual_base(repo, {}) == (left, "merge-base with main")


def test_a_pull_request_names_its_own_base(repo: Path) -> None:
    """GITHUB_BASE_REF comes before the usual names."""
    wanted = commit(repo, {"b.txt": "release"})
    git(repo, "update-ref", "refs/remotes/origin/release", wanted)
    git(repo, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    commit(repo, {"c.txt": "mine"})
    assert checkout.usual_base(repo, {"GITHUB_BASE_REF": "release"}).commit == wanted


def test_on_main_the_usual_base_is_the_commit_before_unless_there_is_uncommitted_work(repo: Path) -> None:
    """A clean main is compared with its last commit but one, a dirty one with its last.

    A new file may be what the last gate wrote, which would have main compared with itself.
    """
    first, second = git(repo, "rev-parse", "HEAD").strip(), commit(repo, {"a.txt": "two"})
    edit(repo, {"gate.json": "{}"})
    assert checkout.usual_base(repo, {}).commit == first
    edit(repo, {"a.txt": "three"})
    assert checkout.usual_base(repo, {}).commit == second


def test_without_a_main_branch_the_base_must_be_said(repo: Path) -> None:
    """The sentence names what was looked for."""
    git(repo, "branch", "--move", "trunk")
    with pytest.raises(CheckoutError, match=r"no commit in common with any of origin/HEAD.*--base"):
        checkout.usual_base(repo, {})


def test_a_repository_without_commits_is_refused(tmp_path: Path) -> None:
    """Its HEAD is called unborn."""
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "--quiet")
    for ask in (lambda: checkout.usual_base(repo, {}), lambda: checkout.resolve(repo, "HEAD")):
        with pytest.raises(CheckoutError):
            ask()
    assert checkout.head(repo) == "unborn"


def test_a_shallow_clone_lacks_history(repo: Path, tmp_path: Path) -> None:
    """By name, and by default; the sentence says how to fetch it."""
    first = git(repo, "rev-parse", "HEAD").strip()
    commit(repo, {"a.txt": "two"})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repo}", "clone")
    for ask in (
        lambda: checkout.resolve(tmp_path / "clone", first),
        lambda: checkout.usual_base(tmp_path / "clone", {}),
    ):
        with pytest.raises(CheckoutError, match=r"shallow.*fetch.*fetch-depth: 0") as caught:
            ask()
        assert caught.value.lacks_history


def test_the_head_says_whether_there_is_uncommitted_work(repo: Path) -> None:
    """A plus stands for it."""
    short = git(repo, "rev-parse", "--short=12", "HEAD").strip()
    assert checkout.head(repo) == short
    edit(repo, {"ignored.txt": "no work"})
    assert checkout.head(repo) == short
    edit(repo, {"new.txt": "work"})
    assert checkout.head(repo) == f"{short}+"
    assert checkout.uncommitted(repo) == ["new.txt"]


def test_a_snapshot_is_the_working_tree_as_it_stands(repo: Path) -> None:
    """Uncommitted, staged and new files, none that is ignored, none that is gone."""
    commit(repo, {"gone.txt": "one", "gone/too.txt": "one", "staged.txt": "one"})
    edit(repo, {"staged.txt": "two"})
    git(repo, "add", "staged.txt")
    edit(repo, {"gone.txt": None, "gone/too.txt": None, "a.txt": "two", "new/b.txt": "new", "ignored.txt": "no"})
    assert snapshot(repo) == {
        "a.txt": "two", ".gitignore": "ignored*\n", "staged.txt": "two", "new/b.txt": "new"
    }  # fmt: skip


ODD = (" first", "last ", "two words", "line\nbreak", "quote'\"", "tab\t", "日本/é", "-n", "a\\b", "\udcff")


def test_names_may_be_odd(repo: Path) -> None:
    """Spaces at either end, line breaks, other scripts, bytes that are no text; on both sides."""
    files: Contents = dict.fromkeys(ODD, "x")
    assert snapshot_of_odd(repo, files) == export(repo, "HEAD") == {"a.txt": "one", ".gitignore": "ignored*\n", **files}


def snapshot_of_odd(repo: Path, files: Contents) -> dict[str, str]:
    commit(repo, files)
    return snapshot(repo)


def test_links_stay_links(repo: Path) -> None:
    """To files, to folders, to nothing, out of the repository: they are never followed."""
    links = {"file": "a.txt", "folder": "sub", "dangling": "nowhere", "absolute": "/etc/hostname", "out": "../../x"}
    edit(repo, {"sub/b.txt": "one"})
    for name, target in links.items():
        (repo / name).symlink_to(target)
    commit(repo)
    expected = {"a.txt": "one", ".gitignore": "ignored*\n", "sub/b.txt": "one"} | {
        name: f"-> {target}" for name, target in links.items()
    }
    assert snapshot(repo) == expected
    assert export(repo, "HEAD") == expected


def test_a_folder_that_became_a_link_is_copied_as_a_link(repo: Path) -> None:
    """Its former files are still in the index; they are not read through the link. The other way round too."""
    commit(repo, {"sub/b.txt": "one", "other/b.txt": "other"})
    (repo / "link").symlink_to("a.txt")
    commit(repo)
    edit(repo, {"sub/b.txt": None, "link": None})
    (repo / "sub").rmdir()
    (repo / "sub").symlink_to("other")
    edit(repo, {"link/c.txt": "new"})
    assert snapshot(repo) == {
        "a.txt": "one", ".gitignore": "ignored*\n", "other/b.txt": "other", "sub": "-> other", "link/c.txt": "new"
    }  # fmt: skip


def test_a_repository_inside_is_left_out(repo: Path) -> None:
    """It is neither a file nor this project's."""
    repository(repo / "inner", {"x.txt": "x"})
    assert snapshot(repo) == {"a.txt": "one", ".gitignore": "ignored*\n"}


def test_an_unfinished_merge_is_copied_as_it_stands(repo: Path) -> None:
    """A file in conflict has three entries and one copy; so has a link."""
    (repo / "link").symlink_to("a.txt")
    commit(repo)
    git(repo, "switch", "--quiet", "--create", "topic")
    for branch in ("topic", "main"):
        git(repo, "switch", "--quiet", branch)
        (repo / "link").unlink()
        (repo / "link").symlink_to(branch)
        commit(repo, {"a.txt": branch})
    with pytest.raises(subprocess.CalledProcessError):
        git(repo, "merge", "topic")
    found = snapshot(repo)
    assert found["link"] == "-> main"
    assert ">>>>>>> topic" in found["a.txt"]


def test_an_export_is_the_commit_and_not_the_working_tree(repo: Path) -> None:
    """Whole, what `git archive` would leave out included."""
    first = commit(repo, {"x/b.txt": "one", ".gitattributes": "x export-ignore\n"})
    commit(repo, {"a.txt": "two", "x/b.txt": None})
    edit(repo, {"a.txt": "three", "new.txt": "new"})
    assert export(repo, first) == {
        "a.txt": "one", ".gitignore": "ignored*\n", "x/b.txt": "one", ".gitattributes": "x export-ignore\n"
    }  # fmt: skip


def test_an_export_of_nothing_is_refused(repo: Path) -> None:
    """With git's own words."""
    with pytest.raises(CheckoutError, match=r"git cannot give the files of 000000000000: .*0000"):
        export(repo, "0" * 40)


def test_nothing_is_left_in_the_repository(repo: Path) -> None:
    """Not a byte of it changes, though its files are newer than its index and it has hooks."""
    hook = repo / ".git" / "hooks" / "post-index-change"
    hook.write_text("#!/bin/sh\ntouch .git/was-here\n")
    hook.chmod(0o755)
    git(repo, "config", "core.splitIndex", "true")
    commit(repo, {"b.txt": "two"})
    (repo / ".git" / "was-here").unlink(missing_ok=True)
    os.utime(repo / "a.txt", (1, 1))
    before = everything_in(repo)
    base = checkout.usual_base(repo, {})
    snapshot(repo)
    export(repo, base.commit)
    checkout.head(repo)
    assert everything_in(repo) == before
    assert sorted(path.name for path in repo.parent.iterdir()) == ["base", "head", "repo"]


def test_a_worktree_is_a_repository(repo: Path) -> None:
    """Its head is its own."""
    git(repo, "worktree", "add", "--quiet", "-b", "topic", str(repo.parent / "tree"))
    tree = checkout.repository(repo.parent / "tree")
    edit(tree, {"a.txt": "two"})
    assert tree == repo.parent / "tree"
    assert snapshot(tree)["a.txt"] == "two"
