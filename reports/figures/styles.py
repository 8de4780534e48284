"""How each trainer looks: one colour, one marker, one line style, the same in every figure of every report.

Colours are Okabe and Ito's, told apart by colour-blind readers, less those that do not reach a contrast of 3 to 1
on both a white and a dark page. Two of theirs are taken darker for that reason.

References:
    Okabe and Ito, "Color Universal Design", 2008.
"""

import zlib
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

from triptych.impls.registry import BUILT_IN, Look


class Themed(NamedTuple):
    """A colour that a page may turn: the hex that matplotlib draws it in, and its CSS variable."""

    drawn: str
    variable: str


INK = Themed("#1b1c1d", "--ink")
MUTED = Themed("#5b5c5d", "--muted")
GRID = Themed("#dbdcdd", "--grid")
BAND = Themed("#e9eaeb", "--band")
PAPER = Themed("#fdfefc", "--paper")
THEMED = (INK, MUTED, GRID, BAND, PAPER)

LIGHT = {"--ink": "#1b1c1d", "--muted": "#5b5c5d", "--grid": "#dbdcdd", "--band": "#e3e8ee", "--paper": "#ffffff"}
DARK = {"--ink": "#e8e9ea", "--muted": "#a9adb2", "--grid": "#3a3e44", "--band": "#2a323b", "--paper": "#16181c"}


Style = Look

OWN = {name: row.look for name, row in BUILT_IN.items()}
OTHERS = [
    Style(color, marker, line)
    for (marker, line), color in product(
        zip("DvPX*", ("-.", "-", "--", ":", "-."), strict=True), ("#b35c93", "#9a7400", "#3b8ac4", "#7f7f7f")
    )
]


def styles(trainers: Sequence[str]) -> dict[str, Style]:
    """A style for each: the built-ins have their own, others take the free one that their name points to."""
    chosen = {name: OWN[name] for name in BUILT_IN if name in trainers}
    taken: set[int] = set()
    for name in sorted(set(trainers) - set(BUILT_IN)):
        index = zlib.crc32(name.encode()) % len(OTHERS)
        while index in taken and len(taken) < len(OTHERS):
            index = (index + 1) % len(OTHERS)
        taken.add(index)
        chosen[name] = OTHERS[index]
    return chosen


GLYPHS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "*": "★"}
"""The characters that stand for matplotlib's markers in text."""


def glyphs(looks: dict[str, Style]) -> tuple[dict[str, str], str]:
    """A CSS class for each trainer's marker, and the style sheet of those classes."""
    classes = {name: f"glyph g{index}" for index, name in enumerate(looks)}
    rules = (
        f'.g{index}::before{{content:"{GLYPHS[look.marker]}";color:{look.color}}}'
        for index, look in enumerate(looks.values())
    )
    return classes, "".join(rules)
