"""A trainer is found by its name, its module or its file; what is not found is refused with a sentence."""

import re
from pathlib import Path

import pytest
from cases import TRAINERS
from hypothesis import given
from hypothesis import strategies as st

from triptych.impls import flax_optax, naive, registry, treemap
from triptych.impls.networks import Mlp
from triptych.impls.registry import RegistryError, label, load, names
from triptych.impls.styles import PEERS
from triptych.impls.task import Sgd, Task

KNOWN = ", ".join((*TRAINERS, *PEERS))

TASK = Task(Mlp((2, 1), "relu"), "sigmoid", "bce", Sgd(0.1))

A_FACTORY = """
TIMES_RUN = []
NUMBER = 3

class Trainer:
    def __init__(self, task):
        self.task = task

class Other(Trainer):
    Inner = Trainer

def _hidden(task):
    return Trainer(task)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a file that makes trainers."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "my_trainer.py").write_text(A_FACTORY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def announce(folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, *lines: str) -> None:
    """Installs a package that announces trainers, as far as importlib.metadata can tell."""
    info = folder / package / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(["[triptych.trainers]", *lines, ""]))
    monkeypatch.syspath_prepend(str(folder / package))


def error_of(reference: str) -> str:
    """What `load` says about a reference that it refuses."""
    with pytest.raises(RegistryError) as caught:
        load(reference)
    return str(caught.value)


def test_built_in_names_come_first_in_reading_order():
    """The three, as they are read; then the peers."""
    assert names() == (*TRAINERS, *PEERS)


def test_built_in_name_gives_its_trainer():
    """The class of that name's module."""
    assert [load(name) for name in TRAINERS] == [naive.Trainer, treemap.Trainer, flax_optax.Trainer]


def test_module_reference_gives_its_attribute():
    """By the name that Python imports it by; the same as the built-in name."""
    assert load("impls.naive:Trainer") is naive.Trainer


def test_announced_trainers_are_named_after_the_built_ins_and_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Any package may announce one; it cannot take a built-in's name."""
    announce(tmp_path, monkeypatch, "other", "zebra = impls.treemap:Trainer", "ant = impls.naive:Trainer")
    announce(tmp_path, monkeypatch, "usurper", "naive = impls.treemap:Trainer")
    assert names() == (*TRAINERS, *PEERS, "ant", "zebra")
    assert load("zebra") is treemap.Trainer
    assert load("naive") is naive.Trainer
    assert label("zebra") == "zebra"


def test_name_announced_twice_is_refused_unless_both_mean_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nobody can tell which one is meant."""
    announce(tmp_path, monkeypatch, "one", "ant = impls.naive:Trainer")
    announce(tmp_path, monkeypatch, "two", "ant = impls.naive:Trainer")
    assert load("ant") is naive.Trainer
    announce(tmp_path, monkeypatch, "three", "ant = impls.treemap:Trainer")
    assert error_of("ant") == (
        "trainer 'ant' is announced by more than one package, as impls.naive:Trainer and impls.treemap:Trainer; "
        "give one of these references instead of the name"
    )


def test_announcement_without_an_attribute_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module alone is no trainer."""
    announce(tmp_path, monkeypatch, "vague", "vague = impls.naive")
    assert error_of("vague") == (
        "'impls.naive:' has nothing on one side of its colon; expected a name, package.module:attribute or "
        "path/to/file.py:attribute"
    )


def test_file_reference_gives_its_attribute(folder: Path):
    """Relative to the current directory or absolute, and also an attribute of an attribute."""
    assert vars(load("mine/my_trainer.py:Trainer")(TASK)) == {"task": TASK}
    assert load(f"{folder}/mine/my_trainer.py:Trainer") is load("mine/my_trainer.py:Trainer")
    assert load("mine/my_trainer.py:Other.Inner") is load("mine/my_trainer.py:Trainer")


def test_same_file_twice_is_the_same_module_and_two_files_of_one_name_are_two(folder: Path):
    """However the path is written; a file runs once."""
    (folder / "my_trainer.py").write_text(A_FACTORY)
    first = load("mine/my_trainer.py:Trainer")
    assert load("./mine/../mine/my_trainer.py:Trainer") is first
    assert load("my_trainer.py:Trainer") is not first


def test_file_may_define_dataclasses(folder: Path):
    """They look their own module up while they are made."""
    (folder / "data.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Trainer:\n    task: object\n"
    )
    assert load("data.py:Trainer")(TASK) == load("data.py:Trainer")(TASK)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("treemaps", f"no trainer is called 'treemaps'; known are {KNOWN}; did you mean 'treemap'?"),
        (
            "quantum",
            f"no trainer is called 'quantum'; known are {KNOWN}; expected a name, "
            "package.module:attribute or path/to/file.py:attribute",
        ),
        ("my.py", "'my.py' names a file but no trainer in it; add the attribute, as in my.py:Trainer"),
    ],
)
def test_unknown_name_is_refused_with_the_known_ones(name: str, said: str):
    """The nearest is suggested where there is one, by `load` and by `label`."""
    assert error_of(name) == said
    with pytest.raises(RegistryError, match=re.escape(said)):
        label(name)


@pytest.mark.parametrize("reference", [":Trainer", "impls.naive:", ":"])
def test_half_a_reference_is_refused(reference: str):
    """Both sides of the colon are needed."""
    assert error_of(reference) == (
        f"{reference!r} has nothing on one side of its colon; expected a name, package.module:attribute or "
        "path/to/file.py:attribute"
    )


def test_missing_file_is_refused_with_the_place_looked_in(folder: Path):
    """The whole path, since the current directory may not be the one that was thought."""
    assert error_of("mine/yours.py:Trainer") == (
        f"there is no file 'mine/yours.py' (looked for {folder.resolve()}/mine/yours.py); "
        "give a path from the current directory"
    )


@pytest.mark.parametrize(
    ("module", "missing"), [("no_such_thing", "no_such_thing"), ("impls.nothing", "impls.nothing")]
)
def test_missing_module_is_refused(module: str, missing: str):
    """The part that is missing is named."""
    assert error_of(f"{module}:Trainer") == (
        f"there is no module {missing!r}; install the package that has it, or give a file as path/to/file.py:attribute"
    )


@pytest.mark.parametrize("attribute", ["Tariner", "Other.Outer"])
def test_missing_attribute_is_refused_with_the_callables_there_are(folder: Path, attribute: str):
    """Only those that the module itself defines and does not hide."""
    assert error_of(f"mine/my_trainer.py:{attribute}") == (
        f"'mine/my_trainer.py' has no attribute {attribute!r}; its own public callables are Trainer, Other"
    )


def test_attribute_that_cannot_be_called_is_refused(folder: Path):
    """What it is, what it should be, and what else there is."""
    assert error_of("mine/my_trainer.py:NUMBER") == (
        "'NUMBER' of 'mine/my_trainer.py' is 3, which cannot be called; expected a factory that takes a Task and "
        "gives a trainer; its own public callables are Trainer, Other"
    )


def test_module_without_callables_says_so(folder: Path):
    """An empty list would read like a slip."""
    (folder / "empty.py").write_text("from math import sqrt\n")
    assert error_of("empty.py:Trainer") == ("'empty.py' has no attribute 'Trainer'; it defines no public callable")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero; mend the module, then load it again"),
        ("def f(:", "SyntaxError: invalid syntax (broken.py, line 1); mend the module, then load it again"),
        ("raise SystemExit(3)", "SystemExit: 3; mend the module, then load it again"),
        (
            "import no_such_thing",
            "ModuleNotFoundError: No module named 'no_such_thing'; install it, or put its folder on PYTHONPATH",
        ),
    ],
)
def test_module_that_raises_is_refused_with_its_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
):
    """The error is named and chained, whether it is given as a file or as a module."""
    (folder / "broken.py").write_text(source + "\n")
    monkeypatch.syspath_prepend(str(folder))
    for place in ("broken.py", "broken"):
        with pytest.raises(RegistryError) as caught:
            load(f"{place}:Trainer")
        assert str(caught.value) == f"importing {place!r} raised {said}"
        assert type(caught.value.__cause__).__name__ == said.partition(":")[0]


def test_file_that_was_mended_can_be_loaded(folder: Path):
    """A module that raised is not kept."""
    (folder / "late.py").write_text("1 / 0")
    error_of("late.py:Trainer")
    (folder / "late.py").write_text(A_FACTORY)
    assert callable(load("late.py:Trainer"))


@pytest.mark.parametrize(
    ("reference", "short"),
    [
        ("naive", "naive"),
        ("treemap", "treemap"),
        ("flax_optax", "flax_optax"),
        ("path/to/my_trainer.py:Trainer", "my_trainer"),
        ("path/to/my_trainer.py:Other", "my_trainer.Other"),
        ("/somewhere/naive.py:Trainer", "naive.Trainer"),
        ("my-trainer (2).py:Trainer", "my_trainer__2_"),
        ("déjà.py:Trainer", "déjà"),
        ("de\u0301ja\u0300.py:Trainer", "déjà"),
        ("हिंदी.py:Trainer", "हिंदी"),
        ("模型-2.py:Trainer", "模型_2"),
        ("package.module:Attribute", "package.module.Attribute"),
        ("impls.naive:Trainer", "impls.naive.Trainer"),
    ],
)
def test_label_is_short(reference: str, short: str):
    """A file goes by its name; a file like a built-in is told from it."""
    assert label(reference) == short


@given(st.text(min_size=1), st.text(min_size=1))
def test_label_is_safe_in_a_test_id(place: str, attribute: str):
    """Of ASCII, what stands in paths, lists and shells, only letters, digits, `_` and `.`; and nothing unprintable."""
    for written in (label(f"{place}:{attribute}"), label(f"{place}.py:{attribute}")):
        assert re.fullmatch(r"[A-Za-z0-9_.]+", "".join(filter(str.isascii, written)) or "_")
        assert written.isprintable()


def test_the_registry_itself_is_what_the_entry_point_group_says():
    """The group's name is public: packages write it into their own metadata."""
    assert registry.ENTRY_POINT_GROUP == "triptych.trainers"


def test_an_absolute_reference_is_found_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The file under the same label, and the same module; what is no file stays as it is."""
    typed = "mine/my_trainer.py:Trainer"
    found, known = registry.absolute(typed), load(typed)
    monkeypatch.chdir("/")
    assert load(found) is known
    assert label(found) == label(typed)
    assert [registry.absolute(name) for name in ("naive", "os:getcwd", "")] == ["naive", "os:getcwd", ""]
