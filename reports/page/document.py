"""What all pages share: each is one file that opens from disk and asks no network."""

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from triptych.reports import text
from triptych.reports.figures.styles import DARK, LIGHT

HERE = Path(__file__).parent


def environment() -> jinja2.Environment:
    """The templates, which take foreign text as text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE, HERE.parent / "gate"]),
        autoescape=True,
        finalize=_printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    made.filters["safe_name"] = text.name
    return made


def _printable(value: Any) -> Any:
    """Foreign text without characters that steer what follows; our own markup as it is."""
    return text.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def sheet(*further: Path) -> str:
    """The style sheet of every page, and further files of ours after it."""
    pairs = ";".join(f"{name}:light-dark({LIGHT[name]},{DARK[name]})" for name in LIGHT)
    return f":root{{{pairs}}}\n" + "".join(path.read_text(encoding="utf-8") for path in (HERE / "page.css", *further))
