"""What is counted of a cell beside its times, and which of it is exact.

Counts say why a time is what it is, and some of them are equal in every process, so that a change of one needs no
statistics. What does not apply to a cell, or what its backend does not say, is null.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[int, msgspec.Meta(ge=0, le=10**18)]  # bounded, lest a file make a figure that arithmetic cannot hold


class Counts(msgspec.Struct, frozen=True):
    """The counts of one cell; `COUNTS` says what each is. A call is one step, or in scan mode a whole training.

    A call that is one compiled program launches 1; for any other, a trace of jax's own profiler says how many. From
    `stablehlo_operations` to `xla_peak_bytes` there is nothing where the call is not compiled. What XLA says is its own
    cost and memory analysis, advisory off the CPU; the formulas are `triptych.benches.workloads.formulas`.
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


class Program(msgspec.Struct, frozen=True):
    """What XLA made of a call."""

    digest: str  # equal for equal programs; names, places in the source and the compiler's notes do not count
    operations: dict[str, Amount]  # its instructions by kind
    collective_bytes: dict[str, Amount] = {}  # what goes between chips, by kind


Rise = Literal["cost", "program", "memory", "nothing"]
"""What more of a count means: more work; another program, not a better or worse one; more memory; nothing by itself."""


class CountRow(NamedTuple):
    """One count: a field of `Counts`, and all that is said of it anywhere."""

    name: str
    words: str  # before a figure in a sentence
    title: str  # of its line on the page; empty if it has none of its own
    meaning: str  # of that line
    rise: Rise = "nothing"
    exact: bool = True  # equal in every process on the CPU, for one version of jax and jaxlib; a test counts in two
    autotuned: bool = False  # off the CPU no two processes need agree: XLA tries kernels there and keeps the fastest
    gated: bool = True  # whether the golden file keeps it, since it says something of the program


COUNTS = (  # in the order of the page
    CountRow("steps_per_call", "steps in a call", "", ""),
    CountRow("executables_per_call", "programs launched per call", "Programs launched",
             "By one call; in scan mode a call is a whole training.", rise="cost"),
    CountRow("compilations", "programs compiled in three calls", "Programs compiled",
             "By the first three calls, from cold caches.", rise="cost"),
    CountRow("jaxpr_equations", "equations", "Equations",
             "Of the traced call, those inside others included.", rise="program"),
    CountRow("stablehlo_operations", "StableHLO operations", "StableHLO operations",
             "Of the program that jax hands to XLA.", rise="program"),
    CountRow("hlo_instructions", "HLO instructions", "HLO instructions",
             "Of the program that XLA made of it.", rise="program", autotuned=True),
    CountRow("hlo_fusions", "fusions", "Fusions",
             "Of these, several operations in one loop.", rise="program", autotuned=True),
    CountRow("leaves_in", "arrays in", "Arrays in → out", "Of state and batch, of new state and loss."),
    CountRow("leaves_out", "arrays out", "", ""),
    CountRow("analytic_flops_per_step", "flops by formula", "Flops, by formula",
             "Of one step of the task, whoever trains it."),
    CountRow("xla_flops", "flops by XLA", "Flops, by XLA",
             "Of one call, a loop's body once; XLA's own estimate.", rise="cost", autotuned=True),
    CountRow("analytic_bytes_per_step", "bytes by formula", "Bytes, by formula",
             "What one step must move: state, batch and loss."),
    CountRow("xla_bytes", "bytes by XLA", "Bytes, by XLA",
             "Accessed by one call, a loop's body once; an estimate.", autotuned=True),
    CountRow("argument_bytes", "argument bytes", "Argument bytes", "Everything that goes into a call.", rise="memory"),
    CountRow("output_bytes", "output bytes", "Output bytes", "Everything that comes out.", rise="memory"),
    CountRow("alias_bytes", "donated bytes", "Donated bytes", "Of the output, what lies in the input's memory."),
    CountRow("temp_bytes", "temporary bytes", "Temporary bytes",
             "What lives only inside the call.", rise="memory", autotuned=True),
    CountRow("xla_peak_bytes", "peak bytes by XLA", "Peak bytes, by XLA",
             "The most that is alive at once inside the call.", autotuned=True),
    CountRow("host_peak_rss_bytes", "bytes of the worker", "Worker's memory ≈",
             "Of the whole process, all cells together; not exact.", exact=False, gated=False),
    CountRow("trainer_lines", "lines of code", "Lines of code",
             "Of the trainer's file and those it imports from beside it; no comments, no docstrings.", gated=False),
)  # fmt: skip

AHEAD = ("tpu_", "gpu_")  # so begin the labels of devices that are compiled for without being there; see `targets`


def gated(platform: str, rise: Rise | None = None) -> tuple[str, ...]:
    """The counts that a gate compares on a platform: exact ones that say something of the program, or such a rise.

    Without a device nothing is autotuned: what is compiled for one that is not there is as exact as on the CPU.
    """
    exact = platform == "cpu" or platform.startswith(AHEAD)
    return tuple(one.name for one in COUNTS if one.gated and (exact or not one.autotuned) and rise in (None, one.rise))


def changes(
    baseline: Mapping[str, int | None], candidate: Mapping[str, int | None], names: Iterable[str] | None = None
) -> list[str]:
    """For instance "equations 45 → 46", for each count, or each of these, that differs; what is not there is none."""
    words = {one.name: one.words for one in COUNTS}
    said: list[str] = []
    for name in {**baseline, **candidate} if names is None else names:
        old, new = (counts.get(name) for counts in (baseline, candidate))
        if old != new:
            told = " → ".join("none" if count is None else f"{count:,}" for count in (old, new))
            said.append(f"{words.get(name, name)} {told}")
    return said


def memory_bytes(counts: Counts, platform: str) -> int | None:
    """What a call holds by XLA's memory analysis: arguments, outputs that alias none of them, and temporaries."""
    parts = [getattr(counts, name) for name in (*gated(platform, "memory"), "alias_bytes")]
    return None if None in parts else sum(parts[:-1]) - parts[-1]


def needed_bytes(counts: Counts, platform: str) -> int | None:
    """The larger of the compiler's two accounts: these parts, and the most that is alive at once."""
    said = [one for one in (memory_bytes(counts, platform), counts.xla_peak_bytes) if one is not None]
    return max(said, default=None)
