"""One long series of restarts in which a base, the base again and slowed copies of it take their turns.

Gates of any length can be drawn from its restarts, so that a gate's error rates are known from real noise. The file
is JSON Lines, a header and then one line per restart, so that a series can be stopped and gone on with.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

from triptych.benches.gate.metrics import COMPILE, TIME, Subject, levels, logs
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.record.files import NOT_JSON, RecordError, read_bytes
from triptych.benches.record.run import Block, Cell, CellRecord, Compile, Count, Duration, Fingerprint, Settings
from triptych.impls.registry import label

SCHEMA = 1
Kind = Literal["device", "host", "compile"]


class Injection(msgspec.Struct, frozen=True):
    """A slowed copy of the cell that it `replaces`: more compiled work, waiting in Python, or more to compile.

    `size` is the slowdown that its `amount` was calibrated to, a fraction.
    """

    kind: Kind
    size: float
    trainer: str
    replaces: Cell
    amount: Count

    @property
    def cell(self) -> Cell:
        """The copy's own cell, in the head."""
        return msgspec.structs.replace(self.replaces, trainer=label(self.trainer))

    @property
    def subject(self) -> Subject:
        """What it slows."""
        return Subject((COMPILE if self.kind == "compile" else TIME).name, self.replaces.id)


class Header(msgspec.Struct, frozen=True):
    """What all restarts of a series have in common; `load` is what else ran on the machine, in words."""

    schema: int
    created: str
    command: str
    commit: str | None
    load: str
    fingerprint: Fingerprint
    settings: Settings
    injections: list[Injection]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """A cell in one restart of an arm: one cold compile, and the blocks round by round; a void one is null."""

    compile_s: Duration
    step_s: list[Duration | None]


class Restart(msgspec.Struct, frozen=True):
    """Every cell of every arm, by arm and cell id."""

    number: Count
    load_average: Annotated[float, msgspec.Meta(ge=0)]
    arms: dict[str, dict[str, Sample]]


Ratios = dict[Subject, float]  # log(other arm / base) of one restart, by metric and cell


class Series(NamedTuple):
    """A series as far as it has come."""

    header: Header
    restarts: list[Restart]


def read(path: Path) -> Series:
    """Reads a series; a last line that was cut short is left out.

    Raises:
        triptych.benches.record.files.RecordError: If it is missing, not a series, or a restart lacks a cell.
    """
    first, *rest = read_bytes(path).split(b"\n")
    try:
        header = msgspec.json.decode(first, type=Header)
        restarts = [msgspec.json.decode(line, type=Restart) for line in rest[:-1]]
    except NOT_JSON as error:
        raise RecordError(f"{path} is not a series of the gate's self-test: {error}; record a new one") from error
    if header.schema != SCHEMA:
        raise RecordError(f"{path} has schema {header.schema}, expected {SCHEMA}; record a new series")
    for restart in restarts:
        if lacking := _lacking(header, restart):
            raise RecordError(f"{path}, restart {restart.number}, lacks {lacking}; record a new series")
    return Series(header, restarts)


def _lacking(header: Header, restart: Restart) -> str:
    arms = restart.arms
    if missing := {BASE, HEAD, *CANARIES} - arms.keys():
        return f"the arm {', '.join(sorted(missing))}"
    injected = {injection.cell.id for injection in header.injections}
    missing = (injected - arms[HEAD].keys()) | ((arms[BASE].keys() ^ arms[HEAD].keys()) - injected)
    return f"the cell {', '.join(sorted(missing))}" if missing else ""


def append(path: Path, line: Header | Restart) -> None:
    """Adds a line; a line that was cut short before is dropped first.

    Raises:
        OSError: If the file cannot be written.
    """
    with path.open("a+b") as file:
        file.seek(0)
        whole, end, _ = file.read().rpartition(b"\n")
        file.truncate(len(whole + end))
        file.write(msgspec.json.encode(line) + b"\n")


def head_logs(series: Series, injection: Injection | None = None) -> list[Ratios]:
    """log(head / base) of every cell, restart by restart; a slowed copy in its cell's place in the head."""
    copies = {one.cell.id for one in series.header.injections}
    found: list[dict[Subject, float]] = []
    for restart in series.restarts:
        base, head = restart.arms[BASE], restart.arms[HEAD]
        slowed = {injection.replaces.id: head[injection.cell.id]} if injection else {}
        found.append(_logs(head | slowed, {cell: one for cell, one in base.items() if cell not in copies}))
    return found


def canary_logs(series: Series) -> list[Ratios]:
    """log(one canary / the other) of every cell that they have, restart by restart."""
    return [_logs(*(restart.arms[arm] for arm in CANARIES)) for restart in series.restarts]


def base_levels(series: Series) -> list[dict[Subject, float]]:
    """What the base takes, by metric and cell, restart by restart."""
    bases = ([levels(cell, record_of(one)).items() for cell, one in two.arms[BASE].items()] for two in series.restarts)
    return [dict(chain.from_iterable(items)) for items in bases]


def _logs(other: Mapping[str, Sample], base: Mapping[str, Sample]) -> Ratios:
    pairs = ((cell, record_of(other[cell]), record_of(base[cell])) for cell in base if cell in other)
    return {subject: value for pair in pairs for subject, [value] in logs(*pair).items()}


def record_of(sample: Sample) -> CellRecord:
    """The record that a sample was taken from, as far as it is known, so that metrics are drawn as of any record."""
    blocks = [Block(0, number, 0, 1, step_s, 0.0) for number, step_s in enumerate(sample.step_s) if step_s]
    compiled = Compile(0, 0.0, 0.0, sample.compile_s, sample.compile_s, 1)
    return CellRecord(Cell("", "", ""), "", compiles=[compiled], blocks=blocks)


def stacked(restarts: Sequence[Mapping[Subject, float]]) -> dict[Subject, list[float]]:
    """Restarts, as lists by subject."""
    subjects = sorted({subject for restart in restarts for subject in restart})
    return {subject: [restart[subject] for restart in restarts if subject in restart] for subject in subjects}
