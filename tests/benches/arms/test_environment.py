"""When a base gets an environment of its own, and what is said when that cannot be built. No test installs anything."""

import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from triptych.benches.arms.environment import ToolchainError, build, changed_constraints, not_installed


def project(folder: Path, constraints: str | None = None) -> Path:
    folder.mkdir()
    if constraints is not None:
        (folder / "constraints.txt").write_text(constraints)
    return folder


@pytest.mark.parametrize(
    ("base", "head", "changed"),
    [
        ("jax==1\nnumpy==2\n", "numpy==2\njax==1\n", []),
        ("jax==1  # for now\n\n", "# pinned\njax==1\n", []),
        ("jax==1\nnumpy==2\n", "jax==3\nnumpy==2\n", ["-jax==1", "+jax==3"]),
        ("jax==1\n", "jax==1\nflax==1\n", ["+flax==1"]),
        ("jax==1\n", None, ["-jax==1"]),
        (None, None, []),
    ],
)
def test_constraints_differ_by_their_lines(
    tmp_path: Path, base: str | None, head: str | None, changed: list[str]
) -> None:
    """Order, comments and empty lines are no difference; a file that is not there constrains nothing."""
    assert changed_constraints(project(tmp_path / "base", base), project(tmp_path / "head", head)) == changed


def test_what_the_head_asks_for_must_be_installed() -> None:
    """Else the head would run with libraries that are not its own; what is not installed at all it may not need."""
    here = metadata.version("pytest")
    changed = ["-pytest==0", f"+pytest=={here}", "+msgspec==0.0.1 ; python_version > '3'", "+nosuch==1", "+numpy"]
    assert not_installed(changed) == [f"msgspec is {metadata.version('msgspec')}, not 0.0.1"]


def with_programs(folder: Path, programs: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts shell programs before all others."""
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_an_environment_holds_the_base_under_its_own_constraints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one, into which the base is installed; seen through an installer that only writes down what it is asked."""
    with_programs(tmp_path / "bin", {"uv": f'echo "$@" >> {tmp_path}/asked'}, monkeypatch)
    base = project(tmp_path / "base", "jax==1\n")
    python = build(base, tmp_path / "new")
    assert python == str(tmp_path / "new" / "bin" / "python")
    assert (tmp_path / "asked").read_text(encoding="utf-8").splitlines() == [
        f"venv -q --python {sys.executable} {tmp_path}/new",
        f"pip install -q --python {python} {base} -c {base}/constraints.txt",
    ]


def test_a_base_without_constraints_is_installed_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file to name."""
    with_programs(tmp_path / "bin", {"uv": f'echo "$@" >> {tmp_path}/asked'}, monkeypatch)
    build(project(tmp_path / "base"), tmp_path / "new")
    assert "-c" not in (tmp_path / "asked").read_text(encoding="utf-8")


def test_an_environment_that_cannot_be_built_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the installer's last words, and the way out."""
    with_programs(tmp_path / "bin", {"uv": "echo first; echo no such version >&2; exit 2"}, monkeypatch)
    with pytest.raises(
        ToolchainError, match=r"cannot be built \(no such version\); give an interpreter.*--base-python"
    ):
        build(project(tmp_path / "base", "jax==1\n"), tmp_path / "new")


def test_without_uv_the_interpreter_makes_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot, for instance since a file stands in the way, its words are passed on."""
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "new").write_text("in the way")
    with pytest.raises(ToolchainError, match=r"its environment cannot be built .*new"):
        build(project(tmp_path / "base", "jax==1\n"), tmp_path / "new")
