"""The page: one HTML file that opens from disk, asks no network, and says everything without JavaScript."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from triptych.benches.record.files import replace_file
from triptych.benches.record.run import ArmRecord, Run, WorkloadRecord
from triptych.benches.selftest.rates import shipped
from triptych.benches.stats.ranks import CONFIDENCE, smallest_n
from triptych.reports import text
from triptych.reports.figures import svg
from triptych.reports.figures.all import exhibits
from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.order import medians
from triptych.reports.figures.styles import glyphs, styles
from triptych.reports.page import document, embed
from triptych.reports.page.questions import Question, questions
from triptych.reports.view.report import MARGIN, Report, Row, report
from triptych.reports.view.sources import Source
from triptych.reports.words import count_table, headline, naming, rates
from triptych.reports.words.cards import Card, cards
from triptych.reports.words.columns import Column, columns, sort_key
from triptych.reports.words.facts import Fact, facts
from triptych.reports.words.glossary import GLOSSARY


class Figure(NamedTuple):
    """An exhibit with its drawing."""

    exhibit: Exhibit
    drawing: svg.Drawing
    png: bytes


@dataclass(frozen=True)
class Page:
    """What the template shows.

    Attributes:
        rows: The cells in the order of the table.
        questions: Each with the figure that stands beside it, if there is one.
        figures: The others.
        numbers: Of all figures in reading order, by key.
        glyphs: The class of each trainer's marker.
        ratios: How many have an interval,
        misses: and about how many of these may be expected to miss.
        needed: Restarts without which there is none.
        against: What another reference would make of the table, as JSON; empty where the page would grow too large.
    """

    view: Report
    sentences: list[str]
    caveats: list[str]
    cards: list[Card]
    rows: list[Row]
    columns: list[Column]
    questions: list[tuple[Question, Figure | None]]
    figures: list[Figure]
    numbers: dict[str, int]
    glyphs: dict[str, str]
    counts: list[count_table.CountTable]
    ceilings: list[str]
    arms: list[tuple[Source, ArmRecord]]
    facts: list[Fact]
    workloads: list[WorkloadRecord]
    ratios: int
    misses: str
    needed: int
    downloads: list[embed.Download]
    against: str
    margin: str = f"{100 * MARGIN:g} %"
    confidence: str = f"{100 * CONFIDENCE:g} %"
    most_details: int = 60
    measures: tuple[count_table.Measure, ...] = count_table.MEASURES
    glossary: tuple[tuple[str, str], ...] = GLOSSARY


def write_report(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Writes the page and its figures, the same bytes for the same runs.

    Returns:
        The files written, the page first.

    Raises:
        NothingMeasured: If no cell of the runs has anything to show.
        OSError: If the folder cannot be written.
    """
    view = report(runs)
    drawn = [_draw(view, exhibit) for exhibit in exhibits(view)]
    data = embed.downloads(view)
    files: dict[str, bytes] = {"index.html": render(view, drawn, data).encode()}
    files |= {one.address: one.content for one in data if not one.carried}
    for figure in drawn:
        files[f"figures/{figure.exhibit.key}.svg"] = figure.drawing.standalone().encode()
        files[f"figures/{figure.exhibit.key}.png"] = figure.png
    for name, content in files.items():
        replace_file(folder / name, content)
    return [folder / name for name in files]


def _draw(view: Report, exhibit: Exhibit) -> Figure:
    figure = svg.build(exhibit.plot, view)
    words = f"{exhibit.finding} {exhibit.reading}"
    return Figure(exhibit, svg.draw(figure, exhibit.key, exhibit.title, words), svg.png(figure))


def render(view: Report, figures: Sequence[Figure], data: list[embed.Download]) -> str:
    """The HTML of a report."""
    classes, marks = glyphs(styles(view.trainers))
    template = document.environment().get_template("page.html.jinja")
    return template.render(
        page=page(view, figures, data, classes),
        text=text,
        sort_key=sort_key,
        medians=medians,
        reproduce=reproduce,
        series=[rates.told(one) for one in shipped()],
        kinds=rates.KINDS,
        style=document.sheet() + marks,
        script=(document.HERE / "page.js").read_text(encoding="utf-8"),
    )


def page(view: Report, figures: Sequence[Figure], data: list[embed.Download], classes: dict[str, str]) -> Page:
    """What the template shows of a report."""
    left = {figure.exhibit.key: figure for figure in figures}
    beside: list[tuple[Question, Figure | None]] = []
    for question in questions(view):
        key = next((key for key in question.figures if key in left), "")
        beside.append((question, left.pop(key, None)))
    ordered = [figure for _, figure in beside if figure] + list(left.values())
    arms = [(source, arm) for source in view.sources for arm in source.run.arms]
    ratios = sum(row.ratio.time is not None and row.standing != "reference" for row in view.rows)
    return Page(
        view=view,
        sentences=headline.sentences(view),
        caveats=headline.caveats(view),
        cards=cards(view),
        rows=naming.side_by_side(view),
        columns=columns(view),
        questions=beside,
        figures=list(left.values()),
        numbers={figure.exhibit.key: number for number, figure in enumerate(ordered, start=1)},
        glyphs=classes,
        counts=count_table.tables(view),
        ceilings=count_table.ceilings(view),
        arms=arms,
        facts=facts([(source.run, arm) for source, arm in arms]),
        workloads=list({work.name: work for source in view.sources for work in source.run.workloads}.values()),
        ratios=ratios,
        misses=f"{ratios * (1 - CONFIDENCE):.2g}",
        needed=smallest_n(),
        downloads=data,
        against=embed.against(view) if data[0].carried else "",
    )


def reproduce(view: Report, row: Row) -> str:
    """The command that measures a cell and its reference again."""
    cell, run = row.typed, view.source(row.place.source).original
    trainers = dict.fromkeys((cell.trainer, run.reference))
    options = [("--workload", cell.workload), *(("--trainer", run.references.get(name, name)) for name in trainers)]
    options += [("--device", cell.device), ("--mode", cell.mode)]
    options += [("--restarts", str(run.settings.restarts)), ("--seed", str(run.settings.seed))]
    return "triptych run " + " ".join(f"{option} {_quoted(value)}" for option, value in options)


def _quoted(value: str) -> str:
    """One word for a shell, with unprintable characters spelled out."""
    if value.isprintable():
        return shlex.quote(value)
    return "$'" + value.encode("unicode_escape").decode().replace("'", "\\'") + "'"
