"""Figures as files: SVG that fits into any page and turns with its theme, and PNG for slides.

matplotlib writes a style attribute on every element and ids that repeat from figure to figure. Here styles become
classes (so that a strict content security policy can name them by their hash), ids get the figure's own prefix,
and the colours drawn as placeholders become CSS variables.
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

from triptych.reports.figures.styles import DARK, LIGHT, THEMED
from triptych.reports.view.report import Report

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "path.simplify": True,
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Drawing:
    """An SVG element without its style sheet, and the style sheet."""

    key: str
    markup: str
    css: str

    def standalone(self) -> str:
        """A file of its own that follows the reader's light or dark setting."""
        dark = f"@media (prefers-color-scheme: dark) {{{_variables(DARK)}}}"
        sheet = f"{_variables(LIGHT)}{dark}svg{{background:var(--paper)}}"
        head, rest = self.markup.split(">", 1)
        return f'{head} xmlns="{SVG}"><style>{sheet}{self.css}</style>{rest}\n'


def _variables(theme: dict[str, str]) -> str:
    return "svg{" + ";".join(f"{name}:{value}" for name, value in theme.items()) + "}"


def png(figure: Figure) -> bytes:
    """The figure on white, for slides."""
    buffer = io.BytesIO()
    with mpl.rc_context(RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        looks: dict[str, Any] = {"dpi": 140, "facecolor": "white", "pil_kwargs": {"compress_level": 3}}
        figure.savefig(buffer, format="png", metadata={"Software": None}, **looks)
    return buffer.getvalue()


def draw(figure: Figure, key: str, title: str, description: str) -> Drawing:
    """The figure as SVG; `title` and `description` are what a screen reader says."""
    buffer = io.BytesIO()
    with mpl.rc_context({**RC, "svg.hashsalt": key}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    root = ElementTree.fromstring(buffer.getvalue())  # noqa: S314 - written by matplotlib a line above
    classes: dict[str, str] = {}
    used = _references(root)
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _clean(element, key, used, classes)
    _describe(root, key, title, description)
    markup = ElementTree.tostring(root, encoding="unicode").replace(f' xmlns:ns0="{SVG}"', "").replace("ns0:", "")
    return Drawing(key, markup, _sheet(key, classes))


def _references(root: ElementTree.Element) -> set[str]:
    """The ids that something points to; the others are noise."""
    found: set[str] = set()
    for element in root.iter():
        for value in element.attrib.values():
            found.update(re.findall(r"url\(#([^)]+)\)", value))
        if XLINK in element.attrib:
            found.add(element.attrib[XLINK].removeprefix("#"))
    return found


def _clean(element: ElementTree.Element, key: str, used: set[str], classes: dict[str, str]) -> None:
    attributes = dict(element.attrib)
    element.attrib.clear()
    for name, value in attributes.items():
        if name == "id":
            if value in used:
                element.set("id", f"{key}-{value}")
        elif name == XLINK:
            element.set("href", f"#{key}-{value.removeprefix('#')}")
        elif name == "style":
            element.set("class", classes.setdefault(_style(value), f"{key}-{len(classes)}"))
        elif name in ("d", "transform", "x", "y", "width", "height", "points", "viewBox"):
            element.set(name, re.sub(r"-?\d+\.\d+", _rounded, value).strip().replace("\n", ""))
        else:
            element.set(name, re.sub(r"url\(#", f"url(#{key}-", value))


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _style(value: str) -> str:
    """A style with the page's font and the theme's variables."""
    value = re.sub(r"font-family: [^;]*", f"font-family: {FONT}", value).replace(": ", ":").replace("; ", ";")
    for color in THEMED:
        value = value.replace(color.drawn, f"var({color.variable})")
    return value


def _sheet(key: str, classes: dict[str, str]) -> str:
    rules = "".join(f".{name}{{{style}}}" for style, name in classes.items())
    return f".{key}-svg *{{stroke-linejoin:round;stroke-linecap:butt}}{rules}"


def _describe(root: ElementTree.Element, key: str, title: str, description: str) -> None:
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("class", f"{key}-svg")
    root.set("role", "img")
    root.set("aria-labelledby", f"{key}-title {key}-desc")
    for position, (tag, words) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(f"{{{SVG}}}{tag}", {"id": f"{key}-{tag}"})
        element.text = words
        root.insert(position, element)


def build(plot: Callable[[Report], Figure], view: Report) -> Figure:
    """Calls a figure's function under the settings that all figures share."""
    with mpl.rc_context(RC):
        return plot(view)
