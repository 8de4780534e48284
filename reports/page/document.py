"""What all pages share: each is one file that opens from disk and asks no network."""

from pathlib import Path

import jinja2

from triptych.reports import text
from triptych.reports.figures.styles import DARK, LIGHT

HERE = Path(__file__).parent


def environment() -> jinja2.Environment:
    """The templates, which take foreign text as text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE, HERE.parent / "gate"]),
        autoescape=True,
        finalize=text.printable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    made.filters["safe_name"] = text.name
    return made


def sheet(*further: Path) -> str:
    """The style sheet of every page, and further files of ours after it."""
    pairs = ";".join(f"{name}:light-dark({LIGHT[name]},{DARK[name]})" for name in LIGHT)
    return f":root{{{pairs}}}\n" + "".join(path.read_text(encoding="utf-8") for path in (HERE / "page.css", *further))
