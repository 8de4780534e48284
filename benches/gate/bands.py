"""Noise bands: how far apart two measurements of the same code come out on one machine, learned from a series.

A margin narrower than the band of its cell would alarm at noise, so the gate takes the wider of the two. Bands hold
for the machine and the libraries on which they were learned, and for nothing else.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from triptych.benches.gate.metrics import METRIC, Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.record.files import decode_as, read_bytes
from triptych.benches.record.machine import differences, facts
from triptych.benches.record.run import Fingerprint

FILE = "bands.json"


class Band(msgspec.Struct, frozen=True):
    """The band of one metric of one cell, a fraction."""

    metric: str
    cell: str
    width: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Bands(msgspec.Struct, frozen=True):
    """All bands of one machine; `learned` says when."""

    learned: str
    machine: dict[str, str | None]
    bands: list[Band]


def widened(policy: Policy, known: Bands | None, here: Fingerprint | None) -> tuple[Policy, dict[str, float]]:
    """The policy with no margin narrower than its band, and the bands that widened one, by cell and metric.

    Bands that were learned on another machine widen nothing.
    """
    if known is None or here is None or differences(known.machine, facts(here)):
        return policy, {}
    bands = {Subject(band.metric, band.cell): band.width for band in known.bands}
    wider = {subject: width for subject, width in bands.items() if width > policy.margin(*subject)}
    own = {name: margins for name, margins in policy.benchmarks.items() if all(name != one.cell for one in wider)}
    for cell in dict.fromkeys(subject.cell for subject in wider):
        own[cell] = {name: wider.get(Subject(name, cell), policy.margin(name, cell)) for name in METRIC}
    said = {f"{subject.cell}, {subject.metric}": width for subject, width in wider.items()}
    return msgspec.structs.replace(policy, benchmarks=own), said


def read(path: Path) -> Bands | None:
    """The bands in a file, if there is one.

    Raises:
        RecordError: If it holds something else.
    """
    if not path.exists():
        return None
    return decode_as(Bands, read_bytes(path), str(path), "noise bands", "delete it, or run `triptych gate test`")
