"""The command that measures a cell again is one that the gate takes, and asks for that cell of that base."""

import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
from runs import XOR, cell_record, run_of

from triptych.benches.gate.sides import BASE
from triptych.benches.record.run import ArmRecord, Run
from triptych.reports.gate.again import command
from triptych.reports.gate.command import gate


def typed(*words: str) -> dict[str, Any]:
    """The options that the command line takes these words for."""
    return gate.make_context("gate", list(words)).params


def measured(reference: str = "treemap", workload: str = "") -> Run:
    """Of one cell, whose trainer and workload a worker loads so, in ten restarts of a base."""
    run = run_of(cell_record("treemap", {0: [1.0]}))
    run.arms = [ArmRecord(BASE, "cpu", {}, commit="1111aaaa2222")]
    run.references, run.workloads = {"treemap": reference}, [msgspec.structs.replace(XOR, reference=workload)]
    return run


def again(run: Run, *words: str) -> str:
    """What is to be typed after a gate with these words."""
    return command(typed(*words), run, run.cells[0].cell)


def test_it_asks_for_that_cell_twice_as_often() -> None:
    """Against what was typed as the base, or the commit that the gate took; of several trainers only that one."""
    rest = "--trainer treemap --workload xor --restarts 20"
    assert again(measured(), "--base", "main") == f"triptych gate --base main {rest}"
    assert again(measured()) == f"triptych gate --base 1111aaaa2222 {rest}"
    words = ("--trainer=naive,treemap", "--workload=digits", "--workload=xor", "--restarts=10", "--seed=3", "--json=a")
    assert again(measured(), *words) == f"triptych gate --base 1111aaaa2222 {rest}"


def test_what_changes_the_measurement_is_kept() -> None:
    """Device, processors, interpreter and policy; quoted for a shell."""
    policy = str(Path(__file__))
    words = [
        "--device=cuda", "--cpus=1,2", "--base-python=my python", "--policy", policy
    ]  # fmt: skip
    said = again(measured(), "--base=HEAD~1", *words)
    assert "--base-python 'my python'" in said
    before, after = typed("--base=HEAD~1", *words), typed(*shlex.split(said)[2:])
    assert after == before | {"trainer": ("treemap",), "workload": ("xor",), "restarts": 20}


@pytest.mark.parametrize("given", ["mine.py:Trainer", "code/mine.py:Trainer", "other.py:Trainer"])
def test_a_file_is_named_as_it_was_typed(given: str) -> None:
    """In the folder where the gate was called; from the root of the repository where nobody typed it."""
    run = measured("code/mine.py:Trainer", "code/theirs.py:RINGS")
    expected = "code/mine.py:Trainer" if given.startswith("other") else given
    said = again(run, f"--trainer=naive,{given}", "--workload=theirs.py:RINGS")
    assert f"--trainer {expected} --workload theirs.py:RINGS " in said
