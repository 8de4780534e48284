"""How large the house is: lines, functions, folders, and the imports between folders.

python tests/house.py [CHECKOUT]
"""

import ast
import statistics
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 and __name__ == "__main__" else Path(__file__).parents[1]).resolve()
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from triptych.benches.record.lines import lines_of_code  # noqa: E402  after the path to it

FOLDERS = ("impls", "benches", "reports")
KINDS = (".py", ".js", ".css", ".jinja", ".c")


def lines(path: Path) -> int:
    """All lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


def function_lengths(path: Path) -> list[int]:
    """Lines of every function of a file, its signature and docstring included."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [(node.end_lineno or 0) - node.lineno + 1 for node in nodes if isinstance(node, ast.FunctionDef)]


def folder_of(path: Path) -> str:
    """The folder that a file stands in; beside folders a file stands for itself, as in the table of test_layers."""
    name = path.relative_to(ROOT)
    beside_folders = any(other.is_dir() and other.name.isalpha() for other in path.parent.iterdir())
    return str(name.with_suffix("") if beside_folders and path.parent.name in ("benches", "reports") else name.parent)


def imports(paths: list[Path]) -> Counter[tuple[str, str]]:
    """How many imports there are from one folder to another, files of ours alone."""
    names = {
        str(path.relative_to(ROOT).with_suffix("")).removesuffix("/__init__").replace("/", "."): path for path in paths
    }
    found: Counter[tuple[str, str]] = Counter()
    for path in paths:
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = node.module.removeprefix("triptych.")
                targets |= {full if (full := f"{module}.{alias.name}") in names else module for alias in node.names}
        for target in targets & names.keys():
            found[folder_of(path), folder_of(names[target])] += 1
    return found


def main() -> None:
    """Prints them."""
    files = [path for top in FOLDERS for path in (ROOT / top).rglob("*") if path.suffix in KINDS]
    files.append(ROOT / "triptych.py")
    product = [path for path in files if path.relative_to(ROOT).parts[0] != "impls"]
    python = [path for path in product if path.suffix == ".py"]
    code = sum(lines_of_code(path.read_text(encoding="utf-8")) for path in python)
    lengths = [length for path in python for length in function_lengths(path)]
    crowded, most = Counter(folder_of(path) for path in product).most_common(1)[0]
    found = imports([path for path in files if path.suffix == ".py"])
    between = {pair: count for pair, count in found.items() if pair[0] != pair[1]}
    back = [f"{one} and {other}" for one, other in between if (other, one) in between and one < other]
    for line in (
        f"lines outside impls: {sum(map(lines, product)):,}, of Python code without docstrings and comments {code:,}",
        f"functions: {len(lengths):,}, median {statistics.median(lengths):g} lines, "
        f"90th percentile {statistics.quantiles(lengths, n=10)[-1]:g}",
        f"folders: {len({folder_of(path) for path in files})}, the largest {crowded} with {most} files",
        f"imports between folders: {sum(between.values())}, in both directions: {', '.join(back) or 'none'}",
    ):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
