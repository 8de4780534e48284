"""Counts a cell in its worker: equations, programs, operations, bytes. Nothing here looks at a clock."""

import inspect
import re
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr

from triptych.benches.record.counts import Counts, Program
from triptych.benches.record.files import scratch
from triptych.benches.record.lines import lines_of_code
from triptych.benches.worker.cell import PreparedCell
from triptych.benches.worker.program import program_of
from triptych.benches.workloads.formulas import bytes_per_step, flops_per_step

LAUNCH = re.compile(r"Executable::ExecuteHelper(OnSingleDevice)?$")  # so XLA's clients call one launched program
PARTS = ("argument", "output", "alias", "temp")  # of a program's memory, as XLA names them
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024

Built = tuple[Any, Any]  # a call lowered, and compiled
Found = tuple[dict[str, int | None], Program | None]  # counts by name, and the program of a call that is one


def count(cell: PreparedCell, compilations: int | None, built: Built | None) -> tuple[Counts, Program | None]:
    """Everything that can be counted of a cell, and the program of its call if that is one.

    Of a warm cell nothing is compiled here, nor where `built` is the program of its call. The `compilations` were
    counted where its first calls were made; null if nobody did.

    Raises:
        Exception: Whatever the trainer raises.
    """
    workload = cell.workload
    counted, program = _of_jax(cell, compilations, built) if cell.of_jax else ({}, None)
    counts = Counts(
        steps_per_call=cell.steps_per_call,
        analytic_flops_per_step=flops_per_step(workload.task, workload.batch_size),
        analytic_bytes_per_step=bytes_per_step(workload.task, workload.batch_size),
        leaves_in=len(jax.tree.leaves(cell.arguments())),
        host_peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT_BYTES,
        trainer_lines=trainer_lines(cell.trainer),
        **counted,
    )
    return counts, program


def _of_jax(cell: PreparedCell, compilations: int | None, built: Built | None) -> Found:
    """What jax says of a call, traced and, if it is one program, compiled."""
    is_one_program = cell.mode != "eager" and hasattr(cell.call, "lower")
    with cell.running():
        traced: ClosedJaxpr = jax.make_jaxpr(cell.call)(*cell.arguments())
    counted, program = _of_program(cell, built) if is_one_program else ({}, None)
    counted |= {
        "jaxpr_equations": equations(traced.jaxpr),
        "executables_per_call": 1 if is_one_program else launches(cell),
        "compilations": compilations,
        "leaves_out": len(traced.out_avals),
    }
    return counted, program


def equations(jaxpr: Jaxpr) -> int:
    """All equations of a jaxpr; one that holds jaxprs of its own counts itself and theirs."""
    return sum(1 + sum(map(equations, _inside(list(eqn.params.values())))) for eqn in jaxpr.eqns)


def _inside(values: Any) -> Iterator[Jaxpr]:
    """The jaxprs among the parameters of an equation."""
    for value in values:
        if isinstance(value, ClosedJaxpr):
            yield value.jaxpr
        elif isinstance(value, Jaxpr):
            yield value
        elif isinstance(value, tuple | list):
            yield from _inside(value)


def launches(cell: PreparedCell) -> int | None:
    """Programs that one warm call launches, as jax's profiler saw them; None where it saw none.

    The equations of a traced call will not do: values that a tracer holds as constants, and rows of a batch that is
    iterated over, are launched differently when every operation is sent to the device by itself.
    """
    options = jax.profiler.ProfileOptions()
    options.python_tracer_level, options.host_tracer_level = 0, 1
    with scratch("profile") as folder:
        state = cell.start()
        with cell.running(), jax.profiler.trace(str(folder), profiler_options=options):
            cell.finish(cell.call(state, cell.inputs[0]))
        profiles = [jax.profiler.ProfileData.from_file(str(path)) for path in folder.rglob("*.xplane.pb")]
    lines = (line for profile in profiles for plane in profile.planes for line in plane.lines)
    return sum(bool(LAUNCH.search(event.name)) for line in lines for event in line.events) or None


def trainer_lines(trainer: Any) -> int | None:
    """Lines of code of the trainer's file and of those beside it that it imports; None if there is none to read."""
    try:
        own = Path(inspect.getsourcefile(type(trainer)) or "")
        todo, files = [sys.modules[type(trainer).__module__]], {own}
        while todo:
            for one in vars(todo.pop()).values():
                module = one if inspect.ismodule(one) else sys.modules.get(str(getattr(one, "__module__", "")))
                file = Path(getattr(module, "__file__", None) or "/")
                if file.parent == own.parent and file not in files:
                    files.add(file)
                    todo.append(module)  # pyright: ignore[reportArgumentType]  what has a file is a module
        return sum(lines_of_code(file.read_text(encoding="utf-8")) for file in files)
    except (TypeError, KeyError, OSError, SyntaxError, UnicodeDecodeError):
        return None


def _of_program(cell: PreparedCell, built: Built | None) -> Found:
    """The one program that a call is, lowered and optimised; what has run is in jax's cache."""
    call: Any = cell.call
    lowered = built[0] if built else call.lower(*cell.arguments())
    compiled = built[1] if built else lowered.compile()
    program = program_of(_told(compiled.as_text) or "")
    costs = _told(compiled.cost_analysis) or {}
    memory = _told(compiled.memory_analysis)
    counts = {
        "stablehlo_operations": operations(lowered.compiler_ir(dialect="stablehlo").operation),
        "hlo_instructions": program and sum(program.operations.values()),
        "hlo_fusions": program and program.operations.get("fusion", 0),
        "xla_flops": _amount(costs.get("flops")),
        "xla_bytes": _amount(costs.get("bytes accessed")),
        "xla_peak_bytes": _amount(getattr(memory, "peak_memory_in_bytes", None)) or None,
        **{f"{part}_bytes": _amount(getattr(memory, f"{part}_size_in_bytes", None)) for part in PARTS},
    }
    if cell.target and call is not cell.trainer.step:
        counts["alias_bytes"] = None  # it was jitted here, which took from it what it says of donation
    return counts, program


def operations(operation: Any) -> int:
    """StableHLO operations of an MLIR operation and its regions."""
    inner = (child for region in operation.regions for block in region for child in block)
    own = operation.name.startswith("stablehlo.")
    return own + sum(operations(child.operation) for child in inner)


def _told(analysis: Callable[[], Any]) -> Any:
    """What the backend says; None if it does not."""
    try:
        return analysis()
    except (NotImplementedError, jax.errors.JaxRuntimeError):
        return None


def _amount(value: float | None) -> int | None:
    """A whole number; backends say -1 for what they do not know."""
    return None if value is None or not 0 <= value <= 1e18 else round(value)
