"""What is counted of a cell: expected figures from a hand or from XLA, and each count moved by what should move it."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import counted_trainers
import jax
import jax.numpy as jnp
import pytest

from triptych.benches.arms.arm import platform_arm
from triptych.benches.arms.process import Workers
from triptych.benches.gate import golden
from triptych.benches.record.counts import COUNTS, Counts, gated
from triptych.benches.record.lines import lines_of_code
from triptych.benches.record.run import Cell, Mode
from triptych.benches.schedule.tally import Counting, count_cells, everywhere
from triptych.benches.worker import messages
from triptych.benches.worker.count import equations
from triptych.benches.workloads.published import WORKLOADS, save
from triptych.impls import registry

FILE = Path(counted_trainers.__file__)

EXACT = {one.name for one in COUNTS if one.exact}

CountOf = Callable[..., Counts]


def spread(tallies: Sequence[Mapping[Cell, Counts | str]]) -> list[tuple[str, str, list[Any]]]:
    """Cell, count and values of each count that differs between tallies."""
    said: list[tuple[str, str, list[Any]]] = []
    for cell in tallies[0]:
        sides = [tally[cell] for tally in tallies]
        for name in Counts.__struct_fields__:
            values = list(dict.fromkeys(getattr(side, name, side) for side in sides))
            said += [(cell.id, name, values)] if len(values) > 1 else []
    return said


@pytest.fixture(scope="module")
def count_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CountOf]:
    """Counts a trainer on xor, each in a worker of its own."""
    path = save(WORKLOADS["xor"], tmp_path_factory.mktemp("data"))
    with Workers() as workers:

        def count(reference: str, mode: Mode = "step") -> Counts:
            cell = Cell("xor", registry.label(reference), "cpu", mode)
            spec = messages.Spec(cell, reference, str(path))
            with workers.start(platform_arm("cpu")) as worker:
                assert isinstance(worker.ask(messages.Hold(spec), 60), messages.Held)
                assert isinstance(worker.ask(messages.Compile(0), 60), messages.Compiled)
                answer = worker.ask(messages.Count(), 60)
            assert isinstance(answer, messages.Counted), answer
            return answer.counts

        yield count


def test_equations_inside_equations_count() -> None:
    """By hand: a scan with two in its body, and one addition, are four."""
    jaxpr = jax.make_jaxpr(lambda x: jax.lax.scan(lambda c, _: (-(c * c), None), x, length=3)[0] + x)(1.0)
    assert equations(jaxpr.jaxpr) == 4


def test_a_compiled_step_is_one_program(count_of: CountOf) -> None:
    """One launch, one compilation; 13 parameters of 4 bytes are donated, 12 values of the batch are not."""
    counts = count_of("treemap")
    assert (counts.executables_per_call, counts.compilations, counts.steps_per_call) == (1, 1, 1)
    assert (counts.argument_bytes, counts.alias_bytes) == (4 * (13 + 12), 4 * 13)
    assert (counts.leaves_in, counts.leaves_out) == (4 + 2, 4 + 1)


def test_launches_are_counted_where_a_step_is_not_one_program(count_of: CountOf) -> None:
    """The lesson's step as published: one gradient, and for each of 4 arrays a product and a difference."""
    assert count_of("compiled_gradient").executables_per_call == 1 + 4 * 2


def test_a_lost_donation_shows(count_of: CountOf) -> None:
    """The same program without donation shares nothing with its input."""
    assert count_of("undonated").alias_bytes == 0


def test_a_second_program_shows(count_of: CountOf) -> None:
    """One at the first call, another at the second, none at the third."""
    assert count_of(f"{FILE}:TwoPrograms").compilations == 2


def test_what_the_state_has_built_counts_for_the_step_all_the_same(count_of: CountOf) -> None:
    """Else an eager step that shares programs with its own first state would seem to need fewer."""
    assert count_of(f"{FILE}:Eager").compilations == count_of(f"{FILE}:Sharing").compilations == 2


def test_a_compile_is_made_again_only_where_it_is_short(tmp_path: Path) -> None:
    """Of a new build, from cleared caches, marked as that; what takes a second is compiled once."""
    path = save(WORKLOADS["xor"], tmp_path)
    found: dict[str, list[bool]] = {}
    with Workers() as workers:
        for trainer in ("treemap", "naive"):
            with workers.start(platform_arm("cpu")) as worker:
                worker.ask(messages.Hold(messages.Spec(Cell("xor", trainer, "cpu"), trainer, str(path))), 60)
                answer = worker.ask(messages.Compile(0, samples=2), 60)
            assert isinstance(answer, messages.Compiled)
            assert all(one.programs == answer.compiles[0].programs for one in answer.compiles)
            found[trainer] = [one.again for one in answer.compiles]
    assert found["naive"] == [False]
    assert found["treemap"] in ([False, True], [False])  # the latter where the machine is busy


def test_an_unrolled_loop_shows_under_scan(count_of: CountOf) -> None:
    """The same work in one program of the same launches, but of at least 190 more equations and operations."""
    rolled, unrolled = (count_of(f"{FILE}:{name}", "scan") for name in ("Looping", "Unrolled"))
    assert rolled.executables_per_call == unrolled.executables_per_call == 1
    assert rolled.steps_per_call == 2000
    assert (unrolled.jaxpr_equations or 0) - (rolled.jaxpr_equations or 0) > 190
    assert (unrolled.stablehlo_operations or 0) - (rolled.stablehlo_operations or 0) > 190


def test_an_extra_product_shows_in_the_flops() -> None:
    """A product of 16 x 16 matrices is 2 x 16^3 operations, as XLA counts."""
    matrix = jnp.ones((16, 16))

    def flops(function: Callable[[jax.Array], jax.Array]) -> float:
        costs = jax.jit(function).lower(matrix).compile().cost_analysis()
        assert costs is not None, "the CPU says"
        return costs["flops"]

    assert flops(lambda x: x @ x @ x) - flops(lambda x: x @ x) == 2 * 16**3


def test_exact_counts_are_equal_in_fresh_processes(count_of: CountOf) -> None:
    """Two of them; the test below does it with ten."""
    cell = Cell("xor", "treemap", "cpu")
    tallies = [{cell: count_of("treemap")}, count_cells([cell], platform_arm("cpu")).counted]
    assert isinstance(tallies[1][cell], Counts)
    assert [name for _, name, _ in spread(tallies) if name in EXACT] == []


@pytest.mark.processes
@pytest.mark.parametrize("asked", everywhere()[0], ids=lambda asked: asked.cells[0].device)
def test_what_is_gated_is_equal_in_ten_fresh_processes(asked: Counting) -> None:
    """In another order each, on the CPU and for every device that is not there whose compiler is installed."""
    orders = [random.Random(seed).sample(asked.cells, len(asked.cells)) for seed in range(10)]
    tallies = [count_cells(*asked._replace(cells=order)).counted for order in orders]
    differing = [one for one in spread(tallies) if one[1] in gated(asked.cells[0].device)]
    assert differing == []


def test_a_difference_between_processes_is_said() -> None:
    """The check bites, and memory of the process is no exact count."""
    cell = Cell("xor", "treemap", "cpu")
    assert spread([{cell: Counts(hlo_fusions=14)}, {cell: Counts(hlo_fusions=15)}]) == [
        (cell.id, "hlo_fusions", [14, 15])
    ]
    assert "host_peak_rss_bytes" not in EXACT


def test_off_the_cpu_what_autotuning_moves_is_not_gated() -> None:
    """XLA's kernels are chosen by timing there, so their number and cost are no matter for an exact gate."""
    assert set(gated("cpu")) - set(gated("cuda")) >= {"hlo_fusions", "hlo_instructions", "xla_flops"}
    assert {"compilations", "executables_per_call", "stablehlo_operations", "alias_bytes"} <= set(gated("cuda"))


def test_lines_of_code_leave_out_what_is_not_code() -> None:
    """A function of two lines and a string of two, beside a comment, docstrings and blank lines."""
    source = '"""Doc."""\n\n# why\ndef f(x):\n    """Doc\n    of two lines."""\n    return x\n\n\ny = """a\nb"""\n'
    assert lines_of_code(source) == 4


def test_bytes_by_formula_are_those_that_xla_takes_and_gives() -> None:
    """In every recorded step: XLA's arguments in, the donated state and the loss out; Optax's schedule counts anew."""
    sections = golden.read(golden.GOLDEN).counts.values()
    lines = {cell: line for cells in sections for cell, line in cells.items() if "step" in cell}
    compiled = {cell: line for cell, line in lines.items() if "argument_bytes" in line}
    assert len(compiled) >= 12
    for cell, line in compiled.items():
        of_schedule = 8 * cell.startswith(("digits_conv-flax_optax", "text-flax_optax"))
        moved = line["argument_bytes"] + line["alias_bytes"] + 4
        assert line["analytic_bytes_per_step"] + of_schedule == moved


def test_flops_by_formula_are_nearly_those_of_xla() -> None:
    """Within 8 % where products weigh most; XLA also counts activations and the loss."""
    for cells in (one for where, one in golden.read(golden.GOLDEN).counts.items() if ", cpu " in where):
        for name in ("digits-treemap-cpu-step", "breast_cancer-treemap-cpu-step", "diabetes-treemap-cpu-step"):
            assert cells[name]["analytic_flops_per_step"] == pytest.approx(cells[name]["xla_flops"], rel=0.08)
