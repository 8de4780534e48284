"""The page: one HTML file that opens from disk, asks no network, and says everything without JavaScript."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from triptych.benches.analysis.tie import TIE_MARGIN
from triptych.benches.record.files import replace_file
from triptych.benches.record.run import ArmRecord, Run, WorkloadRecord
from triptych.benches.selftest.rates import shipped
from triptych.benches.stats.ranks import CONFIDENCE, smallest_n
from triptych.benches.workloads.sizes import size_of
from triptych.impls.styles import STYLES
from triptych.reports import text
from triptych.reports.figures.all import exhibits
from triptych.reports.figures.order import medians
from triptych.reports.figures.ratios import pairs
from triptych.reports.figures.styles import glyphs, styles
from triptych.reports.figures.svg import Drawing, draw
from triptych.reports.page import document, embed
from triptych.reports.page.questions import Question, questions
from triptych.reports.view.report import Report, Row, report
from triptych.reports.words import (
    cards,
    claims,
    columns,
    cost,
    count_table,
    facts,
    glossary,
    headline,
    naming,
    programs,
    rates,
)

WORDS = {
    "headline": headline, "cards": cards, "columns": columns, "naming": naming, "counts": count_table,
    "cost": cost, "claims": claims, "facts": facts, "glossary": glossary, "programs": programs,
    "styles": STYLES,
}  # fmt: skip
"""What the template says of the view, by the file that says it."""


@dataclass(frozen=True)
class Page:
    """What the template shows beside the view's own words.

    Attributes:
        questions: Each with the figure that stands beside it, if there is one; `figures` are the others.
        numbers: Of all figures in reading order, by key.
        glyphs: The class of each trainer's marker.
        against: What another reference would make of the table, as JSON; empty where the page would grow too large.
    """

    view: Report
    questions: list[tuple[Question, Drawing | None]]
    figures: list[Drawing]
    numbers: dict[str, int]
    glyphs: dict[str, str]
    downloads: list[embed.Download]
    against: str
    confidence: float = CONFIDENCE
    margin: float = TIE_MARGIN
    needed: int = smallest_n()
    most_details: int = 60

    @property
    def arms(self) -> list[tuple[Run, ArmRecord]]:
        """Every arm with the run that it belongs to."""
        return [(source.run, arm) for source in self.view.sources for arm in source.run.arms]

    @property
    def workloads(self) -> list[WorkloadRecord]:
        """What was trained, once however often, but for the points of a law."""
        found = {work.name: work for source in self.view.sources for work in source.run.workloads}
        shown = {row.place.workload for row in self.view.rows}
        return [work for work in found.values() if work.name in shown]

    @property
    def ratios(self) -> int:
        """How many ratios may miss their truth with their interval."""
        return sum(row.ratio.time is not None and row.standing != "reference" for row in self.view.rows)


def write_report(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the page and its figures, the same bytes for the same runs; gives the files, the page first.

    Raises:
        NothingMeasured: If no cell of the runs has anything to show.
        OSError: If the folder cannot be written.
    """
    view = report(runs)
    drawn, data = [draw(*one) for one in exhibits(view)], embed.downloads(view)
    files: dict[str, bytes] = {"index.html": render(view, drawn, data).encode()}
    files |= {one.address: one.content for one in data if not one.carried}
    for figure in drawn:
        files[f"figures/{figure.exhibit.key}.svg"] = figure.standalone().encode()
        files[f"figures/{figure.exhibit.key}.png"] = figure.png
    for name, content in files.items():
        replace_file(folder / name, content)
    return [folder / name for name in files]


def render(view: Report, figures: Sequence[Drawing], data: list[embed.Download]) -> str:
    """The HTML of a report."""
    classes, marks = glyphs(styles(view.trainers))
    left = {figure.exhibit.key: figure for figure in figures}
    asked = [(one, next((key for key in one.figures if key in left), "")) for one in questions(view)]
    beside = [(question, left.pop(key, None)) for question, key in asked]
    ordered = [*(figure for _, figure in beside if figure), *left.values()]
    numbers = {figure.exhibit.key: number for number, figure in enumerate(ordered, start=1)}
    against = embed.against(view) if data[0].carried else ""
    return document.environment().get_template("page.html.jinja").render(
        page=Page(view, beside, list(left.values()), numbers, classes, data, against), words=WORDS, text=text,
        medians=medians, pairs=pairs, reproduce=reproduce, series=[rates.told(one) for one in shipped()],
        kinds=rates.KINDS, style=document.sheet() + marks,
        script=(document.HERE / "page.js").read_text(encoding="utf-8"),
    )  # fmt: skip


def reproduce(view: Report, row: Row) -> str:
    """The command that measures a cell and its reference again."""
    cell, run = row.typed, view.source(row.place.source).original
    trainers = dict.fromkeys((cell.trainer, run.reference))
    workload = cell.workload if size_of(cell.workload) else run.workload(cell.workload).reference or cell.workload
    options = [("--workload", workload), *(("--trainer", run.references.get(name, name)) for name in trainers)]
    arm = next(one for one in run.arms if one.name == row.place.arm)
    options += [("--compile-for", arm.target) if arm.target else ("--device", cell.device), ("--mode", cell.mode)]
    options += [("--cpus", "all")] if cell.device == "cpu" and not arm.cpus else []
    options += [("--restarts", str(run.settings.restarts)), ("--seed", str(run.settings.seed))]
    return "triptych run " + " ".join(f"{option} {_quoted(value)}" for option, value in options)


def _quoted(value: str) -> str:
    """One word for a shell, with unprintable characters spelled out."""
    spelled = value.encode("unicode_escape").decode().replace("'", "\\'")
    return shlex.quote(value) if value.isprintable() else f"$'{spelled}'"
