"""What is said of two programs, and of what fits a device; and that a page has both."""

from pathlib import Path

import msgspec
from runs import XOR, cell_record, run_of

from triptych.benches.record.counts import Counts, Program
from triptych.benches.record.run import ArmRecord, Cell, CellRecord, Outcome, Run
from triptych.reports.page.page import reproduce, write_report
from triptych.reports.view.report import report
from triptych.reports.words import programs


def aimed(trainer: str, operations: dict[str, int], temp_bytes: int = 0, workload: str = "xor") -> CellRecord:
    """A cell that was compiled for a TPU; its digest is what it consists of."""
    counts = Counts(argument_bytes=52, output_bytes=56, alias_bytes=52, temp_bytes=temp_bytes)
    cell, program = Cell(workload, trainer, "tpu_v5e", "compile"), Program(str(operations), operations)
    return CellRecord(cell, "tpu_v5e", Outcome("ok", "compiled, and never run"), counts=counts, program=program)


def aimed_run(*cells: CellRecord) -> Run:
    """With both trainers run on the CPU, to the same losses."""
    run = run_of(*(cell_record(name, {0: [1e-6]}) for name in ("treemap", "flax_optax")), *cells)
    run.arms.append(ArmRecord("tpu_v5e", "tpu_v5e", {}, target="tpu:v5e", memory_bytes=16_000_000_000))
    names = dict.fromkeys(cell.cell.workload for cell in cells)
    run.workloads = [msgspec.structs.replace(XOR, name=name) for name in ("xor", *names)]
    return run


def said(ours: CellRecord) -> str:
    """Of a program of Flax beside one of treemap with two adds, a copy and a fusion."""
    run = aimed_run(aimed("treemap", {"add": 2, "copy": 1, "fusion": 1}), ours)
    [by_device] = programs.same(report([run])).values()
    return by_device["tpu_v5e"]


def test_equal_programs_are_said_to_be_one() -> None:
    """And of others how many instructions more, which, whether they are fused alike, and what memory they take."""
    assert said(aimed("flax_optax", {"add": 2, "copy": 1, "fusion": 1})) == "the same program"
    assert said(aimed("flax_optax", {"add": 4, "fusion": 1})) == (
        "no: 1 instruction more: +2 add, \N{MINUS SIGN}1 copy; the same fusions; the same memory"
    )
    assert said(aimed("flax_optax", {"add": 2, "fusion": 2}, temp_bytes=944)) == (
        "no: as many instructions: \N{MINUS SIGN}1 copy, +1 fusion; fusions 1 \N{RIGHTWARDS ARROW} 2; "
        "memory 56.0 B \N{RIGHTWARDS ARROW} 1.00 kB"
    )


def test_what_goes_between_chips_is_told_with_its_bytes() -> None:
    """All-reduces of 56 bytes."""
    cell = aimed("flax_optax", {"add": 2, "copy": 1, "fusion": 1})
    cell.program = msgspec.structs.replace(cell.program or Program("", {}), collective_bytes={"all-reduce": 56})
    assert said(cell) == "the same program; all-reduce of 56.0 B"


def test_what_fits_is_told_with_its_neighbour(tmp_path: Path) -> None:
    """16 GB hold a batch of 64 and not one of 128; the page says so, in a section that its navigation knows."""
    sizes = {size: aimed("treemap", {}, size * 200_000_000, f"xor-batch{size}") for size in (32, 64, 128)}
    run = aimed_run(*sizes.values())
    [by_device] = programs.largest(report([run])).values()
    assert by_device == {"tpu_v5e": "64 fits (12.8 GB of 16.0 GB); 128 does not"}
    page = write_report([run], tmp_path)[0].read_text(encoding="utf-8")
    assert '<a href="#programs">Programs</a>' in page
    assert "64 fits (12.8 GB of 16.0 GB); 128 does not" in page


def test_a_cell_that_only_compiles_stands_in_the_table_and_takes_no_part_in_the_verdict(tmp_path: Path) -> None:
    """No card, no ratio, no caveat; its command asks to compile it again."""
    run = aimed_run(aimed("treemap", {"add": 1}), aimed("flax_optax", {"add": 1}))
    view = report([run])
    page = write_report([run], tmp_path)[0].read_text(encoding="utf-8")
    assert page.count("compiled, and never run") >= 2
    assert "did not come to the end" not in page
    row = next(row for row in view.rows if row.place.mode == "compile")
    assert "--compile-for tpu:v5e --mode compile" in reproduce(view, row)
