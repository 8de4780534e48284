"""The golden counts: changes shown, unknown cells never passed, hostile files refused, updates idempotent."""

from pathlib import Path

import misbehaving
import msgspec
import pytest

from triptych.benches.arms.arm import platform_arm
from triptych.benches.gate import golden
from triptych.benches.record.counts import Counts
from triptych.benches.record.files import RecordError
from triptych.benches.record.run import Cell
from triptych.benches.record.targets import TargetError, target_named
from triptych.benches.schedule import tally
from triptych.benches.schedule.tally import AIMED_AT, aimed_cells, built_in_cells, count_cells

HERE, ELSEWHERE = "jax 1, jaxlib 1, cpu x86_64", "jax 2, jaxlib 2, cpu x86_64"
XOR = Cell("xor", "treemap", "cpu")
COUNTS = Counts(jaxpr_equations=45, executables_per_call=1, xla_flops=1500, host_peak_rss_bytes=10, trainer_lines=58)
FILE = golden.GoldenFile(1, {HERE: {XOR.id: golden.line_of(COUNTS, "cpu")}, ELSEWHERE: {"x": {"xla_flops": 3}}})


def judged(counts: Counts | str, environment: str = HERE) -> tuple[str, str, int]:
    """Verdict and sentence of the one cell, and the exit code."""
    judgement = golden.judge(FILE, environment, {XOR: counts})
    [finding] = judgement.findings
    return finding.verdict, finding.sentence, judgement.exit_code


def test_equal_counts_open_the_gate() -> None:
    """Four of them: what is null, not exact or a matter of reading is not kept."""
    assert judged(COUNTS) == ("ok", "4 counts as recorded", 0)
    assert judged(msgspec.structs.replace(COUNTS, host_peak_rss_bytes=99, trainer_lines=99))[0] == "ok"


def test_a_changed_count_shuts_the_gate() -> None:
    """Old and new side by side, also where a count appears or goes."""
    verdict, sentence, code = judged(
        msgspec.structs.replace(COUNTS, xla_flops=1600, hlo_fusions=7, jaxpr_equations=None)
    )
    assert (verdict, code) == ("regressed", 1)
    for words in ("flops by XLA 1,500 → 1,600", "fusions none → 7", "equations 45 → none"):
        assert words in sentence


def test_an_unknown_cell_or_environment_is_not_passed() -> None:
    """It says how to record it."""
    assert judged(COUNTS, "jax 3, jaxlib 3, cpu x86_64") == (
        "missing", "no golden yet; record it with `triptych gate counts --update`", 4
    )  # fmt: skip


def test_a_cell_that_is_gone_is_missing() -> None:
    """A golden line that nothing was counted for."""
    judgement = golden.judge(FILE, ELSEWHERE, {})
    assert ([finding.verdict for finding in judgement.findings], judgement.exit_code) == (["missing"], 4)


def test_a_cell_that_cannot_be_counted_shuts_the_gate_and_is_not_recorded() -> None:
    """Its reason is passed on."""
    assert judged("ValueError: no") == ("regressed", "could not be counted: ValueError: no", 1)
    with pytest.raises(RecordError, match=r"nothing was recorded.*ValueError: no"):
        golden.updated(FILE, HERE, {XOR: "ValueError: no"})


def test_an_update_touches_its_own_environment_only(tmp_path: Path) -> None:
    """The other stays, what changed is said, and a second update gives the same bytes."""
    new, said = golden.updated(FILE, HERE, {XOR: msgspec.structs.replace(COUNTS, xla_flops=1600)})
    assert said == [f"{XOR.id}: flops by XLA 1,500 → 1,600"]
    assert new.counts[ELSEWHERE] == FILE.counts[ELSEWHERE]
    path = tmp_path / "counts.json"
    golden.write(new, path)
    first = path.read_bytes()
    assert golden.read(path) == new
    again, said = golden.updated(golden.read(path), HERE, {XOR: msgspec.structs.replace(COUNTS, xla_flops=1600)})
    golden.write(again, path)
    assert (said, path.read_bytes()) == ([], first)


def test_the_file_has_a_line_per_cell(tmp_path: Path) -> None:
    """So that a change is one line of a diff."""
    path = tmp_path / "counts.json"
    golden.write(FILE, path)
    assert (
        sum(
            f'"{XOR.id}": {{"executables_per_call": 1, ' in line
            for line in path.read_text(encoding="utf-8").splitlines()
        )
        == 1
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON, or was cut short"),
        (b'{"schema": 1, "counts": {"a"', "not JSON, or was cut short"),
        (b"\xff\xfe\x00", "not JSON, or was cut short"),
        (b"[" * 5000, "not JSON, or was cut short|no golden counts"),
        (b"[]", "holds no golden counts"),
        (b'{"triptych": {"schema": 1}}', "holds no golden counts"),
        (b'{"schema": 1, "counts": {"a": {"b": {"xla_flops": -1}}}}', "holds no golden counts"),
        (b'{"schema": 1, "counts": {"a": {"b": {"xla_flops": 1e400}}}}', "holds no golden counts|not JSON"),
        (b'{"schema": 1, "counts": {"a": {"b": {"xla_flops": 1' + b"0" * 5000 + b"}}}}", "holds no golden counts"),
        (b'{"schema": 2, "counts": {}}', "has schema 2, read here is 1"),
    ],
)
def test_a_hostile_file_is_refused_with_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    """Empty, cut, binary, deep, foreign, negative, endless, newer."""
    path = tmp_path / "counts.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=words):
        golden.read(path)


def test_a_missing_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """It says how to write one; so does a folder."""
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(RecordError, match=r"(cannot be read|is not a regular file).*counts --update"):
            golden.read(path)


def test_the_committed_file_knows_every_built_in_cell() -> None:
    """In each of its environments; of devices that are not there, for the pinned release of jax."""
    counts = golden.read(golden.GOLDEN).counts
    asked = [built_in_cells(), *(aimed_cells(target_named(name)) for name in AIMED_AT)]
    known = [{cell.id for cell in cells} for cells in asked]
    assert all(set(cells) in known for cells in counts.values())
    pinned = [set(cells) for environment, cells in counts.items() if environment.startswith("jax 0.10.2, ")]
    assert all(cells in pinned for cells in known)


def test_a_compiler_that_is_missing_is_said_and_one_of_another_release_has_no_golden_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never a silent pass: the section of a device holds the version of its compiler."""

    def missing(platform: str) -> str:
        raise TargetError(f"compiling for a {platform} needs something: pip install it")

    monkeypatch.setattr(tally, "compiler", missing)
    asked, left_out = tally.everywhere()
    assert [one.target for one in asked] == [None]
    assert [words.split(":")[0] for words in left_out] == ["tpu", "gpu"]
    assert all("pip install it" in words for words in left_out)
    lines = {"jax 1, jaxlib 1, tpu_v5e, libtpu 1": {"a": {"hlo_fusions": 1}}}
    cell = Cell("xor", "treemap", "tpu_v5e", "compile")
    newer = "jax 1, jaxlib 1, tpu_v5e, libtpu 2"
    [finding] = golden.judge(golden.GoldenFile(1, lines), newer, {cell: Counts()}).findings
    assert (finding.verdict, "no golden yet" in finding.sentence) == ("missing", True)


def test_a_cell_that_ends_its_worker_leaves_the_others() -> None:
    """Each has a worker of its own, and all come back in order, with the reason of the one that has no counts."""
    killer = f"{misbehaving.__file__}:Suicide"
    counting = count_cells(
        [Cell("xor", name, "cpu") for name in ("treemap", killer, "flax_optax")], platform_arm("cpu")
    )
    first, lost, last = counting.counted.values()
    assert lost == "its process ended with signal SIGKILL"
    assert isinstance(first, Counts)
    assert isinstance(last, Counts)
    assert (first.executables_per_call, last.compilations) == (1, 1)
    assert counting.environment.startswith("jax ")
