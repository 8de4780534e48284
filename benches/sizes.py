"""Workloads in other sizes: `digits-width256` is `digits` with hidden layers of 256 units, and its name says so."""

import re
from dataclasses import replace
from functools import lru_cache

from benches.workloads import WORKLOADS, Workload

NAME = re.compile(r"(?P<base>.+)-width(?P<width>[1-9][0-9]{0,4})")


@lru_cache
def workload_named(name: str) -> Workload:
    """The workload of that name, at its own size or at another.

    Raises:
        KeyError: If there is none.
    """
    found = NAME.fullmatch(name)
    if found is None:
        return WORKLOADS[name]
    base = WORKLOADS[found["base"]]
    inputs, *hidden, outputs = base.task.layer_sizes
    sizes = (inputs, *[int(found["width"])] * len(hidden), outputs)
    return replace(base, name=name, task=replace(base.task, layer_sizes=sizes))
