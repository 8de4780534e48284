"""Lines of the styles' sources, as a hand counts them."""

from pathlib import Path

import pytest

from triptych.benches.analysis import lesson_lines

FILES = {
    "mlp.py": '"""Doc."""\n\nimport jax\n\n\ndef predict(x):\n    return x\n',
    "conv.py": """
import jax


def take_in(p):
    return p


def predict(x):
    y = x  # a comment
    return y
""",
    "transformer.py": "import jax\n\n\ndef predict(x):\n    return x\n\n\ndef attend(x):\n    return x\n",
    "trainer.py": """
def update(optimizer, p, g):
    '''One step.'''
    if isinstance(optimizer, Sgd):
        return p - g

    t = 1
    return p - t * g


def clip(g):
    return g


def train_step(p):
    return p
""",
}


def test_lines_are_counted_without_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """9 of the trainer; 3, 4 and 5 lines, the translation aside; two new in each; 7 of optimizers, 4 beyond SGD."""
    (tmp_path / "mine").mkdir()
    for name, text in FILES.items():
        (tmp_path / "mine" / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(lesson_lines.styles, "__file__", str(tmp_path / "styles.py"))
    monkeypatch.setattr(lesson_lines.styles, "BUILT_IN", {"mine": None, "absent": None})
    (found,) = lesson_lines.written()
    assert found == ("mine", 9, {"mlp": 3, "conv": 4, "transformer": 5}, {"conv": 2, "transformer": 2}, 7, 4)


def test_every_style_is_counted() -> None:
    """Three of them, none without lines; a library's attention is shorter in its module than by hand."""
    found = {one.style: one for one in lesson_lines.written()}
    assert list(found) == ["naive", "treemap", "flax_optax"]
    assert all(0 < one.new["transformer"] < one.networks["transformer"] for one in found.values())
