"""A workload of somebody else is one value in a file of theirs, and is measured as ours are."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import their_workload

from triptych.benches.record import files
from triptych.benches.record.run import Cell, Settings
from triptych.benches.run.take import new_run, take
from triptych.benches.workloads import sizes
from triptych.impls.registry import RegistryError

FILE = their_workload.__file__


@pytest.fixture(autouse=True)
def ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test adopts, the next does not know."""
    monkeypatch.setattr(sizes, "BASES", dict(sizes.BASES))
    sizes.workload_named.cache_clear()


def test_it_is_measured_and_certified(tmp_path: Path) -> None:
    """By its own name, in other sizes too; the record says where it was found."""
    name = sizes.adopt(f"{FILE}:WORKLOAD")
    cells = [Cell(one, trainer, "cpu") for one in (name, "parity-width8") for trainer in ("treemap", "flax_optax")]
    run = new_run(cells, Settings(restarts=1, rounds=1, block_s=0.01), "test")
    take(run, {"treemap": "treemap", "flax_optax": "flax_optax"}, tmp_path / "result.json")
    read = files.read(tmp_path / "result.json")
    assert [(record.cell.workload, record.outcome.kind) for record in read.cells] == [
        ("parity", "ok"), ("parity", "ok"), ("parity-width8", "ok"), ("parity-width8", "ok"),
    ]  # fmt: skip
    assert {workload.reference for workload in read.workloads} == {f"{FILE}:WORKLOAD"}
    assert read.cells[0].trainings[0].final_loss == pytest.approx(read.cells[1].trainings[0].final_loss, rel=1e-3)


@pytest.mark.parametrize(
    ("attribute", "sentence"),
    [
        ("NO_WORKLOAD", "is of type int; expected a Workload"),
        ("ABSENT", "has no attribute 'ABSENT'"),
        ("MISNAMED", "is called 'pa-rity'; give it a name of letters, digits and _ that no other workload has"),
        ("USURPER", "is called 'xor'; give it a name"),
    ],
)
def test_what_is_none_is_refused_with_a_sentence(attribute: str, sentence: str) -> None:
    """What was got, what was expected."""
    with pytest.raises(RegistryError, match=sentence):
        sizes.adopt(f"{FILE}:{attribute}")


def test_the_same_one_may_be_named_twice() -> None:
    """It is the same file; another file's of that name is not."""
    assert sizes.adopt(f"{FILE}:WORKLOAD") == sizes.adopt(f"{FILE}:WORKLOAD") == "parity"


def test_an_announced_one_goes_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `triptych.workloads`, at its own size or at another; called otherwise by its own file it is refused."""
    names = ("parity", "oddity", "text")
    points = [EntryPoint(name, f"{FILE}:WORKLOAD", "triptych.workloads") for name in names]
    monkeypatch.setattr(sizes, "entry_points", lambda group: [one for one in points if one.group == group])
    assert list(sizes.announced()) == ["parity", "oddity"]
    assert [sizes.known_as(name) for name in ("xor", "parity-width8")] == ["xor", "parity-width8"]
    assert sizes.BASES["parity"].reference == f"{FILE}:WORKLOAD"
    with pytest.raises(RegistryError, match=r"'oddity' is announced as .*, which is called 'parity'"):
        sizes.known_as("oddity")
