"""The command that measures one cell of a gate once more, for whoever doubts a finding."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from triptych.benches.gate.sides import BASE
from triptych.benches.record.run import Cell, Run
from triptych.reports.gate.command import gate

KEPT = ("device", "cpus", "base_python", "policy")
"""The options that are typed again where they say anything unusual; not the seed, for another order tells more."""


def command(options: Mapping[str, Any], run: Run, cell: Cell) -> str:
    """As it is typed in the same folder, for twice as many restarts: what one cell alone takes is little."""
    base = options["base"] or next(arm.commit for arm in run.arms if arm.name == BASE)
    trainer = _as_typed(run.references.get(cell.trainer, cell.trainer), options["trainer"])
    workload = _as_typed(run.workload(cell.workload).reference or cell.workload, options["workload"])
    words = ["--base", base, "--trainer", trainer, "--workload", workload, "--restarts", 2 * run.settings.restarts]
    for known in gate.params:
        value = options.get(known.name or "")
        if known.name in KEPT and value is not None and str(value) != str(known.default):
            words += [known.opts[0], value]
    return shlex.join(["triptych", "gate", *map(str, words)])


def _as_typed(reference: str, given: Iterable[str]) -> str:
    """A reference counted from the root of the repository as it was typed, perhaps in a folder of it."""
    typed = (name for names in given for name in names.split(","))
    return next((one for one in typed if reference == one or reference.endswith(f"/{one}")), reference)
