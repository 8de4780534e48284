"""Imports go one way, and what must start at once starts without jax."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = ("impls", "benches", "reports", "triptych")
"""In the order in which data flows: each may import those before it."""

FILES = sorted(path for layer in LAYERS for path in (*ROOT.glob(f"{layer}.py"), *(ROOT / layer).glob("**/*.py")))

OF_IMPLS = {"jax", "flax", "optax", "numpy", "jaxtyping", "impls"} | sys.stdlib_module_names

TRAINERS = ("naive", "treemap", "flax_optax")

WITHOUT_JAX = [
    name
    for name in (
        "impls.registry",
        "impls.reference",
        "impls.task",
        "benches.record",
        "benches.stats",
        "benches.pairing",
        "benches.schedule",
        "benches.session",
        "benches.anatomy",
        "benches.ladder",
        "benches.learning",
        "benches.totals",
        "benches.starts",
        "benches.limit",
        "benches.targets",
        "benches.compare_files",
        "benches.compare_counts",
        "benches.counting",
        "benches.golden",
        "benches.plugin",
        "benches.workloads",
        "benches.sizes",
        "benches.sweeps",
        "benches.crossover",
        *(f"reports.{path.stem}" for path in sorted((ROOT / "reports").glob("*.py"))),
        "triptych",
    )
    if (ROOT / f"{name.replace('.', '/')}.py").exists()
]


def imported(source: str) -> set[str]:
    """The modules that a source imports anywhere, late imports and names under TYPE_CHECKING included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def backward(layer: str, source: str) -> set[str]:
    """What a source of a layer imports from layers after it."""
    later = LAYERS[LAYERS.index(layer) + 1 :]
    return {name for name in imported(source) if name.partition(".")[0] in later}


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after a statement."""
    code = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path):
    """From impls to benches to reports to triptych, never back."""
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert backward(layer, path.read_text()) == set()


def test_every_layer_is_looked_at():
    """An empty list of files would pass in silence."""
    assert {"impls", "benches", "reports"} <= {path.relative_to(ROOT).parts[0] for path in FILES}


@pytest.mark.parametrize(
    "source",
    [
        "import reports",
        "from benches.record import Run",
        "def f():\n    from triptych import main",
        "import benches.stats",
    ],
)
def test_an_import_that_goes_back_is_seen(source: str):
    """At the top, in a function, of a package or of a name in it."""
    assert backward("impls", source) != set()
    assert backward("triptych", source) == set()


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "impls"], ids=lambda path: path.stem)
def test_trainers_need_no_more_than_their_libraries(path: Path):
    """Only jax, flax, optax, numpy, jaxtyping and the standard library under impls."""
    assert {name.partition(".")[0] for name in imported(path.read_text())} - OF_IMPLS == set()


@pytest.mark.parametrize("name", TRAINERS)
def test_trainer_file_stands_alone(name: str):
    """A lesson imports the protocol and the task, and no other trainer or file of ours."""
    ours = {module for module in imported((ROOT / "impls" / f"{name}.py").read_text()) if module.startswith("impls.")}
    assert {module.split(".")[1] for module in ours} == {"protocol", "task"}


@pytest.mark.parametrize("module", WITHOUT_JAX)
def test_module_starts_without_jax(module: str):
    """Imported by itself in a fresh interpreter."""
    assert not {"jax", "jaxlib", "flax", "optax"} & modules_after(f"import {module}")


def test_a_start_is_timed_from_nothing_imported():
    """What a phase is to time must not be there before it: neither jax nor numpy nor the trainer's libraries."""
    there = modules_after("import benches.worker, benches.start_up")
    assert not {"jax", "jaxlib", "numpy", "flax", "optax", "jaxtyping", "impls"} & there


def test_registry_starts_without_numpy():
    """Listing names costs next to nothing."""
    assert "numpy" not in modules_after("import impls.registry")


def test_loading_a_trainer_is_what_imports_jax():
    """The check bites: jax is seen once a trainer is loaded, and not before."""
    statement = "from impls import registry\nregistry.names()\nregistry.label('naive')"
    assert "jax" not in modules_after(statement)
    assert "jax" in modules_after(f"{statement}\nregistry.load('treemap')")


def test_the_map_of_the_instrument_names_every_module() -> None:
    """And none that there is not."""
    folder = ROOT / "benches"
    named = set(re.findall(r"`(\w+)`", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""))
    there = {path.stem for path in folder.glob("*.py")} - {"__init__", "bench_step", "bench_train", "bench_compile"}
    assert named == there
