"""Everything measured as one tidy pandas table, a row per value: for notebooks, and the page's CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate
from triptych.reports.view.load import load
from triptych.reports.view.sources import letter

if TYPE_CHECKING:
    import pandas as pd

MACHINE = ("cpu_model", "python", "jax", "jaxlib")
WHOLE = ("restart", "round", "position", "steps", "seed")
COLUMNS = [
    *("workload", "trainer", "device", "mode", "metric", *WHOLE, "value", "unit", "void"),
    *("run", "created", "commit", "arm", *MACHINE, "reference"),
]


class Value(NamedTuple):
    """One value of a cell.

    Attributes:
        metric: What it is; the name ends in its unit where it has one.
        void: Why there is no value, or why it does not count.
        steps: How many updates it covers.
    """

    metric: str
    value: float | None
    void: str = ""
    restart: int | None = None
    round: int | None = None
    position: int | None = None
    steps: int | None = None
    seed: int | None = None


def frame(results: Run | Path | str | Sequence[Run | Path | str]) -> "pd.DataFrame":
    """A row per value: each block, phase of a compile, training, start and count, and what they come to.

    Of what is estimated there are three rows, for instance `step_s_estimate`, `step_s_low` and `step_s_high`.

    Args:
        results: Runs, result files or folders of them; one or several.

    Returns:
        The table, with `COLUMNS`; what does not apply is missing. A row whose `void` is not empty does not count.

    Raises:
        triptych.benches.record.files.RecordError: If a file cannot be used.
    """
    import pandas as pd

    given = [results] if isinstance(results, Run | Path | str) else results
    runs = [run for one in given for run in ([one] if isinstance(one, Run) else load([Path(one)]))]
    rows = [row for index, run in enumerate(runs) for row in _rows(run, letter(index))]
    return pd.DataFrame(rows, columns=COLUMNS).astype({**dict.fromkeys(WHOLE, "Int64"), "value": "float64"})


def _rows(run: Run, label: str) -> Iterator[tuple[Any, ...]]:
    arms = {arm.name: arm.fingerprint for arm in run.arms}
    references = {_place(one): one for one in run.cells if one.cell.trainer == run.reference}
    for record in run.cells:
        machine = [getattr(arms[record.arm], name, None) for name in MACHINE]
        facts = (label, run.created, run.commit, record.arm, *machine, run.reference)
        cell = (record.cell.workload, record.cell.trainer, record.cell.device, record.cell.mode)
        for metric, value, void, *whole in [*_samples(record), *_results(run, record, references.get(_place(record)))]:
            unit = "s" if metric.endswith("_s") or "_s_" in metric else "B" if "_bytes" in metric else "1"
            yield (*cell, metric, *whole, value, unit, void, *facts)


def _samples(record: CellRecord) -> Iterator[Value]:
    """What was measured, one by one."""
    for block in record.blocks:
        at = (block.void or "", block.restart, block.round, block.position, block.steps)
        yield Value("step_s", block.step_s, *at)
        yield Value("dispatch_s", block.dispatch_s, *at)
    for one in record.compiles:
        phases = {"compile_s": one.compile_s, **_fields(one)}
        yield from (Value(name, value, restart=one.restart) for name, value in phases.items())
    for training in record.trainings:
        for name in ("train_s", "final_loss", "held_out_loss", "accuracy"):
            yield Value(name, getattr(training, name), restart=training.restart, steps=training.steps_done)
    for one in record.seed_trainings:
        void = "" if one.ending == "reached" else one.ending
        yield Value("to_target_s", one.seconds, void, one.restart, steps=one.steps, seed=one.seed)
    for start in record.starts:
        phases = {name: value for name, value in _fields(start).items() if name != "cache"}
        yield from (Value(f"{start.cache}_start_{name}", value, restart=start.number) for name, value in phases.items())
    yield from (Value(name, value) for name, value in _fields(record.counts).items() if value is not None)


def _fields(value: msgspec.Struct | None) -> dict[str, Any]:
    """What a struct holds, but its place in the run."""
    fields = msgspec.structs.asdict(value) if value else {}
    return {name: one for name, one in fields.items() if name not in ("restart", "number")}


def _place(record: CellRecord) -> tuple[str, ...]:
    return record.arm, record.cell.workload, record.cell.device, record.cell.mode


def _results(run: Run, record: CellRecord, reference: CellRecord | None) -> Iterator[Value]:
    """What the samples come to, which the page says in three digits."""
    ratio = pairing.ratio(run, record, reference)
    yield from _estimate("step_s", pairing.step_s(record))
    yield from _estimate("compile_s", pairing.compile_s(record))
    yield from _estimate("time_ratio", ratio.time, ratio.reason)
    if reference is not None and ratio.time is not None:
        even = pairing.break_even(record, reference)
        yield from _estimate("break_even_steps", even.steps, "" if even.steps else even.kind)
    yield Value("peak_bytes", record.peak_bytes)
    outcome = record.outcome
    void = "" if outcome.kind == "ok" else f"{outcome.kind}: {outcome.reason}"
    yield Value("finished", float(outcome.kind == "ok"), void, steps=outcome.steps_done)


def _estimate(name: str, estimate: Estimate | None, void: str = "") -> Iterator[Value]:
    value, low, high, _ = estimate or (None, None, None, 0)
    yield from (Value(f"{name}_{end}", at, void) for end, at in (("estimate", value), ("low", low), ("high", high)))
