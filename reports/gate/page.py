"""The gate's page: what it found and why, beside it the picture, and how good such a gate is."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from triptych.benches.exit_codes import WORDS
from triptych.benches.gate.metrics import METRICS
from triptych.benches.gate.sides import BASE, HEAD
from triptych.benches.gate.verdict import Judgement, percent, rounded
from triptych.benches.record.files import make_folder, replace_file
from triptych.benches.record.run import Run
from triptych.benches.selftest.rates import Summary, shipped
from triptych.reports import text
from triptych.reports.gate import forest, wording
from triptych.reports.page import document
from triptych.reports.words import rates
from triptych.reports.words.facts import facts

BUDGET, SHORT = 100_000, 160  # the characters of all sentences of a page together, and of each at least


def write_page(judgement: Judgement, run: Run | None, folder: Path) -> Path:
    """Writes the page, the same bytes for the same findings; a gate on files has no run.

    Raises:
        OSError: If the folder cannot be written.
    """
    make_folder(folder)
    replace_file(folder / "index.html", render(judgement, run, shipped()).encode())
    return folder / "index.html"


def render(judgement: Judgement, run: Run | None, series: Sequence[Summary]) -> str:
    """The HTML of the findings."""
    findings = wording.in_order(judgement)
    return document.environment().get_template("gate.html.jinja").render(
        judgement=judgement, headline=wording.headline(judgement), meaning=WORDS[judgement.exit_code].merge,
        findings=findings, limit=min(wording.LONG, max(SHORT, BUDGET // max(len(findings), 1))),
        forest=forest, on=forest.scale(findings), drawn=any(map(forest.drawable, findings)),
        symbols=wording.SYMBOLS, change=change, rounded=rounded, metrics=METRICS, notes=wording.notes(judgement),
        run=run, compared=compared(run) if run else [], facts=facts([(run, arm) for arm in run.arms]) if run else [],
        series=[rates.told(one) for one in series], kinds=rates.KINDS, text=text,
        style=document.sheet(Path(__file__).with_name("gate.css")),
    )  # fmt: skip


def change(ratio: float | None) -> str:
    """A ratio as a change in percent, as the sentences say it; as a factor where it is huge."""
    if ratio is None or not math.isfinite(ratio):
        return text.NONE
    return percent(ratio - 1) if ratio < 1000 else f"× {text.significant(ratio)}"


def compared(run: Run) -> list[tuple[str, str]]:
    """What a gate on code measured, and where."""
    plus = " (the + is uncommitted work, named in the notes)"
    commits = {one.name: one.commit + plus * one.commit.endswith("+") for one in run.arms if one.commit}
    machines = [arm.fingerprint for arm in run.arms if arm.fingerprint]
    lost = f"; {len(run.cut_short)} more lost a worker and do not count" if run.cut_short else ""
    return [
        *((f"{name.capitalize()} commit", commits.get(name, text.NONE)) for name in (BASE, HEAD)),
        ("Arms", ", ".join(f"{arm.name} on {arm.device}" for arm in run.arms)),
        ("Processors", _each(", ".join(map(str, one.affinity)) for one in machines)),
        ("XLA threads", _each(arm.env.get("NPROC", "no limit") for arm in run.arms)),
        ("Machine", _each(f"{rates.machine(one)}, {one.os}" for one in machines)),
        ("Restarts", f"{run.settings.restarts} of each arm and look{lost}"),
        ("Measured", f"{text.when(run.created)}, {text.seconds(run.duration_s)}"),
        ("Command", run.command),
    ]


def _each(values: Iterable[str]) -> str:
    return " or ".join(sorted({value for value in values if value})) or text.NONE
