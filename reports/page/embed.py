"""What the page carries along: the raw runs, the table as CSV, and what the reference chooser needs.

The runs travel as compressed result files behind ordinary download links, so that they can be saved without a
server and without JavaScript; with JavaScript the same bytes feed the reference chooser.
"""

import base64
import gzip
import hashlib
from typing import Any, NamedTuple

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.record.run import Run
from triptych.benches.stats.ranks import CONFIDENCE, smallest_n
from triptych.reports import text
from triptych.reports.view.report import MARGIN, Report, Row, Source
from triptych.reports.words import columns

MOST_CARRIED_BYTES = 3_000_000
"""Result files larger than this together, uncompressed, lie beside the page instead of inside."""


class Download(NamedTuple):
    """A run's result file as the page offers it.

    Attributes:
        address: All of it, compressed, if the page carries it; else the file beside the page.
        sha256: Of the file, uncompressed.
    """

    source: Source
    address: str
    sha256: str
    content: bytes
    carried: bool

    @property
    def file(self) -> str:
        """What the file is called when saved."""
        return f"triptych-{self.source.label}.json"


def downloads(report: Report) -> list[Download]:
    """The result files of a report: inside the page as long as they leave it small."""
    contents = [result_file(source.run) for source in report.sources]
    carried = sum(map(len, contents)) <= MOST_CARRIED_BYTES
    made: list[Download] = []
    for source, content in zip(report.sources, contents, strict=True):
        address = link(content) if carried else f"data/triptych-{source.label}.json"
        made.append(Download(source, address, hashlib.sha256(content).hexdigest(), content, carried))
    return made


def link(data: bytes) -> str:
    """Bytes as an address of their own, compressed, the same for the same bytes."""
    return "data:application/gzip;base64," + base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def result_file(run: Run) -> bytes:
    """The run as a result file that `triptych report` reads."""
    return msgspec.json.encode({"triptych": run})


def csv(report: Report) -> str:
    """One line per cell, every figure in full precision."""
    import pandas as pd

    return pd.DataFrame([flat(report, row) for row in report.rows]).to_csv(index=False, lineterminator="\n")


def flat(report: Report, row: Row) -> dict[str, Any]:
    """A row as plain values with their units in the names; what was not measured is empty."""
    time, steps, place = row.ratio.time, row.break_even.steps, row.place
    return {
        "run": place.source,
        "created": report.source(place.source).run.created,
        "workload": place.workload,
        "trainer": row.trainer,
        "arm": place.arm,
        "device": place.device,
        "mode": place.mode,
        "outcome": row.record.outcome.kind,
        "reason": row.record.outcome.reason,
        "restarts": row.restarts,
        "blocks": len(row.record.counted_blocks),
        **_estimate("step_s", row.step_s),
        "reference": row.reference,
        **_estimate("time_ratio", time),
        "standing": row.standing,
        "no_ratio_because": row.ratio.reason,
        **_estimate("compile_s", row.compile_s),
        "break_even": row.break_even.kind,
        **_estimate("break_even_steps", steps),
        "final_loss": row.final_loss.value if row.final_loss else None,
        "held_out_loss": row.held_out_loss.value if row.held_out_loss else None,
        "accuracy": row.accuracy.value if row.accuracy else None,
        "parity": None if row.parity is None else row.parity.holds,
        "peak_bytes": row.record.peak_bytes,
    }


def _estimate(name: str, estimate: Any) -> dict[str, float | None]:
    value, low, high = estimate[:3] if estimate else (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def chooser(report: Report) -> dict[str, Any]:
    """For each row where its cell lies in the embedded runs, and what each possible reference would say of it."""
    labels = {source.label: index for index, source in enumerate(report.sources)}
    places = {place: index for index, place in enumerate(report.places)}
    cells = {id(record): index for source in report.sources for index, record in enumerate(source.run.cells)}
    return {
        "needed": smallest_n(),
        "confidence": CONFIDENCE,
        "margin": MARGIN,
        "rows": {
            row.id: {
                "run": labels[row.place.source],
                "cell": cells[id(row.record)],
                "place": places[row.place],
                "loss": [note for note in (*columns.spread(row.final_loss).notes, columns.early(row)) if note],
                "trainer": text.name(row.trainer),
                "against": _against(report, row),
            }
            for row in report.rows
        },
    }


def _against(report: Report, row: Row) -> dict[str, list[str]]:
    """By reference: its certificate as the table words it, and why there is no ratio (empty if there is one)."""
    run = report.source(row.place.source).run
    said: dict[str, list[str]] = {}
    for other in report.by_place[row.place]:
        if other.id != row.id:
            ratio = pairing.ratio(run, row.record, other.record)
            said[text.name(other.trainer)] = [text.parity(ratio.parity), ratio.reason]
    return said
