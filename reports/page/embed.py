"""What the page carries along, to be saved without a server or JavaScript; and what another reference would say."""

import base64
import gzip
import hashlib
from typing import Any, NamedTuple

import msgspec

from triptych.benches.record.files import encoded
from triptych.reports.view import frame
from triptych.reports.view.report import Report, Row
from triptych.reports.words import columns

MOST_CARRIED_BYTES = 2_000_000  # result files larger together, uncompressed, lie beside the page instead of inside
COMPARED = [column for column in columns.ALL if column.key in ("ratio", "break_even", "final_loss")]


class Download(NamedTuple):
    """A compressed file as the page offers it; its address is all of it, if carried, or the file beside the page."""

    file: str
    name: str
    about: str
    content: bytes
    address: str
    carried: bool


def downloads(report: Report) -> list[Download]:
    """The result files of a report and the table of their values: inside the page as long as they leave it small."""
    runs = [source.original for source in report.sources]
    results = [encoded({"triptych": run}) for run in runs]
    carried = sum(map(len, results)) <= MOST_CARRIED_BYTES
    files = [
        (f"triptych-{source.label}.json", f"Result file{f' of run {source.label}' * (len(runs) > 1)} (JSON)", content,
         f"every block, compile and loss; schema {source.run.schema}, SHA-256 {hashlib.sha256(content).hexdigest()}")
        for source, content in zip(report.sources, results, strict=True)
    ]  # fmt: skip
    about = "the table above in full precision, and every block, compile, training and count: a row for each value"
    table = frame(runs).to_csv(index=False, lineterminator="\n").encode(errors="replace")
    files.append(("triptych-values.csv", "All values (CSV)", table, about))
    made: list[Download] = []
    for file, name, content, about in files:
        packed = gzip.compress(content, 9, mtime=0)  # the same for the same bytes
        inside = f"data:application/gzip;base64,{base64.b64encode(packed).decode()}"
        made.append(Download(file, name, about, packed, inside if carried else f"data/{file}.gz", carried))
    return made


def against(report: Report) -> str:
    """What the table says by reference ("" for the run's), row and column: JSON that cannot end its script element."""
    rows = {"": report.rows, **{name: report.against(name, report.rows) for name in report.trainers}}
    said = {name: {row.id: _entries(row) for row in those} for name, those in rows.items()}
    return msgspec.json.encode(said).decode().replace("<", "\\u003c")


def _entries(row: Row) -> dict[str, Any]:
    """What depends on the reference."""
    entries = {column.key: column.entry(row) for column in COMPARED}
    return {key: (entry.main, entry.notes, columns.sort_key(entry)) for key, entry in entries.items()}
