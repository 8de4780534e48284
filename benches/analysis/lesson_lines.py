"""What a change costs to write: lines of each style's files, and how many of them differ from network to network.

The claim that it is measured for: that another network or optimizer leaves Flax + Optax as it is, and that pure JAX
has to be rewritten in good part for it.
"""

import ast
import difflib
from pathlib import Path
from typing import NamedTuple

from triptych.benches.record.lines import code_of, lines_of_code
from triptych.impls import styles

NETWORKS = ("mlp", "conv", "transformer")
TRANSLATION = ("take_in", "give_back")  # between a style's own names and the canonical ones: only this suite needs it
OF_OPTIMIZER = ("update", "rate_at", "clip", "optimizer_of")  # the functions of a trainer that know of optimizers


class Written(NamedTuple):
    """Lines of code of one style, without comments and docstrings."""

    style: str
    trainer: int  # of its trainer's file
    networks: dict[str, int]  # of each network's file, but for the translation
    new: dict[str, int]  # of these, those that the perceptron's file has not
    optimizer: int  # of the functions that know of optimizers
    beyond_sgd: int  # of these, those that come after what plain gradient descent needs


def written() -> list[Written]:
    """Every built-in style that has a file for each network."""
    folders = {name: Path(styles.__file__).with_name(name) for name in styles.BUILT_IN}
    return [_written(name, folder) for name, folder in folders.items() if (folder / "transformer.py").is_file()]


def _written(style: str, folder: Path) -> Written:
    codes = {name: _network((folder / f"{name}.py").read_text(encoding="utf-8")) for name in NETWORKS}
    added = {name: difflib.ndiff(codes["mlp"], code) for name, code in codes.items() if name != "mlp"}
    new = {name: sum(line.startswith("+ ") for line in lines) for name, lines in added.items()}
    source = (folder / "trainer.py").read_text(encoding="utf-8")
    optimizer = beyond_sgd = 0
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and function.name in OF_OPTIMIZER:
            lines = _lines(source, function.lineno, function.end_lineno)
            optimizer, beyond_sgd = optimizer + lines, beyond_sgd + lines - _of_sgd(source, function)
    return Written(
        style, lines_of_code(source), {name: len(code) for name, code in codes.items()}, new, optimizer, beyond_sgd
    )


def _network(source: str) -> list[str]:
    """The code of a network's file without its translation."""
    lines = source.splitlines()
    for one in reversed(ast.parse(source).body):
        if isinstance(one, ast.FunctionDef) and one.name in TRANSLATION:
            del lines[one.lineno - 1 : one.end_lineno]
    return code_of("\n".join(lines) + "\n")


def _of_sgd(source: str, function: ast.FunctionDef) -> int:
    """Lines of a function up to the end of what it does for plain gradient descent; none if it knows nothing of it."""
    ends = [one.end_lineno for one in function.body if isinstance(one, ast.If) and "Sgd" in ast.unparse(one.test)]
    return _lines(source, function.lineno, ends[0]) if ends else 0


def _lines(source: str, first: int, last: int | None) -> int:
    return lines_of_code("\n".join(source.splitlines()[first - 1 : last]))
