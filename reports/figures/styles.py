"""How figures look: the colours of the page, and of each trainer the same colour, marker and line in every report.

Colours are Okabe and Ito's, told apart by colour-blind readers, less those that do not reach a contrast of 3 to 1
on both a white and a dark page. Two of theirs are taken darker for that reason.

References:
    Okabe and Ito, "Color Universal Design", 2008.
"""

import zlib
from collections.abc import Sequence
from itertools import product
from typing import Any

from triptych.impls.styles import STYLES, Look

LIGHT = {"--ink": "#1b1c1d", "--muted": "#5b5c5d", "--grid": "#dbdcdd", "--band": "#e3e8ee", "--paper": "#ffffff"}
DARK = {"--ink": "#e8e9ea", "--muted": "#a9adb2", "--grid": "#3a3e44", "--band": "#2a323b", "--paper": "#16181c"}
"""The colours that turn with the theme, by their CSS variable; figures are drawn in the light ones."""

INK, MUTED, GRID, BAND, PAPER = LIGHT.values()

SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9, "text.parse_math": False, "text.color": INK,
    "text.hinting": "no_hinting",
    "axes.unicode_minus": False, "axes.facecolor": "none", "axes.edgecolor": MUTED, "axes.labelcolor": INK,
    "axes.titlelocation": "left", "axes.titlesize": 9, "axes.titleweight": "bold",
    "axes.spines.right": False, "axes.spines.top": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": GRID, "grid.linewidth": 0.7, "legend.frameon": False,
    "xtick.color": MUTED, "xtick.labelcolor": INK, "ytick.color": MUTED, "ytick.labelcolor": INK,
}  # fmt: skip
"""matplotlib's settings for all figures."""

MARKS, COLORS = {"D": "-.", "v": "-", "P": "--", "X": ":", "*": "-."}, ("#b35c93", "#9a7400", "#3b8ac4", "#7f7f7f")
OTHERS = [Look(color, marker, line) for (marker, line), color in product(MARKS.items(), COLORS)]
"""The looks of trainers that are not built in."""
GLYPHS = {"o": "●", "s": "■", "^": "▲", "D": "◆", "v": "▼", "P": "✚", "X": "✖", "*": "★"}  # markers in text


def styles(trainers: Sequence[str]) -> dict[str, Look]:
    """A look for each: the styles of the suite have their own, others take the free one that their name points to."""
    chosen = {name: row.look for name, row in STYLES.items() if name in trainers}
    for name in sorted(set(trainers) - set(STYLES)):
        index = zlib.crc32(name.encode()) % len(OTHERS)
        taken = {look[:2] for look in chosen.values()}
        free = [look for look in OTHERS[index:] + OTHERS[:index] if look[:2] not in taken]
        chosen[name] = (free or OTHERS[index:])[0]
    return chosen


def glyphs(looks: dict[str, Look]) -> tuple[dict[str, str], str]:
    """A CSS class for each trainer's marker, and the style sheet of those classes."""
    classes = {name: f"glyph g{index}" for index, name in enumerate(looks)}
    signs = ((index, GLYPHS[look.marker], look.color) for index, look in enumerate(looks.values()))
    return classes, "".join(f'.g{index}::before{{content:"{sign}";color:{color}}}' for index, sign, color in signs)
