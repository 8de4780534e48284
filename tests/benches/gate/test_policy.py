"""A policy is read as written, or refused with a sentence."""

from pathlib import Path

import pytest

from triptych.benches.gate.policy import Policy, PolicyError, find, matches, read

WHOLE = """
[project]
name = "stranger"

[tool.triptych]
another_command = true

[tool.triptych.gate]
alpha = 0.01
allowed_missing = ["tests/test_old.py::*"]
margins = { compile = 0.25 }

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


def test_a_missing_benchmark_may_be_allowed(tmp_path: Path) -> None:
    """By pattern; and a pattern that matches nothing is named."""
    policy = policy_of(tmp_path, WHOLE)
    assert policy.may_be_missing("tests/test_old.py::test_a")
    assert not policy.may_be_missing("tests/test_new.py::test_a")
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
