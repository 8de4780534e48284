"""Figures as files: fit to be inlined together, themed, legible, the same bytes every time."""

import io
import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from tests.reports.sample_run import sample_run
from triptych.impls.styles import BUILT_IN
from triptych.reports.figures import svg
from triptych.reports.figures.all import exhibits
from triptych.reports.figures.styles import DARK, LIGHT, OTHERS, styles
from triptych.reports.view.report import Report, report

SVG = "{http://www.w3.org/2000/svg}"

OWN = [row.look for row in BUILT_IN.values()]
COLORS = sorted({look.color for look in (*OWN, *OTHERS)})

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009,
# severity 1, on linear RGB.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TRITANOPIA = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]


def linear(color: str) -> np.ndarray:
    """Linear RGB of a hex colour."""
    channels = np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast of two hex colours."""
    high, low = sorted((float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of linear RGB under D65."""
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    x, y, z = np.cbrt((np.array(matrix) @ np.clip(rgb, 0, 1)) / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("paper", [LIGHT["--paper"], DARK["--paper"], "#ffffff"])
def test_data_colours_stand_out_on_both_pages(color: str, paper: str) -> None:
    """WCAG asks 3 to 1 of graphics."""
    assert contrast(color, paper) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_colours_are_legible(theme: dict[str, str]) -> None:
    """WCAG asks 4.5 to 1 of text."""
    assert contrast(theme["--ink"], theme["--paper"]) >= 7
    assert contrast(theme["--muted"], theme["--paper"]) >= 4.5


@pytest.mark.parametrize("matrix", [np.eye(3), PROTANOPIA, DEUTERANOPIA, TRITANOPIA], ids=["all", "p", "d", "t"])
def test_built_in_trainers_are_told_apart_by_colour_blind_readers(matrix: list[list[float]]) -> None:
    """A colour difference of 15 in CIE Lab between any two, whatever the deficiency; markers differ besides."""
    seen = [lab(np.array(matrix) @ linear(look.color)) for look in OWN]
    assert min(float(np.linalg.norm(one - other)) for one, other in itertools.combinations(seen, 2)) > 15
    assert len({look.marker for look in OWN}) == len({look.line for look in OWN}) == 3


def test_a_trainer_keeps_its_style() -> None:
    """Built-ins always; others in any company that does not claim the same one."""
    assert styles(["mine"])["mine"] == styles([*BUILT_IN, "mine"])["mine"]
    many = styles([f"trainer_{number}" for number in range(len(OTHERS))])
    assert len(set(many.values())) == len(OTHERS)
    assert len(styles([f"trainer_{number}" for number in range(50)])) == 50


@pytest.fixture(scope="module")
def drawings(view: Report) -> list[svg.Drawing]:
    """All figures of the sample."""
    return [svg.draw(*one) for one in exhibits(view)]


def test_ids_are_unique_and_every_reference_finds_one(drawings: list[svg.Drawing]) -> None:
    """Over all figures of a page together."""
    whole = "".join(drawing.markup for drawing in drawings)
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"|', whole)) - {("", "")} != set()
    assert {one or other for one, other in re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', whole)} <= set(ids)


def test_every_colour_turns_with_the_theme_or_is_a_trainers(drawings: list[svg.Drawing]) -> None:
    """And it stands in an attribute, which no security policy forbids; a style would be at its mercy."""
    for drawing in drawings:
        assert "style" not in drawing.markup
        assert "<metadata" not in drawing.markup
        assert "var(--ink)" in drawing.markup
        assert set(re.findall(r"#[0-9a-f]{6}\b", drawing.markup)) <= set(COLORS)


def test_text_is_text_with_a_title_and_a_description(drawings: list[svg.Drawing]) -> None:
    """Selectable, and named for screen readers."""
    for drawing in drawings:
        root = ElementTree.fromstring(drawing.standalone())  # noqa: S314 - our own
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{drawing.exhibit.key}-title {drawing.exhibit.key}-desc"
        words = "".join(element.text or "" for element in root.iter(f"{SVG}text"))
        assert "xor" in words


def test_nothing_is_cut_off_at_an_edge(drawings: list[svg.Drawing]) -> None:
    """A rim of two pixels stays blank on the left, on the right and below; grid lines may touch the upper edge."""
    for drawing in drawings:
        image = matplotlib.image.imread(io.BytesIO(drawing.png))[:, :, :3]
        assert image[:, :2].min() == image[:, -2:].min() == image[-2:].min() == 1, drawing.exhibit.key


def test_hostile_names_draw(tmp_path: Path) -> None:
    """Formulas, markup, other scripts, glyphs that no font has: all are text."""
    names = (
        "treemap",
        "$\\frac{",
        "<script>alert(1)</script>",
        "\u05e9\u05dc\u05d5\u05dd",
        "\U0001f9ea\u4e2d",
        "&amp;\"'",
        "_mine",
    )
    view = report([sample_run(trainers=names, workloads=("xor",), restarts=2, rounds=2)])
    for one in exhibits(view):
        drawing = svg.draw(*one)
        root = ElementTree.fromstring(drawing.standalone())  # noqa: S314
        assert not list(root.iter(f"{SVG}script"))
        assert "_mine" in {element.text for element in root.iter(f"{SVG}text")}
        assert drawing.png.startswith(b"\x89PNG")


def test_figures_keep_to_what_can_be_read() -> None:
    """Of many cells the first are drawn, and the caption says so."""
    view = report([sample_run(workloads=tuple(f"task_{number}" for number in range(30)), restarts=2, rounds=1)])
    for one, plot in exhibits(view):
        assert re.search(r"The first \d+ of (30|90) (cells|places) are drawn", one.reading)
        assert plot().get_size_inches()[1] < 15
