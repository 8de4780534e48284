"""Cells chosen as the options of a run choose them, for tests of the choice."""

from typing import Any

from triptych.benches.record.run import Cell
from triptych.benches.run.choice import chosen
from triptych.benches.run.options import OPTIONS


def choose(**typed: Any) -> dict[Cell, str]:
    """The cells on the CPU for some options, with what is loaded for each."""
    return chosen({option.name: option.default for option in OPTIONS} | {"device": ["cpu"]} | typed)
