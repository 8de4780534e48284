"""Figures as files: SVG that fits into any page and turns with its theme, and PNG for slides.

matplotlib's styles become attributes, which no content security policy forbids, and its colours CSS variables. Only
what is referred to keeps its id; matplotlib makes these of the figure's key, so that they differ from figure to figure.
"""

import io
import re
import warnings
from collections.abc import Callable
from typing import NamedTuple
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from triptych.reports.figures.figure import Exhibit
from triptych.reports.figures.styles import DARK, LIGHT, SETTINGS

SVG = "http://www.w3.org/2000/svg"
LINK = "{http://www.w3.org/1999/xlink}href"
EVERYWHERE = {
    "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
    "stroke-linejoin": "round", "stroke-linecap": "butt", "role": "img",
}  # fmt: skip
VARIABLES = {color: f"var({name})" for name, color in LIGHT.items()}


class Drawing(NamedTuple):
    """A figure as an SVG element, for a page that has the theme's variables, and as a PNG."""

    exhibit: Exhibit
    markup: str
    png: bytes

    def standalone(self) -> str:
        """A file of its own that follows the reader's light or dark setting."""
        light, dark = (";".join(f"{name}:{value}" for name, value in theme.items()) for theme in (LIGHT, DARK))
        sheet = f"svg{{{light};background:var(--paper)}}@media (prefers-color-scheme: dark){{svg{{{dark}}}}}"
        head, rest = self.markup.split(">", 1)
        return f'{head} xmlns="{SVG}"><style>{sheet}</style>{rest}\n'


def draw(exhibit: Exhibit, plot: Callable[[], Figure]) -> Drawing:
    """A figure as SVG and, on white, as PNG for slides; title, finding and reading are what a screen reader says."""
    svg, png, key = io.BytesIO(), io.BytesIO(), exhibit.key
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": key}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = plot()
        for spare in [axes for axes in figure.axes if not axes.has_data()]:
            spare.remove()
        figure.savefig(svg, format="svg", metadata={"Date": None}, transparent=True)
        figure.set_layout_engine("none")  # it is laid out now, and need not be again
        figure.savefig(png, format="png", dpi=140, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    root = ElementTree.fromstring(svg.getvalue())  # noqa: S314 - written by matplotlib a line above
    del root[:2]  # who made it and a style sheet
    styled: dict[str, str] = {}
    for element in root.iter():
        _clean(element, styled)
    labels = f"{key}-title {key}-desc"
    root.attrib = {"viewBox": root.attrib["viewBox"], **EVERYWHERE, "aria-labelledby": labels}
    words = {"title": exhibit.title, "desc": f"{exhibit.finding} {exhibit.reading}"}
    for position, tag in enumerate(words):
        element = ElementTree.Element(tag, {"id": f"{key}-{tag}"})
        element.text = words[tag]
        root.insert(position, element)
    return Drawing(exhibit, ElementTree.tostring(root, encoding="unicode"), png.getvalue())


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
    declared = re.findall(r"([\w-]+): ([^;]+)", style) if style != styled.get(target) else []
    element.attrib |= {name: VARIABLES.get(value, value) for name, value in declared if name != "font-family"}
