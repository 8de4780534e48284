"""Hands the findings of the gate to people and programs: standard output, files, the summary of a GitHub job."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from triptych.benches.gate.verdict import Judgement
from triptych.reports.gate import wording

MINIMAL_WIDTH = 80


WORDS = {"markdown": wording.markdown, "junit": wording.junit, "json": wording.as_json}
"""What is written to the file of an option, where it is given."""

Files = Mapping[str, Path | None]
"""The file of each option; null where none is wanted."""


def files_of(options: Mapping[str, Path | None]) -> Files:
    """The files that the command line asked for.

    Raises:
        ValueError: If one could not be written; that is found out now, not after minutes of measuring.
    """
    files = {kind: options[kind] for kind in WORDS}
    for kind, path in files.items():
        if path is not None and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise ValueError(f"--{kind} {path}: {path.parent} is no folder that can be written; make it first")
    return files


def deliver(judgement: Judgement, files: Files, environment: Mapping[str, str], stream: TextIO) -> None:
    """Prints the findings, quietly where nobody watches, and writes the files.

    Raises:
        OSError: If a file cannot be written; what was printed stands.
    """
    _show(judgement, stream)
    if environment.get("GITHUB_ACTIONS"):
        stream.writelines(f"{line}\n" for line in wording.annotations(judgement))
    for kind, path in files.items():
        if path is not None:
            path.write_text(WORDS[kind](judgement), encoding="utf-8")
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(wording.markdown(judgement))


def _show(judgement: Judgement, stream: TextIO) -> None:
    if not stream.isatty():
        stream.writelines(f"{line}\n" for line in wording.plain(judgement))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, width=max(MINIMAL_WIDTH, shutil.get_terminal_size().columns))
    console.print(wording.table(judgement))
    for note in wording.notes(judgement):
        console.print(Text(note))
