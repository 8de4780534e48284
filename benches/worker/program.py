"""Reads an optimised program of XLA's as text: what it consists of, and a digest by which equal ones are known."""

import hashlib
import math
import re
from collections import Counter

from triptych.benches.record.counts import Program

INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?[\w.-]+ = (.*)", re.MULTILINE)  # a name, an equals sign, shape, operation
OPERATION = re.compile(r"\s([a-z][\w-]*)\(")
NOTES = re.compile(  # what may differ between equal programs
    r""", (?:metadata|frontend_attributes)=\{(?:[^}"]|"[^"]*")*\}|, backend_config=.*$|/\*.*?\*/""", re.MULTILINE
)
ALIASES = re.compile(r"^HloModule.*(input_output_alias=\{.*\}), entry_computation_layout", re.MULTILINE)
NAME = re.compile(r"%[\w.-]+")
COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")
GIVES_BOTH = ("all-gather-start", "collective-permute-start")
ARRAY = re.compile(r"([a-z]+)(\d*)\[([\d,]*)\]")  # the type of an array, as "f32[4,3]"; a bit of `pred` takes a byte


def program_of(text: str) -> Program | None:
    """What a compiled program says of itself; None where the backend has given no text."""
    if not (lines := INSTRUCTION.findall(text)):
        return None
    kinds = [(found[1] if (found := OPERATION.search(f" {line}")) else "unknown") for line in lines]
    moved: Counter[str] = Counter()
    for kind, line in zip(kinds, lines, strict=True):
        if (whole := kind.removesuffix("-start")) in COLLECTIVES:
            moved[whole] += moved_bytes(kind, line[: line.index(f" {kind}(")])
    return Program(digest(text), dict(sorted(Counter(kinds).items())), dict(moved))


def digest(text: str) -> str:
    """Of what is donated and the instructions in order, each name replaced by the number of its first occurrence."""
    names: dict[str, str] = {}
    lines = [line for line in NOTES.sub("", text).splitlines() if " = " in line or line.startswith("}")]
    kept = "\n".join(ALIASES.findall(text) + lines)
    renamed = NAME.sub(lambda found: names.setdefault(found[0], f"%{len(names)}"), kept)
    return hashlib.sha256(renamed.encode()).hexdigest()[:16]


def moved_bytes(kind: str, types: str) -> int:
    """What an operation between chips gives; one that only begins it names beside that, and first, what it takes."""
    arrays: list[tuple[str, str, str]] = ARRAY.findall(types)
    if kind in GIVES_BOTH:
        arrays = [one for one in arrays if one[2]]  # without the numbers that it waits by
        arrays = arrays[len(arrays) // 2 :]
    return sum(int(bits or 8) * math.prod(map(int, filter(None, shape.split(",")))) // 8 for _, bits, shape in arrays)
