"""The golden counts: what every built-in cell counted when somebody last looked, kept beside the code.

The file holds a section per environment (jax, jaxlib, platform and architecture), since another compiler counts
otherwise, and a line per cell. A cell without a line is never passed in silence.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from triptych.benches.arms.arm import ROOT
from triptych.benches.gate.verdict import Finding, Judgement
from triptych.benches.record.counts import Amount, Counts, changes, gated
from triptych.benches.record.files import RecordError, decode_as, read_bytes, replace_file
from triptych.benches.record.run import Cell

GOLDEN = ROOT / "benches" / "baselines" / "counts.json"
SCHEMA = 1
UPDATE = "`triptych gate counts --update`"

Tallied = Mapping[Cell, Counts | str]  # what was counted of each cell, or why it could not be
GoldenCounts = dict[str, Amount]  # the gated counts of one cell that are known, by name: a line of the file


class GoldenFile(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file: counts by environment and cell."""

    schema: int
    counts: dict[str, dict[str, GoldenCounts]]


def read(path: Path) -> GoldenFile:
    """The file, with every doubt.

    Raises:
        RecordError: If it is missing, not JSON, cut short, of another make or of another schema.
    """
    remedy = f"restore it, or write it with {UPDATE}"
    golden = decode_as(GoldenFile, read_bytes(path, remedy), str(path), "golden counts", remedy)
    if golden.schema != SCHEMA:
        raise RecordError(f"{path} has schema {golden.schema}, read here is {SCHEMA}; write it again with {UPDATE}")
    return golden


def write(golden: GoldenFile, path: Path) -> None:
    """Sorted, a line per cell, so that a change is a line of a diff; the same counts give the same bytes.

    Raises:
        OSError: If the folder cannot be written.
    """
    sections = sorted(golden.counts.items())
    body = ",\n".join(f"  {json.dumps(name)}: {{\n{_lines(cells)}\n  }}" for name, cells in sections)
    replace_file(path, f'{{\n "schema": {SCHEMA},\n "counts": {{\n{body}\n }}\n}}\n'.encode())


def _lines(cells: Mapping[str, GoldenCounts]) -> str:
    lines = (f"   {json.dumps(cell)}: {json.dumps(line, sort_keys=True)}" for cell, line in sorted(cells.items()))
    return ",\n".join(lines)


def line_of(counts: Counts, device: str) -> GoldenCounts:
    """What the file keeps of a cell."""
    return {name: value for name in gated(device) if (value := getattr(counts, name)) is not None}


def judge(golden: GoldenFile, environment: str, counted: Tallied) -> Judgement:
    """Every cell against its golden line, and every golden line against the cells: equal is ok, all else is said."""
    lines = golden.counts.get(environment, {})
    findings = [_finding(cell, lines.get(cell.id), counts) for cell, counts in counted.items()]
    ids = {cell.id for cell in counted}
    gone = f"in the golden file only; if the cell is gone for good, say so with {UPDATE}"
    findings += [Finding("counts", lost, "missing", gone) for lost in lines if lost not in ids]
    return Judgement(tuple(findings), notes=(f"Counted in {environment}.",))


def _finding(cell: Cell, line: GoldenCounts | None, counts: Counts | str) -> Finding:
    if isinstance(counts, str):
        return Finding("counts", cell.id, "regressed", f"could not be counted: {counts}")
    if line is None:
        return Finding("counts", cell.id, "missing", f"no golden yet; record it with {UPDATE}")
    if changed := changes(line, line_of(counts, cell.device)):
        return Finding("counts", cell.id, "regressed", f"changed: {'; '.join(changed)}; if it is meant, {UPDATE}")
    return Finding("counts", cell.id, "ok", f"{len(line)} counts as recorded")


def updated(golden: GoldenFile, environment: str, counted: Tallied) -> tuple[GoldenFile, list[str]]:
    """The file with this environment's section counted anew and all others kept, and what changed, in words.

    Raises:
        RecordError: If a cell could not be counted; half a section would hide what is broken.
    """
    if failed := [f"{cell.id}: {counts}" for cell, counts in counted.items() if isinstance(counts, str)]:
        raise RecordError(f"nothing was recorded, for some cells could not be counted: {'; '.join(failed)}; mend them")
    new = {cell.id: line_of(counts, cell.device) for cell, counts in counted.items() if isinstance(counts, Counts)}
    old = golden.counts.get(environment, {})
    said = [f"{name}: {'; '.join(moved)}" for name in new if name in old and (moved := changes(old[name], new[name]))]
    said += [f"{name}: new" for name in new if name not in old]
    said += [f"{name}: removed" for name in old if name not in new]
    return GoldenFile(SCHEMA, golden.counts | {environment: new}), said
