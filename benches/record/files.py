"""Result files: a run written whole or not at all, and read with every doubt. Their folders, and passing ones.

A result file is JSON with one key of ours, `triptych`, that holds a `Run`. A finished pytest-benchmark file
carries the same key beside its own, so both are read by `read`.
"""

import atexit
import codecs
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec

from triptych.benches.record.run import SCHEMA, Run

NOT_JSON = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)  # from msgspec, for other bytes than expected
HELD: dict[Path, BinaryIO] = {}  # the folders that this process writes results to, each with its locked file

IN_USE = ".in-use"
"""The file of a folder for passing files whose lock its process has; no folder that somebody else made has it."""

T = TypeVar("T")


class RecordError(Exception):
    """A result file that cannot be used; the message says what was got, what was expected, what to do."""


class _Header(msgspec.Struct):
    schema: int


class _File(msgspec.Struct, Generic[T]):
    triptych: T


def to_builtins(run: Run) -> dict[str, Any]:
    """The run as plain dicts and lists, for a file that somebody else writes."""
    return msgspec.json.decode(encoded(run))


def encoded(value: Any) -> bytes:
    """A struct as JSON; what was typed in another encoding than UTF-8 is kept as question marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False).encode(errors="replace")


def write(run: Run, path: Path) -> None:
    """Replaces the file at once, so that a reader or a crash never sees half of it.

    Raises:
        OSError: If the folder cannot be written.
    """
    write_json(_File(run), path)


def write_json(value: msgspec.Struct, path: Path) -> None:
    """Likewise, of any struct.

    Raises:
        OSError: If the folder cannot be written.
    """
    replace_file(path, msgspec.json.format(encoded(value), indent=1))


def make_folder(folder: Path) -> None:
    """Makes sure, before minutes are spent, that a folder for results can be written, and keeps other processes out.

    It is this process's until it ends, however it ends. A new folder is hidden from git: untracked results would be
    uncommitted work, which the next gate would see as a change.

    Raises:
        BlockingIOError: If another process has it; the message says what to do.
        OSError: If it cannot be made, or nothing can be written into it.
    """
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    tempfile.TemporaryFile(dir=folder).close()
    if (place := folder.resolve()) not in HELD:
        try:
            HELD[place] = _lock(place / ".lock")
        except BlockingIOError:
            words = f"another run writes to {folder}; wait for its end, or give another folder with --output"
            raise BlockingIOError(words) from None


def _lock(path: Path) -> BinaryIO:
    """Opens a file and takes its lock, until it is closed or the process has ended.

    Raises:
        BlockingIOError: If another process has it.
        OSError: If the file cannot be opened, or files there have no locks.
    """
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


@contextmanager
def scratch(name: str) -> Generator[Path]:
    """A folder for passing files, gone at the end; those that killed processes have left go at the beginning.

    Raises:
        OSError: If it cannot be made.
    """
    for left in Path(tempfile.gettempdir()).glob(f"triptych-*/{IN_USE}"):
        with suppress(OSError), _lock(left):  # no process has it
            shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"triptych-{name}-"))
    remove = partial(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(remove)  # if a signal comes while it is removed
    with _lock(folder / "new"):
        (folder / "new").rename(folder / IN_USE)  # it appears with its lock, or another process could remove it
        try:
            yield folder
        finally:
            remove()
            atexit.unregister(remove)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all, and leaves nothing beside it.

    Raises:
        OSError: If the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def read(path: Path) -> Run:
    """Reads and validates a result file.

    Raises:
        RecordError: If it is missing, cut short, not ours, of another schema, or breaks a constraint.
    """
    return decode(read_bytes(path), str(path))


def read_bytes(path: Path, remedy: str = "give the path of a result file") -> bytes:
    """The content of a regular file, without a byte-order mark.

    Raises:
        RecordError: If there is none, or it cannot be read.
    """
    if path.exists() and not path.is_file():
        raise RecordError(f"{path} is not a regular file; {remedy}")
    try:
        return path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}); {remedy}") from error


def decode(text: bytes, name: str) -> Run:
    """Like `read`, from bytes; `name` is what error messages call them."""
    expected = "expected a whole file that `triptych run` or `pytest --benchmark-json` wrote"
    schema = decode_as(_File[_Header], text, name, "triptych run", expected).triptych.schema
    if schema != SCHEMA:
        age, remedy = ("older", "measure again") if schema < SCHEMA else ("newer", "upgrade triptych")
        raise RecordError(f"{name} has schema {schema}, {age} than the {SCHEMA} read here; {remedy}")
    try:
        run = msgspec.json.decode(text, type=_File[Run]).triptych
    except NOT_JSON as error:
        raise RecordError(f"{name} is not a valid record: {error}; was it edited by hand?") from error
    _check_references(run, name)
    return run


def decode_as(kind: type[T], text: bytes, name: str, what: str, remedy: str) -> T:
    """What a file holds, if it holds that; error messages call it `name`, what is expected `what`, and add `remedy`.

    Raises:
        RecordError: If it is not JSON, cut short or something else.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        raise RecordError(f"{name} is JSON but holds no {what} ({error}); {remedy}") from error
    except NOT_JSON as error:
        raise RecordError(f"{name} is not JSON, or was cut short ({error}); {remedy}") from error


def _check_references(run: Run, name: str) -> None:
    arms = {arm.name for arm in run.arms}
    workloads = {workload.name for workload in run.workloads}
    seen: set[tuple[str, str]] = set()
    for record in run.cells:
        if record.arm not in arms or record.cell.workload not in workloads:
            words = f"a cell of arm {record.arm!r} and workload {record.cell.workload!r}"
            raise RecordError(f"{name} has {words}, but does not define both")
        if (key := (record.arm, record.cell.id)) in seen:
            raise RecordError(f"{name} holds cell {key[1]} of arm {key[0]} twice; expected one record each")
        seen.add(key)
        rounds = [(block.restart, block.round) for block in record.counted_blocks]
        if len(rounds) != len(set(rounds)):
            raise RecordError(f"{name} counts two blocks of cell {key[1]} in one round; expected one at most")
