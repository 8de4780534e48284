"""What the command line asks of a gate on code."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from triptych.benches.arms.checkout import CheckoutError
from triptych.benches.gate.scope import from_root, scope_of

UNTYPED: dict[str, Any] = dict.fromkeys(("restarts", "seed", "cpus", "base_python"))

OPTIONS = UNTYPED | {"trainer": (), "workload": (), "device": "cpu"}

PRESENT = min(os.sched_getaffinity(0))


def test_the_command_line_is_a_question() -> None:
    """Defaults, and what was typed; names with commas or one by one, each once."""
    assert scope_of(OPTIONS).workloads == ("xor", "digits")
    assert scope_of(OPTIONS).settings.restarts == 10
    assert len(scope_of(OPTIONS).cpus) == 1
    typed = OPTIONS | {"trainer": ("a,b", "a", ""), "workload": ("xor", "xor"), "restarts": 3, "cpus": f" {PRESENT}"}
    asked = scope_of(typed)
    assert (asked.trainers, asked.workloads, asked.cpus) == (("a", "b"), ("xor",), (PRESENT,))
    assert asked.settings.restarts == 3


def test_all_processors_are_no_list_of_them() -> None:
    """Workers may then use any, and XLA as many threads as it likes; so they may on an accelerator, unasked."""
    assert scope_of(OPTIONS | {"cpus": "all"}).cpus == ()
    assert scope_of(OPTIONS | {"device": "cuda"}).cpus == ()


@pytest.mark.parametrize("cpus", ["9999", ",", "", "-1", "0x0", "0,", "²"])
def test_a_processor_that_there_is_not_is_refused(cpus: str) -> None:
    """The sentence names those that there are."""
    with pytest.raises(ValueError, match=r"--cpus .*: expected numbers among \d"):
        scope_of(OPTIONS | {"cpus": cpus})


def test_an_interpreter_that_there_is_not_is_refused() -> None:
    """Before anything is measured."""
    with pytest.raises(ValueError, match="--base-python '/no/python' is no program; expected the path"):
        scope_of(OPTIONS | {"base_python": "/no/python"})


def test_an_interpreter_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers start in folders of their own; a link, as in a virtual environment, stays one."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    assert scope_of(OPTIONS | {"base_python": "bin/python"}).base_python == str(tmp_path / "bin" / "python")


def test_a_file_is_found_from_the_folder_and_looked_for_from_the_root(tmp_path: Path) -> None:
    """However it was typed; names and modules stay as they are."""
    (tmp_path / "sub").mkdir()
    typed = ["mine.py:Trainer", "../sub/mine.py:Trainer", str(tmp_path / "sub" / "mine.py:Trainer")]
    assert {from_root(one, tmp_path, tmp_path / "sub") for one in typed} == {"sub/mine.py:Trainer"}
    for other in ("naive", "package.module:Trainer"):
        assert from_root(other, tmp_path, tmp_path / "sub") == other


def test_a_file_outside_the_repository_is_refused(tmp_path: Path) -> None:
    """Base and head would both load it: always equal, whatever changed."""
    for outside in ("/elsewhere/mine.py:Trainer", "../mine.py:Trainer"):
        with pytest.raises(CheckoutError, match=r"mine.py lies outside .*, so base and head would be the same file"):
            from_root(outside, tmp_path, tmp_path)
