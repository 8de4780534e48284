"""Whether two trainers become one program is said only of what is known to compute the same; and what fits a device."""

import msgspec
from runs import cell_record, run_of

from triptych.benches.analysis.programs import fits, twins
from triptych.benches.record.counts import Counts, Program
from triptych.benches.record.run import ArmRecord, Cell, CellRecord, Outcome, Run


def aimed(trainer: str, operations: dict[str, int], digest: str, workload: str = "xor") -> CellRecord:
    """A cell that was compiled for a TPU and never run."""
    counts = Counts(argument_bytes=5, output_bytes=5, alias_bytes=4, temp_bytes=2)
    cell, program = Cell(workload, trainer, "tpu_v5e", "compile"), Program(digest, operations)
    return CellRecord(cell, "tpu_v5e", Outcome("ok", "compiled"), counts=counts, program=program)


def with_target(*cells: CellRecord) -> Run:
    run = run_of(*cells)
    run.arms.append(ArmRecord("tpu_v5e", "tpu_v5e", {}, target="tpu:v5e", memory_bytes=10))
    return run


def test_a_program_stands_beside_the_references_where_the_cpu_has_certified_both() -> None:
    """One more add and two less copies; a lost parity is said in its place, and what was not run is left out."""
    ours = aimed("flax_optax", {"add": 3, "fusion": 2}, "b")
    theirs = aimed("treemap", {"add": 2, "copy": 2, "fusion": 2}, "a")
    same = [cell_record(name, {0: [1e-6]}) for name in ("flax_optax", "treemap")]
    (one,) = twins(with_target(ours, theirs, *same))
    assert (one.same, one.more, one.uncertified) == (False, {"copy": -2, "add": 1}, "")
    assert next(twins(with_target(aimed("flax_optax", {}, "a"), aimed("treemap", {}, "a"), *same))).same
    other = [same[1], cell_record("flax_optax", {0: [1e-6]}, (0.7, 0.2))]
    assert "losses differ at step 50" in next(twins(with_target(ours, theirs, *other))).uncertified
    assert list(twins(with_target(ours, theirs))) == []


def test_what_fits_is_the_largest_size_within_the_memory_of_one_device() -> None:
    """8 bytes of 10 fit; a size that takes more, or that the compiler refuses, does not."""
    cells = [aimed("treemap", {}, "a", f"digits-batch{size}") for size in (8, 16, 32, 64)]
    cells[2].counts = msgspec.structs.replace(cells[2].counts or Counts(), temp_bytes=90)
    cells[3].counts, cells[3].outcome = None, Outcome("out_of_memory", "RESOURCE_EXHAUSTED")
    (fit,) = fits(with_target(*cells))
    assert (fit.workload, fit.axis, fit.fits, fit.fails, fit.has) == ("digits", "batch", (16, 8), 32, 10)
    refused = aimed("naive", {}, "a", "digits-batch8")
    refused.counts, refused.program, refused.outcome = None, None, Outcome("unsupported", "not applicable")
    (none,) = fits(with_target(*cells[2:], refused))
    assert (none.fits, none.fails) == (None, 32)
