"""What is counted of a cell beside its times, and which of it is exact.

Counts say why a time is what it is, and some of them are equal in every process, so that a change of one needs no
statistics. What does not apply to a cell, or what its backend does not say, is null.
"""

from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**18)]
"""Bounded, so that no file can make a figure that arithmetic cannot hold."""

Rate = Annotated[float, msgspec.Meta(gt=0, lt=1e24)]


class Counts(msgspec.Struct, frozen=True):
    """The counts of one cell. A call is one step, or in scan mode a whole training.

    Attributes:
        steps_per_call: Updates that one call makes.
        jaxpr_equations: Of the traced call, those inside other equations included.
        executables_per_call: Programs that a warm call launches: 1 where the call is one compiled program, otherwise
            counted in a trace of jax's own profiler.
        compilations: Programs built by the first three calls from cold caches; a retrace at the second one shows.
        stablehlo_operations: Of the lowered program, regions included. From here on only where the call is compiled.
        hlo_instructions: Of the optimised program, fused ones included.
        hlo_fusions: Of them, those that are a fusion.
        xla_flops: By XLA's cost analysis, per call; the body of a loop counts once. Advisory off the CPU.
        xla_bytes: Likewise, bytes accessed.
        argument_bytes: Of everything that goes in, by XLA's memory analysis.
        output_bytes: Of everything that comes out.
        alias_bytes: Of the outputs, what lies in donated inputs.
        temp_bytes: Of what lives only inside the call.
        xla_peak_bytes: The most that is alive at once, by XLA.
        analytic_flops_per_step: Of the task, by formula (`triptych.benches.workloads.formulas`), whoever trains it.
        analytic_bytes_per_step: The least that must move, by formula.
        leaves_in: Arrays of state and batch.
        leaves_out: Arrays of the new state and the loss.
        host_peak_rss_bytes: The most memory that the worker had by then, for all its cells; never exact.
        trainer_lines: Lines of the trainer's file without blank ones, comments and docstrings.
    """

    steps_per_call: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 1
    jaxpr_equations: Amount | None = None
    executables_per_call: Amount | None = None
    compilations: Amount | None = None
    stablehlo_operations: Amount | None = None
    hlo_instructions: Amount | None = None
    hlo_fusions: Amount | None = None
    xla_flops: Amount | None = None
    xla_bytes: Amount | None = None
    argument_bytes: Amount | None = None
    output_bytes: Amount | None = None
    alias_bytes: Amount | None = None
    temp_bytes: Amount | None = None
    xla_peak_bytes: Amount | None = None
    analytic_flops_per_step: Amount | None = None
    analytic_bytes_per_step: Amount | None = None
    leaves_in: Amount | None = None
    leaves_out: Amount | None = None
    host_peak_rss_bytes: Amount | None = None
    trainer_lines: Amount | None = None


EXACT: tuple[str, ...] = tuple(name for name in Counts.__struct_fields__ if name != "host_peak_rss_bytes")
"""Equal in every process on the CPU, for one version of jax and jaxlib; `tests/benches/test_counts.py` repeats it."""

AUTOTUNED = ("hlo_instructions", "hlo_fusions", "xla_flops", "xla_bytes", "temp_bytes", "xla_peak_bytes")
"""Off the CPU these may differ from process to process, since XLA tries kernels there and keeps the fastest."""


def gated(platform: str) -> tuple[str, ...]:
    """The counts that a gate compares on a platform: exact ones that say something of the program."""
    left_out = ("trainer_lines",) if platform == "cpu" else ("trainer_lines", *AUTOTUNED)
    return tuple(name for name in EXACT if name not in left_out)


def memory_bytes(counts: Counts, platform: str) -> int | None:
    """What a call holds by XLA's memory analysis: arguments, outputs that alias none of them, and temporaries."""
    parts = (counts.argument_bytes, counts.output_bytes, counts.alias_bytes)
    temp = counts.temp_bytes if platform == "cpu" else 0
    if None in parts or temp is None:
        return None
    arguments, outputs, alias = (part or 0 for part in parts)
    return arguments + outputs - alias + temp


class Ceilings(msgspec.Struct, frozen=True):
    """What the device of an arm reaches at best: a share of it says how far a step is from the hardware.

    Attributes:
        flops_per_s: Of a large matrix product in float32.
        bytes_per_s: Read and written by a large copy.
    """

    flops_per_s: Rate
    bytes_per_s: Rate
