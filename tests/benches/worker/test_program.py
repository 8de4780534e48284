"""Programs as XLA prints them: what they consist of, when two are the same, what goes between chips."""

import jax
import jax.numpy as jnp

from triptych.benches.worker.program import moved_bytes, program_of

TEXT = """HloModule jit_step, is_scheduled=true

%region_0.1 (a.1: f32[], b.1: f32[]) -> f32[] {
  %a.1 = f32[] parameter(0)
  %b.1 = f32[] parameter(1)
  ROOT %add.1 = f32[] add(%a.1, %b.1), metadata={op_name="jit(step)/add" source_line=3}
}

ENTRY %main.9 (x.1: f32[4,3]) -> f32[] {
  %x.1 = f32[4,3]{1,0:T(8,128)} parameter(0), metadata={op_name="x"}
  %zero = f32[] constant(0)
  %sum = f32[] reduce(%x.1, %zero), dimensions={0,1}, to_apply=%region_0.1, backend_config={"outer":{"n":"2"}}
  ROOT %all-reduce.2 = (f32[2,2], /*index=1*/bf16[3]) all-reduce(%sum), to_apply=%region_0.1
}
"""


def test_a_program_is_its_instructions_by_kind() -> None:
    """Those of called computations too; and the bytes of what chips send each other: 16 of f32[2,2], 6 of bf16[3]."""
    program = program_of(TEXT)
    assert program is not None
    assert program.operations == {"add": 1, "all-reduce": 1, "constant": 1, "parameter": 3, "reduce": 1}
    assert program.collective_bytes == {"all-reduce": 22}
    assert program_of("") is None


def test_names_places_and_notes_make_no_other_program() -> None:
    """Another name, line number or note of the compiler is no other program; another constant, shape or order is."""
    renamed = TEXT.replace("add.1", "plus").replace("source_line=3", "source_line=8").replace('"n":"2"', '"n":"4"')
    assert program_of(renamed) == program_of(TEXT)
    braces = TEXT.replace('"jit(step)/add"', '"jit(step)/{a}/add"')
    assert program_of(braces) == program_of(TEXT)
    donated = TEXT.replace(
        "=true", "=true, input_output_alias={ {0}: (0, {}, may-alias) }, entry_computation_layout={}"
    )
    assert program_of(donated) != program_of(TEXT)
    for old, new in (("constant(0)", "constant(1)"), ("f32[4,3]", "f32[3,4]"), ("%a.1, %b.1", "%b.1, %a.1")):
        other = program_of(TEXT.replace(old, new))
        assert other is not None
        assert other.digest != getattr(program_of(TEXT), "digest", "")


def test_two_ways_to_write_one_computation_compile_to_one_program() -> None:
    """And a further multiplication is seen in the instructions."""

    def compiled(body: object) -> str:
        text = jax.jit(body).lower(jnp.ones(3)).compile().as_text()  # pyright: ignore[reportArgumentType, reportCallIssue]
        assert text is not None
        return text

    one, same = program_of(compiled(lambda x: jnp.tanh(x) + 1)), program_of(compiled(lambda y: 1 + jnp.tanh(y)))
    more = program_of(compiled(lambda x: jnp.tanh(x) * x + 1))
    assert one is not None
    assert same is not None
    assert more is not None
    assert sum(more.operations.values()) > sum(one.operations.values())


def test_bytes_are_those_of_every_array_of_a_type() -> None:
    """A bit of `pred` takes a byte, and a scalar its own size."""
    assert moved_bytes("all-reduce", "(f32[4,3]{1,0}, pred[7], s32[], bf16[2])") == 48 + 7 + 4 + 4


def test_what_an_operation_takes_is_not_counted_beside_what_it_gives() -> None:
    """An operation in two parts names both at its beginning, and the numbers by which its end is awaited."""
    assert moved_bytes("all-gather-start", "(f32[4]{0}, f32[16]{0})") == 64
    assert moved_bytes("all-gather-start", "((f32[4], bf16[2]), (f32[16], bf16[8]))") == 64 + 16
    assert moved_bytes("collective-permute-start", "(f32[4], f32[4], u32[], u32[])") == 16
    assert moved_bytes("all-reduce-start", "f32[4]") == 16
