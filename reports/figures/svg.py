"""Figures as files: SVG that fits into any page and turns with its theme, and PNG for slides.

matplotlib's styles become attributes, which no content security policy forbids, and its colours CSS variables. Only
what is referred to keeps its id; matplotlib makes these of the figure's key, so that they differ from figure to figure.
"""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from triptych.reports.figures.styles import DARK, LIGHT, SETTINGS
from triptych.reports.view.report import Report

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
EVERYWHERE = {
    "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "stroke-linejoin": "round",
    "stroke-linecap": "butt",
}
"""What holds for a whole figure."""

VARIABLES = {color: f"var({name})" for name, color in LIGHT.items()}


@dataclass(frozen=True)
class Drawing:
    """A figure as an SVG element, for a page that has the theme's variables."""

    key: str
    markup: str

    def standalone(self) -> str:
        """A file of its own that follows the reader's light or dark setting."""
        light, dark = (";".join(f"{name}:{value}" for name, value in theme.items()) for theme in (LIGHT, DARK))
        sheet = f"svg{{{light};background:var(--paper)}}@media (prefers-color-scheme: dark){{svg{{{dark}}}}}"
        head, rest = self.markup.split(">", 1)
        return f'{head} xmlns="{SVG}"><style>{sheet}</style>{rest}\n'


def build(plot: Callable[[Report], Figure], view: Report) -> Figure:
    """Calls a figure's function under the settings that all figures share."""
    with mpl.rc_context(SETTINGS):
        return plot(view)


def png(figure: Figure) -> bytes:
    """The figure on white, for slides."""
    compressed = {"compress_level": 3}
    return _saved(figure, "", {"format": "png", "dpi": 140, "metadata": {"Software": None}, "pil_kwargs": compressed})


def draw(figure: Figure, key: str, title: str, description: str) -> Drawing:
    """The figure as SVG; `title` and `description` are what a screen reader says."""
    saved = _saved(figure, key, {"format": "svg", "metadata": {"Date": None}, "transparent": True})
    root = ElementTree.fromstring(saved)  # noqa: S314 - written by matplotlib a line above
    _, _, *content = root  # the first two are who made it and a style sheet
    root[:] = content
    styled: dict[str, str] = {}
    for element in root.iter():
        _clean(element, styled)
    said = {"role": "img", "aria-labelledby": f"{key}-title {key}-desc"}
    root.attrib = {"viewBox": root.attrib["viewBox"], **EVERYWHERE, **said}
    for position, (tag, words) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(tag, {"id": f"{key}-{tag}"})
        element.text = words
        root.insert(position, element)
    return Drawing(key, ElementTree.tostring(root, encoding="unicode"))


def _saved(figure: Figure, key: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": key}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, **options)
    figure.set_layout_engine("none")  # it is laid out now, and need not be again
    return buffer.getvalue()


def _clean(element: ElementTree.Element, styled: dict[str, str]) -> None:
    """Styles as attributes, short numbers, no idle ids; `styled` are the styles of what others refer to."""
    element.tag = element.tag.partition("}")[2]
    given, element.attrib = element.attrib, {}
    style, target = given.pop("style", ""), given.pop(LINK, "")
    if target:
        element.set("href", target)
    for name, value in given.items():
        if name == "id" and element.tag != "g":
            styled[f"#{value}"] = style
        if (name != "id" or element.tag != "g") and not value.startswith("rotate(-0 "):
            element.set(name, re.sub(r"(\.\d\d)\d+", r"\1", value).strip().replace("\n", ""))
    declared: dict[str, str] = dict(re.findall(r"([\w-]+): ([^;]+)", style)) if style != styled.get(target) else {}
    for name, value in declared.items():
        if name != "font-family":
            element.set(name, VARIABLES.get(value, value))
