"""Everything measured as one tidy pandas table, a row per value: for notebooks, and the page's CSV."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from triptych.benches.analysis import pairing
from triptych.benches.record.run import CellRecord, Run
from triptych.benches.stats.ranks import Estimate
from triptych.reports.view.load import load
from triptych.reports.view.sources import letter

if TYPE_CHECKING:
    import pandas as pd

MACHINE = ("cpu_model", "python", "jax", "jaxlib")
CELL = ("workload", "trainer", "device", "mode")
WHOLE = ("restart", "round", "position", "steps", "seed")
COLUMNS = [
    *CELL, "metric", *WHOLE, "value", "unit", "void", "cause", "run", "created", "commit", "arm", *MACHINE, "reference",
]  # fmt: skip

Row = dict[str, Any]  # by column; the metric's name ends in its unit where it has one


def frame(results: Run | Path | str | Sequence[Run | Path | str]) -> "pd.DataFrame":
    """A row per value: each block, long step, phase of a compile, training, start and count, and what they come to.

    Of what is estimated there are three rows, for instance `step_s_estimate`, `step_s_low` and `step_s_high`. What
    does not apply is missing; a row whose `void` is not empty does not count. Results may be runs, files or folders.

    Raises:
        triptych.benches.record.files.RecordError: If a file cannot be used.
    """
    import pandas as pd

    given = [results] if isinstance(results, Run | Path | str) else results
    runs = [run for one in given for run in ([one] if isinstance(one, Run) else load([Path(one)]))]
    rows = [row for index, run in enumerate(runs) for row in _rows(run, letter(index))]
    return pd.DataFrame(rows, columns=COLUMNS).astype({**dict.fromkeys(WHOLE, "Int64"), "value": "float64"})


def _rows(run: Run, label: str) -> Iterator[Row]:
    arms = {arm.name: arm.fingerprint for arm in run.arms}
    references = {_place(one): one for one in run.cells if one.cell.trainer == run.reference}
    for record in run.cells:
        facts = {name: getattr(arms[record.arm], name, None) for name in MACHINE}
        facts |= {"run": label, "created": run.created, "commit": run.commit, "reference": run.reference}
        cell = {name: getattr(record.cell, name) for name in CELL} | {"arm": record.arm, "void": ""}
        for row in [*_samples(record), *_results(run, record, references.get(_place(record)))]:
            metric = row["metric"]
            unit = "s" if metric.endswith("_s") or "_s_" in metric else "B" if "_bytes" in metric else "1"
            yield {**cell, **facts, **row, "unit": unit}


def _samples(record: CellRecord) -> Iterator[Row]:
    """What was measured, one by one."""
    for block in record.blocks:
        at = {name: getattr(block, name) for name in ("restart", "round", "position", "steps")}
        yield from _values(block, ("step_s", "dispatch_s"), void=block.void or "", **at)
    for tail in record.tails:
        at = {"restart": tail.restart, "steps": tail.steps}
        yield from _values(tail, ("median_s", "p99_s"), "tail_", **at)
        for one in tail.longest:
            yield {"metric": "tail_longest_s", "value": one.seconds, "cause": one.cause, **at, "position": one.step}
    for one in record.compiles:
        void = "made again in the same process" if one.again else ""
        yield from _values(one, ("compile_s", *_fields(one)), restart=one.restart, void=void)
    for one in record.trainings:
        at = {"restart": one.restart, "steps": one.steps_done}
        yield from _values(one, ("train_s", "final_loss", "held_out_loss", "accuracy"), **at)
    for one in record.seed_trainings:
        at = {"restart": one.restart, "steps": one.steps, "seed": one.seed}
        void = "" if one.ending == "reached" else one.ending
        yield {"metric": "to_target_s", "value": one.seconds, "void": void, **at}
    for one in record.starts:
        yield from _values(one, _fields(one), f"{one.cache}_start_", restart=one.number)
    if record.counts:
        yield from (row for row in _values(record.counts, _fields(record.counts)) if row["value"] is not None)


def _values(of: object, metrics: Iterable[str], prefix: str = "", /, **at: Any) -> Iterator[Row]:
    """A row for each of these metrics, which are attributes, at one place in the run."""
    yield from ({"metric": prefix + name, "value": getattr(of, name), **at} for name in metrics)


def _fields(value: msgspec.Struct) -> list[str]:
    """The metrics of a struct: its fields but those that tell its place in the run."""
    return [name for name in value.__struct_fields__ if name not in ("restart", "number", "again", "cache")]


def _place(record: CellRecord) -> tuple[str, ...]:
    return record.arm, record.cell.workload, record.cell.device, record.cell.mode


def _results(run: Run, record: CellRecord, reference: CellRecord | None) -> Iterator[Row]:
    """What the samples come to, which the page says in three digits."""
    ratio = pairing.ratio(run, record, reference)
    yield from _estimate("step_s", pairing.step_s(record))
    yield from _estimate("compile_s", pairing.compile_s(record))
    yield from _estimate("time_ratio", ratio.time, ratio.reason)
    if reference is not None and ratio.time is not None:
        even = pairing.break_even(record, reference)
        yield from _estimate("break_even_steps", even.steps, "" if even.steps else even.kind)
    yield {"metric": "peak_bytes", "value": record.peak_bytes}
    outcome, ok = record.outcome, record.outcome.kind == "ok"
    void = "" if ok else f"{outcome.kind}: {outcome.reason}"
    yield {"metric": "finished", "value": float(ok), "void": void, "steps": outcome.steps_done}


def _estimate(name: str, estimate: Estimate | None, void: str = "") -> Iterator[Row]:
    ends = zip(("estimate", "low", "high"), estimate or (None, None, None), strict=False)
    yield from ({"metric": f"{name}_{end}", "value": value, "void": void} for end, value in ends)
