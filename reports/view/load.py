"""Reads result files: one, several to lay side by side, or a folder of them as a history."""

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

from triptych.benches.record.files import RecordError, decode, read, read_bytes
from triptych.benches.record.run import Run


def load(paths: Sequence[Path]) -> list[Run]:
    """Reads files and folders in the order given; the files of a folder by the time they were measured.

    Raises:
        RecordError: If one cannot be used, or a folder holds none.
    """
    runs: list[Run] = []
    for path in paths:
        inside = sorted(one for one in path.glob("*") if one.name.endswith((".json", ".json.gz")))
        if path.is_dir() and not inside:
            raise RecordError(f"{path} holds no .json file; expected a folder of result files")
        runs += sorted(map(_file, inside), key=lambda run: run.created) if inside else [_file(path)]
    return runs


def _file(path: Path) -> Run:
    """Reads a result file, or the compressed one that a page without JavaScript offers."""
    if path.suffix != ".gz":
        return read(path)
    try:
        return decode(gzip.decompress(read_bytes(path)), str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise RecordError(f"{path} cannot be read ({error}); give the path of a whole result file") from error
