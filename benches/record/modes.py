"""The modes: how the steps of a cell are called, and what follows from that. One row each."""

from typing import Literal, NamedTuple

Mode = Literal["step", "scan", "eager", "floor", "limit", "compile"]


class Calling(NamedTuple):
    """How steps are called in a mode."""

    words: str  # for people
    offered: bool = True  # it can be asked for by name; the others are parts of an experiment
    timed: bool = True  # its steps run; else it is compiled and counted alone
    trained: bool = True  # it learns something, so that its losses can be compared
    single: bool = True  # a call is one step and returns its loss
    traced: bool = True  # a call can be traced by jax, which tells if it stays on the device and what it is made of
    seeded: bool = False  # it is trained to the target from further seeds; the other modes would take the same steps
    ranked: bool = True  # it is a trainer's, and in the tables; the others are what a trainer's time is held against


MODES: dict[Mode, Calling] = {
    "step": Calling("a Python loop that calls a step", seeded=True),
    "scan": Calling("all steps in one lax.scan", single=False),
    "eager": Calling("a loop of steps without jit"),
    "floor": Calling("an empty compiled call in place of a step", trained=False, traced=False, ranked=False),
    "limit": Calling("a loop in C in place of a training", offered=False, single=False, traced=False, ranked=False),
    "compile": Calling(
        "compiled for a device that is not there, and never run", timed=False, trained=False, single=False
    ),
}
