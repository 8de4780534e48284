"""Which folder may import which, and what must start at once starts without jax."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LESSONS = ("naive", "treemap", "flax_optax")
PEERS = ("equinox", "haiku", "keras", "nnx", "numpy_by_hand", "torch")

RECORD = {"benches/record", "benches/stats", "benches/exit_codes"}
MEASURES = RECORD | {"impls", "benches/workloads", "benches/worker/messages", "benches/arms", "benches/analysis"}
SHOWS = RECORD | {"impls", "benches/workloads", "benches/analysis", "reports/text"}

MAY_IMPORT: dict[str, set[str]] = {
    "impls": set(),
    **{f"impls/{name}": {"impls"} for name in LESSONS},
    "impls/peers": {"impls"},
    **{f"impls/peers/{name}": {"impls", "impls/peers"} for name in PEERS},
    "impls/peers/optax_flat": {"impls", "impls/peers", "impls/flax_optax"},
    "impls/laws": {"impls"},
    "impls/variants": {"impls", "impls/treemap"},
    "benches/exit_codes": set(),
    "benches/record": set(),
    "benches/stats": set(),
    "benches/workloads": RECORD | {"impls", "impls/laws"},
    "benches/worker/messages": RECORD,
    "benches/worker": RECORD | {"impls", "impls/laws", "benches/workloads", "benches/worker/messages"},
    "benches/arms": RECORD | {"benches/worker/messages"},
    "benches/analysis": RECORD | {"benches/workloads", "impls"},
    "benches/schedule": MEASURES,
    "benches/run": MEASURES | {"benches/schedule"},
    "benches/gate": MEASURES | {"benches/schedule"},
    "benches/selftest": MEASURES | {"benches/schedule", "benches/gate"},
    "benches": {"benches/run"},
    "reports/text": RECORD | {"benches/analysis"},
    "reports/view": SHOWS,
    "reports/words": SHOWS | {"reports/view", "benches/schedule", "benches/gate", "benches/selftest"},
    "reports/figures": SHOWS | {"reports/view", "reports/words"},
    "reports/page": SHOWS | {"reports/view", "reports/words", "reports/figures", "benches/run", "benches/selftest"},
    "reports/gate": MEASURES
    | {"benches/gate", "benches/schedule", "benches/selftest", "reports/text", "reports/words", "reports/page"},
    "reports/cost": SHOWS | {"impls/laws", "benches/arms", "benches/run", "reports/view", "reports/words"},
    "reports/commands": MEASURES
    | {"impls/laws", "benches/run", "benches/schedule", "reports/view", "reports/page", "reports/gate", "reports/cost"},
    "triptych": {"benches/exit_codes", "reports/commands"},
}
"""The way of the data: a folder, and the others that its files may import; files beside folders are layers too."""

FILES = sorted(path for top in ("impls", "benches", "reports") for path in (ROOT / top).rglob("*.py"))
FILES.append(ROOT / "triptych.py")

NEEDS_JAX = (
    *(f"impls/{folder}/" for folder in (*LESSONS, "peers", "variants")),
    *(f"impls/laws/{name}.py" for name in ("conformance", "specimens", "pytree")),
    "impls/template.py",
    "impls/protocol.py",
    "benches/worker/",
)
"""Where jax may be imported; all else must start without it, and so must what these leave out."""

WITHOUT_ALL_THE_SAME = tuple(
    f"benches/worker/{name}.py" for name in ("__init__", "__main__", "messages", "forkserver", "prctl")
)

OF_IMPLS = {
    "jax",
    "flax",
    "optax",
    "numpy",
    "jaxtyping",
    "triptych",
    "equinox",
    "haiku",
    "keras",
    "torch",
} | sys.stdlib_module_names


def name_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("triptych", *(part for part in parts if part not in ("triptych", "__init__"))))


MODULES = {name_of(path): path for path in FILES}


def layer_of(module: str) -> str:
    """The folder of a module of ours, or the file itself where that is a layer of its own."""
    path = module.removeprefix("triptych").removeprefix(".").replace(".", "/")
    places = [path, *(str(parent) for parent in Path(path).parents)]
    return next((place for place in places if place in MAY_IMPORT), "triptych")


def imported(source: str) -> set[str]:
    """The modules that a source imports anywhere, late imports and names under TYPE_CHECKING included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module or "" for name in names}
    return found


def forbidden(layer: str, source: str) -> set[str]:
    """What a source of a layer imports from layers that it may not."""
    ours = {name for name in imported(source) if name.split(".")[0] == "triptych"}
    return {name for name in ours if layer_of(name) not in MAY_IMPORT[layer] | {layer}}


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after a statement."""
    code = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path):
    """Every file there is, whatever it is called."""
    layer = layer_of(name_of(path))
    assert forbidden(layer, path.read_text(encoding="utf-8")) == set()


def test_the_table_runs_one_way():
    """A layer comes after all that it imports, so nothing can run back; and each of them is there."""
    order = list(MAY_IMPORT)
    for layer, others in MAY_IMPORT.items():
        assert [other for other in others if order.index(other) >= order.index(layer)] == []
        assert (ROOT / layer).is_dir() or (ROOT / f"{layer}.py").is_file()
    assert {layer_of(module) for module in MODULES} == set(order)


@pytest.mark.parametrize(
    "source",
    [
        "import triptych.reports.text",
        "from triptych.benches.record.run import Run",
        "def f():\n    from triptych import main",
        "from triptych.benches import stats",
        "from triptych.benches.worker import answers",
    ],
)
def test_a_forbidden_import_is_seen(source: str):
    """At the top, in a function, of a package, of a module or of a name in it."""
    assert forbidden("impls", source) != set()


def test_of_the_worker_only_its_messages_are_seen_outside():
    """And so no parent can come to import jax by accident."""
    assert forbidden("benches/schedule", "from triptych.benches.worker import messages") == set()
    assert forbidden("benches/schedule", "from triptych.benches.worker import cell") == {"triptych.benches.worker.cell"}


@pytest.mark.parametrize("path", [path for path in FILES if "impls" in path.parts], ids=lambda path: path.stem)
def test_trainers_need_no_more_than_their_libraries(path: Path):
    """Only jax, flax, optax, numpy, jaxtyping and the standard library under impls."""
    assert {name.partition(".")[0] for name in imported(path.read_text(encoding="utf-8"))} - OF_IMPLS == set()


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_stands_alone(name: str):
    """It imports the protocol, the task, the networks and its own folder, and no other style."""
    for path in (ROOT / "impls" / name).glob("*.py"):
        ours = {one for one in imported(path.read_text(encoding="utf-8")) if one.startswith("triptych.")}
        assert {one.split(".")[2] for one in ours} <= {"protocol", "task", "networks", name}


def test_only_trainers_and_the_worker_import_jax():
    """Every other module there is, imported one after the other in one fresh interpreter."""
    plain = [
        module
        for module, path in MODULES.items()
        if not str(path.relative_to(ROOT)).startswith(NEEDS_JAX)
        or str(path.relative_to(ROOT)).endswith(WITHOUT_ALL_THE_SAME)
    ]
    code = f"""
import importlib, sys
sys.path.insert(0, {str(ROOT)!r})
for name in {plain}:
    importlib.import_module(name)
    if heavy := {{"jax", "jaxlib", "flax", "optax"}} & sys.modules.keys():
        sys.exit(f"{{name}} imports {{heavy}}")
"""
    assert len(plain) > 80
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_start_is_timed_from_nothing_imported():
    """What a phase is to time must not be there before it: neither jax nor numpy nor the trainer's libraries."""
    there = modules_after("import triptych.benches.worker.__main__, triptych.benches.worker.first_step")
    assert not {"jax", "jaxlib", "numpy", "flax", "optax", "jaxtyping", "click"} & there


def test_registry_starts_without_numpy():
    """Listing names costs next to nothing."""
    assert "numpy" not in modules_after("import triptych.impls.registry")


def test_loading_a_trainer_is_what_imports_jax():
    """The check bites: jax is seen once a trainer is loaded, and not before."""
    statement = "from triptych.impls import registry\nregistry.names()\nregistry.label('naive')"
    assert "jax" not in modules_after(statement)
    assert "jax" in modules_after(f"{statement}\nregistry.load('treemap')")
