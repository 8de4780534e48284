"""A policy is read as written, or refused with a sentence."""

import math
from pathlib import Path

import pytest

from triptych.benches.gate.metrics import Subject
from triptych.benches.gate.policy import Policy, PolicyError, find, matches, missing, read
from triptych.benches.stats.ranks import paired_shift

WHOLE = """
[project]
name = "stranger"

[tool.triptych]
another_command = true

[tool.triptych.gate]
alpha = 0.01
allowed_missing = ["tests/test_old.py::*"]
margins = { compile = 0.25 }
floors = { time = 1e-6 }

[tool.triptych.gate.benchmarks]
"digits-*" = { time = 0.05 }
"digits-naive-*" = { time = 0.08, compile = 0.5 }
"""


def policy_of(folder: Path, words: str) -> Policy:
    """The policy of a pyproject.toml with these words."""
    path = folder / "pyproject.toml"
    path.write_text(words)
    return read(path)


def test_margins_are_inherited(tmp_path: Path) -> None:
    """From the last pattern that names the metric, else from the project, else from the defaults 2 % and 10 %."""
    policy = policy_of(tmp_path, WHOLE)
    assert policy.alpha == 0.01
    assert (policy.margin("time", "xor-naive-cpu-step"), policy.margin("compile", "xor-naive-cpu-step")) == (0.02, 0.25)
    assert policy.margin("time", "digits-treemap-cpu-step") == 0.05
    assert policy.margin("compile", "digits-treemap-cpu-step") == 0.25
    assert policy.margin("time", "digits-naive-cpu-step") == 0.08
    assert Policy().margin("compile", "anything") == 0.10


@pytest.mark.parametrize(
    ("metric", "level", "margin", "remark"),
    [
        ("time", 1e-3, 0.02, ""),
        ("time", 5e-5, 0.02, ""),
        ("time", 4e-5, 0.025, "0.001 ms are 2.5 % of the base's 0.04 ms, and less is of no account"),
        ("compile", 0.08, 0.25, ""),
        ("compile", 0.01, 2.0, "20 ms are 200 % of the base's 10 ms, and less is of no account"),
        ("compile", math.inf, 0.25, ""),
    ],
)
def test_the_wider_of_margin_and_floor_holds(
    tmp_path: Path, metric: str, level: float, margin: float, remark: str
) -> None:
    """A floor of a microsecond a step by the file, the usual 20 ms of a compile; the wider one says so."""
    subject, shift = Subject(metric, "xor-naive-cpu-step"), paired_shift([0.0, 0.1])
    made = policy_of(tmp_path, WHOLE).comparison(subject, shift, level)
    assert (made.metric, made.cell, made.shift) == (*subject, shift)
    assert (made.margin, made.remark) == (pytest.approx(margin), remark)


def test_a_floor_may_be_taken_away(tmp_path: Path) -> None:
    """With 0; then the margin alone holds."""
    policy = policy_of(tmp_path, "[tool.triptych.gate.floors]\ncompile = 0")
    assert policy.comparison(Subject("compile", "a"), paired_shift([0.0]), 1e-3).margin == 0.10


def test_a_missing_benchmark_may_be_allowed(tmp_path: Path) -> None:
    """By pattern; and a pattern that matches nothing is named."""
    policy = policy_of(tmp_path, WHOLE)
    before = ["tests/test_old.py::test_a", "tests/test_new.py::test_a"]
    findings, notes = missing(before, [], policy, lambda _: "gone")
    assert ([one.cell for one in findings], notes) == (before[1:], [f"{before[0]} is missing, as the policy allows."])
    assert policy.unused({"digits-naive-cpu-step"}) == [
        "The policy's pattern 'tests/test_old.py::*' matches no benchmark."
    ]


def test_a_name_with_brackets_matches_itself() -> None:
    """Brackets are pytest's parameters before they are a shell's classes."""
    assert matches("test_a.py::test_x[1-2]", "test_a.py::test_x[1-2]")
    assert matches("test_a.py::test_x[1-2]", "test_a.py::test_x*")
    assert not matches("test_a.py::test_x[1-2]", "test_a.py::test_y*")


def test_without_a_policy_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, or a file that says nothing of us; the current folder's is found."""
    monkeypatch.chdir(tmp_path)
    assert find(None) == Policy()
    assert policy_of(tmp_path, "[project]\nname = 'x'\n") == Policy()
    policy_of(tmp_path, WHOLE)
    assert find(None).alpha == 0.01
    assert find(tmp_path / "pyproject.toml").alpha == 0.01


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("[tool.triptych.gate]\nalpah = 0.05", "unknown field `alpah`"),
        ("[tool.triptych.gate.margins]\nspeed = 0.05", "unknown field `speed` - at `$.margins`"),
        ("[tool.triptych.gate]\nalpha = 0", "Expected `float` > 0.0 - at `$.alpha`"),
        ("[tool.triptych.gate]\nalpha = 0.9", "Expected `float` <= 0.5 - at `$.alpha`"),
        ("[tool.triptych.gate]\nalpha = nan", "Expected `float` > 0.0 - at `$.alpha`"),
        ("[tool.triptych.gate]\nalpha = true", "Expected `float`, got `bool` - at `$.alpha`"),
        ("[tool.triptych.gate.margins]\ntime = 5", "Expected `float` <= 1.0 - at `$.margins.time`"),
        ("[tool.triptych.gate.margins]\ntime = -0.1", "Expected `float` > 0.0 - at `$.margins.time`"),
        ('[tool.triptych.gate.benchmarks]\n"a*" = { time = inf }', "Expected `float` <= 1.0"),
        ("[tool.triptych.gate.floors]\nspeed = 0.05", "unknown field `speed` - at `$.floors`"),
        ("[tool.triptych.gate.floors]\ncompile = -1", "Expected `float` >= 0.0 - at `$.floors.compile`"),
        ("[tool.triptych.gate.floors]\ncompile = inf", "Expected `float` < 1000000000.0 - at `$.floors.compile`"),
        ("[tool.triptych.gate.floors]\ncompile = nan", "at `$.floors.compile`"),
        ("[tool.triptych.gate.floors]\ncompile = '20 ms'", "a floor the metric's own unit, 0.02 for 20 ms"),
        ('[tool.triptych.gate]\nallowed_missing = "a"', "Expected `array`, got `str`"),
        ("tool = 3", "Expected `object`, got `int`"),
        ("[tool.triptych]\ngate = []", "Expected `object`, got `array`"),
        ("alpha = [", "is not TOML"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, words: str, sentence: str) -> None:
    """With the file, what is wrong, and where; a policy in percent is told so."""
    with pytest.raises(PolicyError) as refused:
        policy_of(tmp_path, words)
    assert str(tmp_path / "pyproject.toml") in str(refused.value)
    assert sentence in str(refused.value)


def test_an_unreadable_policy_is_refused(tmp_path: Path) -> None:
    """A folder, a file that is not there, bytes that are no text."""
    with pytest.raises(PolicyError, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "latin").write_bytes(b"name = '\xff'")
    with pytest.raises(PolicyError, match="is not TOML"):
        read(tmp_path / "latin")
