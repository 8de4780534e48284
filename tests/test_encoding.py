"""Every file is read and written as UTF-8, whatever the locale says."""

import ast
from pathlib import Path

import pytest
from test_layers import FILES

TEXT = ("read_text", "write_text", "open")
"""Calls that take the locale's encoding where none is given."""


def unspecified(source: str) -> list[int]:
    """The lines of a source that leave the encoding to the locale; what is opened as bytes has none."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = [(node, node.func.attr) for node in calls if isinstance(node.func, ast.Attribute)]
    named += [(node, node.func.id) for node in calls if isinstance(node.func, ast.Name)]
    return [
        node.lineno
        for node, name in named
        if name in TEXT and not any(keyword.arg == "encoding" for keyword in node.keywords)
        if not any(isinstance(one, ast.Constant) and "b" in str(one.value) for one in node.args if name == "open")
        if "webbrowser" not in ast.unparse(node.func)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_utf_8(path: Path) -> None:
    """Reading, writing and opening as text name their encoding."""
    assert unspecified(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source", ["path.read_text()", 'path.write_text("é")', "open(name)", 'path.open("a")', 'Path("x").read_text()']
)
def test_a_file_in_the_locales_encoding_is_seen(source: str) -> None:
    """In every spelling that there is."""
    assert unspecified(source) == [1]
