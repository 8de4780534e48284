"""How long a source is to read: its lines without blank ones, comments and docstrings."""

import ast
import io
import tokenize

SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines_of_code(source: str) -> int:
    """How many lines `code_of` finds."""
    return len(code_of(source))


def code_of(source: str) -> list[str]:
    """The lines on which a token of code lies.

    Raises:
        SyntaxError: If the source is not Python.
    """
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):  # strings that stand alone, docstrings among them
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    whole = source.splitlines()
    return [whole[number - 1] for number in sorted(lines)]
