"""Values as words and figures: the page, the Markdown text and the terminal table all say it in these."""

import html
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from markupsafe import Markup

from triptych.benches.analysis.pairing import BreakEven, Parity
from triptych.benches.record.run import Outcome
from triptych.benches.stats.ranks import Estimate, smallest_n

NONE = DASH = "\u2013"
ISOLATE, END_OF_ISOLATE = "\u2068", "\u2069"
ROUNDS_UP = 0.9995  # from here on three digits of a value are those of the next unit
Show = Callable[[float], str]  # how a figure is put in words


class Entry(NamedTuple):
    """One cell of a table: the figure, remarks on it, and what it sorts by."""

    main: str
    notes: tuple[str, ...] = ()
    order: float | None = None

    @property
    def note(self) -> str:
        """The remarks in one line."""
        return ", ".join(self.notes)


def significant(value: float) -> str:
    """Three significant digits, half rounded up as browsers do: 76,900 or 13.1 or 0.0193 or 1.23e-5."""
    if not math.isfinite(value):
        return NONE
    if value == 0:
        return "0"
    exact = Decimal(value)
    rounded = exact.quantize(Decimal((0, (1,), exact.adjusted() - 2)), ROUND_HALF_UP)
    rounded = rounded.quantize(Decimal((0, (1,), rounded.adjusted() - 2)))
    if not -4 <= rounded.adjusted() < 7:
        digits, exponent = f"{rounded:.2e}".split("e")
        return f"{digits}e{int(exponent)}"
    return f"{rounded:,f}"


def interval(estimate: Estimate, show: Show = significant, noun: str = "restart") -> str:
    """The interval of an estimate, or why there is none."""
    if estimate.low is None or estimate.high is None:
        return f"no interval: {shortage(estimate.n, noun)}"
    return f"[{show(estimate.low)}{DASH}{show(estimate.high)}]"


def estimate(value: Estimate, show: Show = significant) -> str:
    """A value, and its interval where it has one."""
    return show(value.value) if value.low is None else f"{show(value.value)} {interval(value, show)}"


def shortage(number: int, noun: str = "restart") -> str:
    """How many restarts there were, and how many would give an interval."""
    return f"{count(number, noun)}, {smallest_n()} needed"


def when(created: str) -> str:
    """A moment as people write it, if it is one."""
    try:
        return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return name(created)


def inverse(estimate: Estimate) -> Estimate:
    """Steps per second from seconds per step."""
    low, high = (None if bound is None else 1 / bound for bound in (estimate.high, estimate.low))
    return Estimate(1 / estimate.value, low, high, estimate.n)


def count(number: int, noun: str) -> str:
    """For instance "1 restart" or "2,000 steps"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def ordinal(number: int) -> str:
    """For instance "3rd" or "1,000th"."""
    teen = number // 10 % 10 == 1
    return f"{number:,}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def seconds(value: float) -> str:
    """With the unit that leaves one to three digits before the point."""
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if abs(value) >= ROUNDS_UP * size:
            return f"{significant(value / size)} {unit}"
    return f"{significant(value / 1e-9)} ns" if value else "0 s"


def size(value: float) -> str:
    """Bytes in decimal units."""
    for step, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= ROUNDS_UP * step:
            return f"{significant(value / step)} {unit}"
    return f"{significant(value)} B"


def percent(value: float) -> str:
    """A share of one in percent."""
    return f"{significant(100 * value)} %"


def name(text: str, limit: int = 200) -> str:
    """A name that somebody else chose: nothing in it steers the text around it; a harmless one is only cut."""
    bare = text.removeprefix(ISOLATE).removesuffix(END_OF_ISOLATE)
    safe = short("".join(character if character.isprintable() else "\ufffd" for character in bare), limit)
    to_the_left = any(unicodedata.bidirectional(character) in ("R", "AL") for character in safe)
    return f"{ISOLATE}{safe}{END_OF_ISOLATE}" if to_the_left else safe


def short(name: str, limit: int = 40) -> str:
    """A name that `name` has made harmless, cut to the room that there is."""
    cut = f"{name[: limit - 1]}…{END_OF_ISOLATE if name.startswith(ISOLATE) else ''}"
    return name if len(name) <= limit else cut


def printable(value: object) -> object:
    """A text that may hold names: what is left in it of other foreign text cannot steer; all but text as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "".join(one if one.isprintable() or one in (ISOLATE, END_OF_ISOLATE) else "\ufffd" for one in value)


def outcome(value: Outcome) -> str:
    """The kind of an outcome in words."""
    return value.kind.replace("_", " ")


def break_even(value: BreakEven) -> Entry:
    """From how many steps on the cell is ahead of the reference, compiling included."""
    if value.steps is not None:
        main = f"ahead {value.kind} {significant(value.steps.value)} steps"
        return Entry(main, (interval(value.steps),), value.steps.value)
    entries = {
        "always": Entry("ahead from the first step", order=0.0),
        "never": Entry("never ahead", order=math.inf),
        "undecided": Entry("undecided", ("restarts disagree",)),
    }
    return entries.get(value.kind, Entry(NONE))


def parity(certificate: Parity | None) -> str:
    """Whether the reference computed the same, and over how many steps."""
    return f"{'✓' if certificate.holds else '✗'} {certificate.reason}" if certificate else ""


def escaped(words: str) -> str:
    """Words that Markdown and HTML take as they are."""
    return html.escape(re.sub(r"([\\`*_\[\]|~])", r"\\\1", words), quote=False)


def table(rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown, the first row being the headings."""
    heads, *lines = [[escaped(words) for words in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *lines))


def folded(summary: str, content: str) -> str:
    """Markdown that opens when asked."""
    return f"<details><summary>{escaped(summary)}</summary>\n\n{content}\n\n</details>"
