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
from typing import TYPE_CHECKING, Any, cast

from triptych.impls.styles import FORMS, RUNGS, STYLES

if TYPE_CHECKING:
    from triptych.impls.protocol import Factory

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


def is_one_call(name: str) -> bool:
    """Whether a style that is here has one program of jax's for a step, so that it costs what its call costs."""
    return STYLES[name].of_jax and name != "naive" and not missing(name)


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
