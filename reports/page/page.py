"""The page: one HTML file that opens from disk, asks no network, and says everything without JavaScript."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup

from triptych.benches.record.files import replace_file
from triptych.benches.record.run import Run
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
from triptych.reports.words import columns, count_table, headline, naming, rates
from triptych.reports.words.cards import cards
from triptych.reports.words.facts import facts
from triptych.reports.words.glossary import GLOSSARY

MOST_DETAILS = 60


class Figure(NamedTuple):
    """An exhibit with its drawing."""

    exhibit: Exhibit
    drawing: svg.Drawing
    png: bytes


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
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        replace_file(folder / name, content)
    return [folder / name for name in files]


def _draw(view: Report, exhibit: Exhibit) -> Figure:
    figure = svg.build(exhibit.plot, view)
    words = f"{exhibit.finding} {exhibit.reading}"
    return Figure(exhibit, svg.draw(figure, exhibit.key, exhibit.title, words), svg.png(figure))


def render(view: Report, figures: Sequence[Figure], data: Sequence[embed.Download]) -> str:
    """The HTML of a report."""
    placed = _placed(questions(view), figures)
    classes, marks = glyphs(styles(view.trainers))
    style = document.sheet() + marks
    ratios = sum(row.ratio.time is not None and row.standing != "reference" for row in view.rows)
    arms = [(source.run, arm) for source in view.sources for arm in source.run.arms]
    script = (document.HERE / "page.js").read_text()
    environment = document.environment()
    return environment.get_template("page.html.jinja").render(
        view=view,
        columns=columns.columns(view),
        sentences=headline.sentences(view),
        caveats=headline.caveats(view),
        cards=cards(view),
        rows=naming.side_by_side(view),
        questions=placed[0],
        figures=placed[1],
        facts=facts(arms),
        series=[rates.told(one) for one in shipped()],
        kinds=rates.KINDS,
        glyphs=classes,
        one_device=len({row.place.device for row in view.rows}) == 1,
        glossary=GLOSSARY,
        workloads=list({work.name: work for source in view.sources for work in source.run.workloads}.values()),
        ratios=text.count(ratios, "ratio"),
        misses=f"{ratios * (1 - CONFIDENCE):.2g}",
        arms=[(source, arm) for source in view.sources for arm in source.run.arms],
        most_details=MOST_DETAILS,
        medians=medians,
        reproduce=reproduce,
        sort_key=_order,
        text=text,
        margin=f"{100 * MARGIN:g} %",
        confidence=f"{100 * CONFIDENCE:g} %",
        needed=smallest_n(),
        downloads=data,
        count_tables=count_table.tables(view),
        ceilings=count_table.ceilings(view),
        measures=count_table.MEASURES,
        csv=embed.link(embed.csv(view).encode()),
        chooser=Markup(_json(embed.chooser(view))) if data[0].carried else None,  # noqa: S704 - "<" is escaped there
        style=Markup(style),  # noqa: S704 - no foreign text in it
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=document.digest(style),
        script_hash=document.digest(script),
    )


Numbered = tuple[int, Exhibit, Markup]
"""A figure as the page shows it: its number in reading order, its words, its markup."""


def _placed(
    asked: Sequence[Question], figures: Sequence[Figure]
) -> tuple[list[tuple[Question, list[Numbered]]], list[Numbered]]:
    """Every question with the first of its figures that is there, and the other figures after them."""
    left = {figure.exhibit.key: figure for figure in figures}
    answered = [(one, [left.pop(key) for key in [k for k in one.figures if k in left][:1]]) for one in asked]
    ordered = [figure for _, beside in answered for figure in beside] + list(left.values())
    numbered = {
        figure.exhibit.key: (number, figure.exhibit, Markup(figure.drawing.markup))  # noqa: S704 - our own SVG
        for number, figure in enumerate(ordered, start=1)
    }
    beside = [(one, [numbered[figure.exhibit.key] for figure in shown]) for one, shown in answered]
    return beside, [numbered[key] for key in left]


def _json(value: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


def _order(entry: text.Entry) -> str:
    """What a figure sorts by, where its words do not sort by themselves."""
    if entry.order is None:
        return ""
    return f"{entry.order:.6g}" if math.isfinite(entry.order) else "1e308"


def reproduce(view: Report, row: Row) -> str:
    """The command that measures a cell and its reference again."""
    place, run = row.place, view.source(row.place.source).run
    options = [("--workload", place.workload), ("--trainer", run.references.get(row.trainer, row.trainer))]
    if row.reference != row.trainer:
        options.append(("--trainer", run.references.get(row.reference, row.reference)))
    options += [("--device", place.device), ("--mode", place.mode)]
    options += [("--restarts", str(run.settings.restarts)), ("--seed", str(run.settings.seed))]
    return "triptych run " + " ".join(f"{option} {_quoted(value)}" for option, value in options)


def _quoted(value: str) -> str:
    """One word for a shell, with unprintable characters spelled out."""
    if value.isprintable():
        return shlex.quote(value)
    return "$'" + value.encode("unicode_escape").decode().replace("'", "\\'") + "'"
