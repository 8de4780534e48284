"""The gate's page: what it found and why, beside it the picture, and how good such a gate is."""

import math
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from triptych.benches.gate.metrics import METRICS
from triptych.benches.gate.verdict import Judgement, percent
from triptych.benches.record.files import make_folder, replace_file
from triptych.benches.record.run import ArmRecord, Fingerprint, Run
from triptych.benches.selftest.rates import Summary, shipped
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.gate import forest, wording
from triptych.reports.page import document
from triptych.reports.words import rates
from triptych.reports.words.facts import facts

BUDGET = 100_000
"""The characters of all sentences of a page together; each has room for at least `SHORT`."""

SHORT = 160


def write_page(judgement: Judgement, run: Run | None, folder: Path) -> Path:
    """Writes the page, the same bytes for the same findings.

    Args:
        judgement: What was found.
        run: What was measured for it; None for a gate on files.
        folder: Made if it is not there.

    Raises:
        OSError: If the folder cannot be written.
    """
    make_folder(folder)
    replace_file(folder / "index.html", render(judgement, run, shipped()).encode())
    return folder / "index.html"


def render(judgement: Judgement, run: Run | None, series: Sequence[Summary]) -> str:
    """The HTML of the findings."""
    findings = wording.in_order(judgement)
    on = forest.scale(findings)
    limit = min(wording.LONG, max(SHORT, BUDGET // max(len(findings), 1)))
    style = document.sheet(Path(__file__).with_name("gate.css"))
    template = document.environment().get_template("gate.html.jinja")
    return template.render(
        judgement=judgement,
        headline=wording.headline(judgement),
        meaning=wording.MEANING[judgement.exit_code].of_merge,
        findings=findings,
        strips=[forest.strip(finding, on) for finding in findings],
        limit=limit,
        symbols=wording.SYMBOLS,
        change=change,
        interval=_interval,
        axis=forest.axis(on),
        shapes=[(verdict, forest.shape(verdict)) for verdict in forest.SHAPES],
        metrics=METRICS,
        notes=wording.notes(judgement),
        run=run,
        compared=compared(run) if run else [],
        facts=facts([(run, arm) for arm in run.arms]) if run else [],
        series=[rates.told(one) for one in series],
        kinds=rates.KINDS,
        text=text,
        style=Markup(style),  # noqa: S704 - no foreign text in it
    )


def change(ratio: float | None) -> str:
    """A ratio as a change in percent, as the sentences say it; as a factor where it is huge."""
    if ratio is None or not math.isfinite(ratio):
        return text.NONE
    return percent(ratio - 1) if ratio < 1000 else f"× {text.significant(ratio)}"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "no interval"
    return f"[{change(estimate.low)}, {change(estimate.high)}]"


def compared(run: Run) -> list[tuple[str, str]]:
    """What a gate on code measured, and where."""
    arms = {arm.name: arm for arm in run.arms}
    machines = {_machine(arm.fingerprint) for arm in run.arms if arm.fingerprint}
    lost = f"; {len(run.cut_short)} more lost a worker and do not count" if run.cut_short else ""
    return [
        ("Base commit", _commit(arms.get("base"))),
        ("Head commit", _commit(arms.get("head"))),
        ("Arms", ", ".join(f"{arm.name} on {arm.device}" for arm in run.arms)),
        ("Processors", _each({_processors(arm) for arm in run.arms})),
        ("XLA threads", _each({arm.env.get("NPROC", "no limit") for arm in run.arms})),
        ("Machine", _each(machines)),
        ("Restarts", f"{run.settings.restarts} of each arm and look{lost}"),
        ("Measured", f"{text.when(run.created)}, {text.seconds(run.duration_s)}"),
        ("Command", run.command),
    ]


def _commit(arm: ArmRecord | None) -> str:
    commit = (arm and arm.commit) or text.NONE
    return f"{commit} (the + is uncommitted work, named in the notes)" if commit.endswith("+") else commit


def _machine(fingerprint: Fingerprint) -> str:
    return f"{fingerprint.cpu_model}, {text.count(fingerprint.cpu_count, 'core')}, {fingerprint.os}"


def _processors(arm: ArmRecord) -> str:
    return ", ".join(map(str, arm.fingerprint.affinity)) if arm.fingerprint else ""


def _each(values: set[str]) -> str:
    return " or ".join(sorted(value for value in values if value)) or text.NONE
