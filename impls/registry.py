"""Names of trainers: the built-ins, those that other packages announce, and references to any module or file.

Nothing is imported until a trainer is loaded, so that the command line can list and check names at once.
"""

import difflib
import hashlib
import importlib
import importlib.util
import sys
import unicodedata
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from triptych.impls.protocol import Factory


class Look(NamedTuple):
    """What a trainer is drawn with in every figure: a colour, matplotlib's marker and line style."""

    color: str
    marker: str
    line: str


class Style(NamedTuple):
    """A style that comes with the suite; its folder and this row are all that there is of it.

    Attributes:
        reference: Where its trainer is.
        libraries: What it stands on beside jax: a record names their versions.
        look: Okabe and Ito's colours, of which some are taken darker (see `reports/figures/styles.py`).
        sentence: What it is, for people.
        page: Where its library's documentation recommends to write it so.
        extra: What pip installs its libraries by; empty if they are always there.
        of_jax: Whether jax runs its step.
    """

    reference: str
    libraries: tuple[str, ...]
    look: Look
    sentence: str
    page: str
    extra: str = ""
    of_jax: bool = True


BUILT_IN: dict[str, Style] = {
    "naive": Style(
        "triptych.impls.naive.trainer:Trainer", (), Look("#d55e00", "o", "-"),
        "A dict of arrays, one sample at a time, every operation by itself.",
        "https://docs.jax.dev/en/latest/automatic-differentiation.html",
    ),
    "treemap": Style(
        "triptych.impls.treemap.trainer:Trainer", (), Look("#0072b2", "s", "--"),
        "Pure JAX: a tree of parameters, `jax.tree.map`, and the whole step in one `jax.jit`.",
        "https://docs.jax.dev/en/latest/working-with-pytrees.html",
    ),
    "flax_optax": Style(
        "triptych.impls.flax_optax.trainer:Trainer", ("flax", "optax"), Look("#009e73", "^", ":"),
        "A Linen module and an Optax transformation, the whole step in one `jax.jit`.",
        "https://flax-linen.readthedocs.io/en/latest/guides/flax_fundamentals/flax_basics.html",
    ),
}  # fmt: skip

PEERS: dict[str, Style] = {
    "nnx_jit": Style(
        "triptych.impls.peers.nnx.trainer:Jit", ("flax", "optax"), Look("#b35c93", "D", "-"),
        "NNX modules, `nnx.jit` around the step, which walks through them in every call.",
        "https://flax.readthedocs.io/en/latest/nnx_basics.html", "peers",
    ),
    "nnx_cached": Style(
        "triptych.impls.peers.nnx.trainer:Cached", ("flax", "optax"), Look("#b35c93", "v", "--"),
        "NNX modules, `nnx.cached_partial` over that, which has walked through them once.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "nnx_split": Style(
        "triptych.impls.peers.nnx.trainer:Split", ("flax", "optax"), Look("#b35c93", "P", "-."),
        "NNX modules, split once and merged inside one `jax.jit`.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "nnx_tree": Style(
        "triptych.impls.peers.nnx.trainer:Tree", ("flax", "optax"), Look("#b35c93", "X", ":"),
        "NNX modules as plain trees, `nnx.jit_partial` without a graph.",
        "https://flax.readthedocs.io/en/latest/api_reference/nnx/transforms.html", "peers",
    ),
    "nnx_pure": Style(
        "triptych.impls.peers.nnx.trainer:Pure", ("flax", "optax"), Look("#b35c93", "*", "-."),
        "NNX modules merged from plain dicts inside one `jax.jit`.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "equinox_jit": Style(
        "triptych.impls.peers.equinox.trainer:FilterJit", ("equinox", "optax"), Look("#9a7400", "D", "-"),
        "Equinox modules, `eqx.filter_jit` around the step, which sorts and waits in every call.",
        "https://docs.kidger.site/equinox/all-of-equinox/", "peers",
    ),
    "equinox_partition": Style(
        "triptych.impls.peers.equinox.trainer:Partition", ("equinox", "optax"), Look("#9a7400", "v", "--"),
        "Equinox modules, partitioned once and combined inside one `jax.jit`.",
        "https://docs.kidger.site/equinox/all-of-equinox/", "peers",
    ),
    "equinox_leaves": Style(
        "triptych.impls.peers.equinox.trainer:Leaves", ("equinox", "optax"), Look("#9a7400", "P", "-."),
        "Equinox modules, of which a flat list of arrays goes round.",
        "https://docs.kidger.site/equinox/tricks/", "peers",
    ),
    "haiku": Style(
        "triptych.impls.peers.haiku.trainer:Trainer", ("dm-haiku", "optax"), Look("#7f7f7f", "D", "-"),
        "A function that Haiku transforms, and Optax, in one `jax.jit`.",
        "https://dm-haiku.readthedocs.io/en/latest/notebooks/basics.html", "peers",
    ),
    "optax_flat": Style(
        "triptych.impls.peers.optax_flat.trainer:Trainer", ("flax", "optax"), Look("#7f7f7f", "v", "--"),
        "Linen and Optax with all parameters in one vector.",
        "https://docs.jax.dev/en/latest/jax.flatten_util.html", "peers",
    ),
    "keras_stateless": Style(
        "triptych.impls.peers.keras.trainer:Stateless", ("keras", "optree"), Look("#7f7f7f", "P", "-."),
        "Keras on JAX: `stateless_call` and `stateless_apply` in one `jax.jit`.",
        "https://keras.io/guides/writing_a_custom_training_loop_in_jax/", "peers",
    ),
    "numpy_by_hand": Style(
        "triptych.impls.peers.numpy_by_hand.trainer:Trainer", ("numpy",), Look("#7f7f7f", "X", ":"),
        "NumPy alone, the gradient worked out by hand.",
        "https://numpy.org/numpy-tutorials/tutorial-deep-learning-on-mnist/", of_jax=False,
    ),
    "torch_eager": Style(
        "triptych.impls.peers.torch.trainer:Eager", ("torch",), Look("#3b8ac4", "D", "-"),
        "PyTorch as its tutorials write it, every operation by itself.",
        "https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html", "torch", of_jax=False,
    ),
    "torch_compile": Style(
        "triptych.impls.peers.torch.trainer:Compile", ("torch",), Look("#3b8ac4", "v", "--"),
        "PyTorch with `torch.compile` around loss and gradient.",
        "https://docs.pytorch.org/tutorials/intermediate/torch_compile_tutorial.html", "torch", of_jax=False,
    ),
    "torch_compile_step": Style(
        "triptych.impls.peers.torch.trainer:CompileStep", ("torch",), Look("#3b8ac4", "P", "-."),
        "PyTorch with loss, gradients and update as one function that `torch.compile` makes one program of.",
        "https://docs.pytorch.org/tutorials/unstable/inductor_cpp_wrapper_tutorial.html", "torch", of_jax=False,
    ),
}  # fmt: skip
"""The same lessons in other libraries, each way of calling one a style of its own; they need not be installed."""

STYLES = BUILT_IN | PEERS


def is_one_call(name: str) -> bool:
    """Whether a style that is here has one program of jax's for a step, so that it costs what its call costs."""
    return STYLES[name].of_jax and name != "naive" and not missing(name)


RUNGS = {name: f"triptych.impls.variants.ladder:{name}" for name in ("batched", "compiled_gradient", "undonated")}
"""Trainers that have a name but are not listed: steps of the ladder between naive and treemap,"""

FORMS = {f"treemap_{name}": f"triptych.impls.variants.forms:{name}" for name in ("scanned", "bfloat16")}
"""and production forms of treemap's transformer."""

OWN_TOLERANCES = {"treemap_bfloat16": 0.006}
"""The share of the loss by which a trainer may part that computes in fewer bits; all others have their workload's.

An arm at its device's own precision has the largest of these, for there every trainer computes in fewer bits.

Thrice how far it parted from treemap at most in whole trainings on `text` from three seeds (0.0019).
"""

ENTRY_POINT_GROUP = "triptych.trainers"

SHAPES_OF_A_REFERENCE = "a name, package.module:attribute or path/to/file.py:attribute"


class RegistryError(Exception):
    """A trainer that cannot be loaded; the message says why and what to do next."""


def names() -> tuple[str, ...]:
    """The built-in trainers in reading order, the peers, then the announced ones by name."""
    announced = {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}
    return (*STYLES, *sorted(announced - STYLES.keys()))


def missing(name: str) -> str:
    """Why a peer cannot be loaded here, and what to type; empty where its libraries are installed."""
    style = STYLES.get(name)
    absent = [library for library in style.libraries if not _is_installed(library)] if style else []
    if not style or not absent:
        return ""
    command = f"pip install 'triptych[{style.extra}]' (in a checkout: -e '.[{style.extra}]')"
    return f"not installed ({' and '.join(absent)}): {command}"


def installed() -> tuple[str, ...]:
    """The styles whose libraries are here."""
    return tuple(name for name in STYLES if not missing(name))


@cache
def _is_installed(library: str) -> bool:
    try:
        return bool(version(library))
    except PackageNotFoundError:
        return False


def load(name_or_reference: str) -> "Factory[Any]":
    """The factory behind a name or a reference.

    Args:
        name_or_reference: One of `names()`, `package.module:attribute`, or `path/to/file.py:attribute` with the
            path relative to the current directory.

    Raises:
        RegistryError: If there is no such name, file, module or attribute, if the module raises when it is
            imported, or if the attribute cannot be called.
    """
    reference = name_or_reference if ":" in name_or_reference else _reference_of(name_or_reference)
    value, module = value_of(reference)
    if not callable(value):
        place, _, attribute = reference.rpartition(":")
        raise RegistryError(
            f"{attribute!r} of {place!r} is {value!r}, which cannot be called; "
            f"expected a factory that takes a Task and gives a trainer; {_choice(module)}"
        )
    return cast("Factory[Any]", value)


def value_of(reference: str) -> tuple[Any, ModuleType]:
    """What a reference names, `package.module:attribute` or `path/to/file.py:attribute`, and the module that has it.

    Raises:
        RegistryError: If there is no such file, module or attribute, or the module raises when it is imported.
    """
    place, _, attribute = reference.rpartition(":")
    if not place or not attribute:
        raise RegistryError(f"{reference!r} has nothing on one side of its colon; expected {SHAPES_OF_A_REFERENCE}")
    module = _load_file(place) if place.endswith(".py") else _load_module(place)
    try:
        return attrgetter(attribute)(module), module
    except AttributeError as error:
        raise RegistryError(f"{place!r} has no attribute {attribute!r}; {_choice(module)}") from error


def source(name_or_reference: str) -> str:
    """The file that `load` takes a trainer from; empty if it has none.

    Raises:
        RegistryError: If there is no such name, file or module, or the module raises when it is imported.
    """
    reference = name_or_reference if ":" in name_or_reference else _reference_of(name_or_reference)
    place = reference.rpartition(":")[0]
    file = _existing(place) if place.endswith(".py") else _load_module(place).__file__
    return str(Path(file).resolve()) if file else ""


def check(reference: str) -> None:
    """Checks, without importing anything, that a name is known or that the file of a reference is there.

    Raises:
        RegistryError: If it is not.
    """
    if ":" not in reference:
        _reference_of(reference)
    elif (place := reference.rpartition(":")[0]).endswith(".py"):
        _existing(place)


def absolute(reference: str) -> str:
    """The same trainer or workload from whatever folder is the current one: a file by its whole path."""
    place, _, attribute = reference.rpartition(":")
    return f"{Path(place).resolve()}:{attribute}" if place.endswith(".py") else reference


def label(reference: str) -> str:
    """A short name for a trainer, made of letters and digits of any script, `_` and `.`, as part of a cell's name.

    A file goes by its own name, and by that and the attribute where the attribute is not the usual `Trainer` or
    where the file is called like a built-in trainer. Nothing is imported.

    Raises:
        RegistryError: If it is not written as a reference and no trainer has that name.
    """
    if ":" not in reference:
        _reference_of(reference)
    place, _, attribute = reference.rpartition(":")
    short = reference.replace(":", ".")
    if place.endswith(".py"):
        stem = Path(place).stem
        short = stem if attribute == "Trainer" and stem not in STYLES else f"{stem}.{attribute}"
    return "".join(one if _is_of_a_word(one) else "_" for one in unicodedata.normalize("NFC", short))


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter, a digit, `_` or `.`, or a mark that belongs to a letter."""
    return character.isalnum() or character in "_." or unicodedata.category(character).startswith("M")


def _reference_of(name: str) -> str:
    if why := missing(name):
        raise RegistryError(f"trainer {name!r} is {why}")
    if name in STYLES:
        return STYLES[name].reference
    if own := {**RUNGS, **FORMS}.get(name):
        return own
    points = {point.value: point for point in entry_points(group=ENTRY_POINT_GROUP, name=name)}
    if not points:
        raise RegistryError(_unknown(name))
    if len(points) > 1:
        raise RegistryError(
            f"trainer {name!r} is announced by more than one package, as {' and '.join(sorted(points))}; "
            "give one of these references instead of the name"
        )
    return _target(*points.values())


def _target(point: EntryPoint) -> str:
    """An entry point's reference without its extras; one without an attribute is left for `load` to refuse."""
    return f"{point.module}:{point.attr or ''}"


def _unknown(name: str) -> str:
    if name.endswith(".py"):
        return f"{name!r} names a file but no trainer in it; add the attribute, as in {name}:Trainer"
    close = difflib.get_close_matches(name, names(), n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected {SHAPES_OF_A_REFERENCE}"
    return f"no trainer is called {name!r}; known are {', '.join(names())}; {hint}"


def _load_module(name: str) -> ModuleType:
    name = _today(name)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise RegistryError(
                f"there is no module {error.name!r}; install the package that has it, "
                "or give a file as path/to/file.py:attribute"
            ) from error
        raise RegistryError(_raised(name, error)) from error
    except (Exception, SystemExit) as error:
        raise RegistryError(_raised(name, error)) from error


def _today(name: str) -> str:
    """The name of a module; of one of ours too, as it was before all of them were under `triptych`."""
    if name.partition(".")[0] not in ("impls", "benches"):
        return name
    found, ours = (_spec(one) for one in (name, f"triptych.{name}"))
    is_own = found is not None and Path(found.origin or "").is_relative_to(Path(__file__).resolve().parents[1])
    return f"triptych.{name}" if ours is not None and (found is None or is_own) else name


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ImportError:
        return None


def _load_file(place: str) -> ModuleType:
    """The module of a file, under a name that its path decides, so that the same file is loaded once."""
    path = _existing(place)
    name = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a path that ends in .py has a loader"
    assert spec.loader is not None, "a path that ends in .py has a loader"
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise RegistryError(_raised(place, error)) from error
    return module


def _existing(place: str) -> Path:
    path = Path(place).resolve()
    if not path.is_file():
        raise RegistryError(f"there is no file {place!r} (looked for {path}); give a path from the current directory")
    return path


def _raised(place: str, error: BaseException) -> str:
    lacks = isinstance(error, ModuleNotFoundError)
    what_next = "install it, or put its folder on PYTHONPATH" if lacks else "mend the module, then load it again"
    return f"importing {place!r} raised {type(error).__name__}: {error}; {what_next}"


def _choice(module: ModuleType) -> str:
    """The callables that the module itself defines, for a message."""
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    return f"its own public callables are {', '.join(own)}" if own else "it defines no public callable"
