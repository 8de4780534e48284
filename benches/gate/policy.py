"""How strict a gate is: what the project asks in `[tool.triptych.gate]` of its pyproject.toml."""

import difflib
import tomllib
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any

import msgspec

from triptych.benches.gate.metrics import METRIC, METRICS, Subject
from triptych.benches.gate.verdict import Comparison, Finding, rounded
from triptych.benches.stats.ranks import Shift

Margin = Annotated[float, msgspec.Meta(gt=0, le=1)]
Floor = Annotated[float, msgspec.Meta(ge=0, lt=1e9)]
Alpha = Annotated[float, msgspec.Meta(gt=0, le=0.5)]

TABLES = ("margins", "floors", "benchmarks.<pattern>")
KEYS = ", ".join(["alpha", "allowed_missing", *(f"{table}.{metric.name}" for table in TABLES for metric in METRICS)])


class PolicyError(Exception):
    """A policy that cannot be used; the message says what was got, what was expected, what to do."""


Margins = dict[str, Margin]  # changes of no account by metric, fractions: 0.02 is 2 %; what is not given is inherited
Floors = dict[str, Floor]  # likewise, in the metric's unit: 0.02 is 20 ms

_MARGINS = msgspec.defstruct("Margins", [(one.name, Margin, one.margin) for one in METRICS], forbid_unknown_fields=True)
_FLOORS = msgspec.defstruct("Floors", [(one.name, Floor, one.floor) for one in METRICS], forbid_unknown_fields=True)
_TABLES = msgspec.defstruct(
    "Tables",
    [("margins", _MARGINS, None), ("floors", _FLOORS, None), ("benchmarks", GenericAlias(dict, (str, _MARGINS)), None)],
)
"""The tables whose keys are metrics, to say which key is wrong."""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy of one project; a change is of account only beyond its margin and its floor."""

    alpha: Alpha = 0.05  # largest chance that a run without any change calls anything `regressed`
    allowed_missing: tuple[str, ...] = ()  # patterns of benchmarks that the candidate may lack
    margins: Margins = {}  # of every benchmark, by metric
    floors: Floors = {}
    benchmarks: dict[str, Margins] = {}  # of those that a pattern matches: of several the last that names the metric

    def margin(self, metric: str, cell: str) -> float:
        """The margin of a metric, by its name, of a benchmark."""
        margin = self.margins.get(metric, METRIC[metric].margin)
        for pattern, own in self.benchmarks.items():
            margin = own.get(metric, margin) if matches(cell, pattern) else margin
        return margin

    def comparison(self, subject: Subject, shift: Shift, level: float) -> Comparison:
        """One metric of a benchmark, ready to be judged by its margin or, if that is wider, by its floor.

        `shift` is the logarithm of candidate over baseline, `level` what the baseline takes, in the metric's unit.
        """
        least = self.floors.get(subject.metric, METRIC[subject.metric].floor)
        margin, floor = self.margin(*subject), least / level
        if floor <= margin:
            return Comparison(*subject, margin, shift, floor)
        ms, wider, usual = rounded(1000 * least), rounded(100 * floor), rounded(1000 * level)
        words = f"{ms} ms are {wider} % of the base's {usual} ms, and less is of no account"
        return Comparison(*subject, floor, shift, floor, words)

    def unused(self, cells: set[str]) -> list[str]:
        """A sentence for every pattern that matches none of these benchmarks."""
        patterns = dict.fromkeys((*self.benchmarks, *self.allowed_missing))
        unused = [pattern for pattern in patterns if not any(matches(cell, pattern) for cell in cells)]
        return [f"The policy's pattern {pattern!r} matches no benchmark." for pattern in unused]


def matches(cell: str, pattern: str) -> bool:
    """Like a shell: `*`, `?`, `[ab]`; a name also matches itself, whatever brackets a parameter put into it."""
    return cell == pattern or fnmatchcase(cell, pattern)


def missing(
    before: Iterable[str], after: Iterable[str], policy: Policy, why: Callable[[str], str]
) -> tuple[list[Finding], list[str]]:
    """What only the earlier side has: a finding each, or a note where the policy allows it."""
    lost = [name for name in before if name not in after]
    allowed = [name for name in lost if any(matches(name, pattern) for pattern in policy.allowed_missing)]
    findings = [Finding("presence", name, "missing", why(name)) for name in lost if name not in allowed]
    return findings, [f"{name} is missing, as the policy allows." for name in allowed]


def renamed(lost: str, names: Iterable[str]) -> str:
    """The name that one which is gone may have now; empty if none is like it."""
    return next(iter(difflib.get_close_matches(lost, names, n=1, cutoff=0.5)), "")


def read(path: Path) -> Policy:
    """The policy in a pyproject.toml; the defaults where it says nothing.

    Raises:
        PolicyError: If the file is unreadable, not TOML, or asks for something unknown or out of range.
    """
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"{path} cannot be read ({error.strerror}); give the path of a pyproject.toml") from error
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{path} is not TOML ({error}); mend it, or give another file with --policy") from error
    for key in ("tool", "triptych", "gate"):
        table = table.get(key, {}) if isinstance(table, dict) else table
    try:
        msgspec.convert(table, _TABLES)
        return msgspec.convert(table, Policy)
    except msgspec.ValidationError as error:
        raise PolicyError(
            f"{path}, [tool.triptych.gate]: {error}; the keys are {KEYS}, and a margin is a fraction, 0.02 for 2 %, "
            "a floor the metric's own unit, 0.02 for 20 ms"
        ) from error


def find(path: Path | None) -> Policy:
    """The policy in that file, or in the current folder's pyproject.toml, or the defaults.

    Raises:
        PolicyError: If the file cannot be used.
    """
    own = Path("pyproject.toml")
    return read(path) if path else read(own) if own.is_file() else Policy()
