"""Result files, ours and a stranger's: what is read, what is compared, what is refused."""

import codecs
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from foreign_results import content, side
from runs import cell_record, run_of

from triptych.benches.gate.policy import Policy
from triptych.benches.gate.stored import IN_ORDER, STORED, compare
from triptych.benches.gate.stored_files import read_side
from triptych.benches.gate.verdict import Finding, Judgement
from triptych.benches.record import files
from triptych.benches.record.files import RecordError
from triptych.benches.record.run import CellRecord, Compile, Fingerprint, Outcome, Run

TIMES = {"test_fast": 1e-3, "test_slow": 2.0}

MACHINE = Fingerprint(
    "Abacus 1", 2, [0, 1], 8, "Linux", "cpu", "cpu", 1, None, "3.11", "0.10", "0.10", "", "default", None, {"flax": "1"}
)  # fmt: skip


def gate(folder: Path, before: dict[str, float], after: dict[str, float], policy: Policy | None = None) -> Judgement:
    """Six restarts a side of a stranger's suite, judged."""
    return compare(read_side(side(folder, "a", before)), read_side(side(folder, "b", after)), policy or Policy())


def verdicts(judgement: Judgement) -> dict[tuple[str, str], str]:
    """By benchmark and metric."""
    return {(finding.cell, finding.metric): finding.verdict for finding in judgement.findings}


def only(judgement: Judgement) -> Finding:
    """The one finding."""
    (finding,) = judgement.findings
    return finding


def ours(folder: Path, name: str, *cells: CellRecord, machine: Fingerprint | None = MACHINE) -> Path:
    """A result file of ours."""
    run = run_of(*cells)
    run.arms = [msgspec.structs.replace(run.arms[0], fingerprint=machine)]
    path = folder / f"{name}.json"
    files.write(run, path)
    return path


def treemap(factor: float = 1.0, losses: tuple[float, ...] = (0.7, 0.1), trainer: str = "treemap") -> CellRecord:
    """A cell of six restarts of slightly different times."""
    return cell_record(trainer, {i: [factor * (1 + i / 1000)] for i in range(6)}, losses)


def test_a_planted_change_is_found(tmp_path: Path) -> None:
    """The one benchmark that takes 10 % longer, by name; the other is in order; a third that is faster, too."""
    before, after = TIMES | {"test_new": 1.0}, {"test_fast": 1.1e-3, "test_slow": 2.0, "test_new": 0.5}
    judgement = gate(tmp_path, before, after)
    assert verdicts(judgement) == {
        ("test_a.py::test_fast", "time"): "regressed",
        ("test_a.py::test_slow", "time"): "ok",
        ("test_a.py::test_new", "time"): "improved",
    }
    assert judgement.findings[0].estimate is not None
    assert judgement.findings[0].estimate.value == pytest.approx(1.1, rel=1e-3)
    assert judgement.findings[0].restarts == (6, 6)
    assert judgement.exit_code == 1


def test_no_change_is_ok_and_says_what_it_rests_on(tmp_path: Path) -> None:
    """Files measured at the same moments bring the note on stored baselines, and no second one."""
    judgement = gate(tmp_path, TIMES, TIMES)
    assert judgement.exit_code == 0
    assert judgement.notes == (STORED,)


def test_sides_measured_one_after_the_other_are_told_so(tmp_path: Path) -> None:
    """Every file of the baseline is older than every file of the candidate."""
    before, after = read_side(side(tmp_path, "a", TIMES)), read_side(side(tmp_path, "b", TIMES))
    later = replace(after, moments=tuple(moment.replace("2026", "2027") for moment in after.moments))
    assert compare(before, later, Policy()).notes == (STORED, IN_ORDER)


def test_a_margin_of_the_policy_decides(tmp_path: Path) -> None:
    """10 % more is inside a margin of 20 %."""
    policy = Policy(benchmarks={"*::test_fast": {"time": 0.2}, "*::test_gone": {"time": 0.2}})
    judgement = gate(tmp_path, TIMES, TIMES | {"test_fast": 1.1e-3}, policy)
    assert judgement.exit_code == 0
    assert "The policy's pattern '*::test_gone' matches no benchmark." in judgement.notes


@pytest.mark.parametrize(("compile_s", "verdict"), [(0.06, "ok"), (0.6, "regressed")])
def test_a_short_compile_has_the_margin_of_its_floor(tmp_path: Path, compile_s: float, verdict: str) -> None:
    """15 % more of 60 ms are 9 ms, of no account; of 600 ms they are 90 ms."""

    def compiled(factor: float) -> CellRecord:
        record = treemap()
        record.compiles = [
            Compile(i, 0.0, 0.0, factor * compile_s * (1 + i / 1000), 1.0, 1) for i in range(len(record.compiles))
        ]
        return record

    before, after = (read_side([ours(tmp_path, str(factor), compiled(factor))]) for factor in (1.0, 1.15))
    found = {one.metric: one for one in compare(before, after, Policy()).findings}["compile"]
    assert found.verdict == verdict
    assert ("20 ms are 33.3 % of the base's 60.1 ms" in found.sentence) == (verdict == "ok")


def test_one_file_a_side_is_undecided(tmp_path: Path) -> None:
    """However far apart; the number needed for two benchmarks is named."""
    before, after = side(tmp_path, "a", TIMES, 1), side(tmp_path, "b", dict.fromkeys(TIMES, 9.0), 1)
    judgement = compare(read_side(before), read_side(after), Policy())
    assert judgement.exit_code == 3
    assert "1 against 1 restarts, too few for any verdict among 2 comparisons at 5 %; 4 a side are needed" in (
        judgement.findings[0].sentence
    )


def test_the_value_of_a_file_is_the_median_of_its_rounds(tmp_path: Path) -> None:
    """Of the saved rounds where there are any, else the median that the file states."""
    with_data, without = content({"test_a": 5.0}), content({"test_a": 5.0})
    with_data["benchmarks"][0]["stats"]["data"] = [1.0, 2.0, 9.0]
    paths = [tmp_path / "with.json", tmp_path / "without.json"]
    for path, whole in zip(paths, (with_data, without), strict=True):
        path.write_text(json.dumps(whole))
    assert read_side(paths).benchmarks["test_a.py::test_a"].times == {"time": (2.0, 5.0)}


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Some editors put one before any text; with or without it, a copy is a copy."""
    path, *others = side(tmp_path, "a", TIMES)
    marked = tmp_path / "marked.json"
    marked.write_bytes(codecs.BOM_UTF8 + path.read_bytes())
    assert read_side([marked, *others]).benchmarks == read_side([path, *others]).benchmarks
    with pytest.raises(RecordError, match="is the same as"):
        read_side([path, marked])


def test_another_machine_is_incomparable_by_name(tmp_path: Path) -> None:
    """The processor and its cores are told apart, whatever the times say."""
    before = read_side(side(tmp_path, "a", TIMES))
    after = read_side(side(tmp_path, "b", TIMES, cpu={"brand_raw": "Abacus 2", "count": 4}))
    judgement = compare(before, after, Policy())
    assert judgement.exit_code == 4
    assert only(judgement).verdict == "incomparable"
    assert "cpu: Abacus 1 against Abacus 2; cpu count: 2 against 4" in only(judgement).sentence


def test_an_unknown_machine_is_incomparable(tmp_path: Path) -> None:
    """Two files that say nothing of their machine may come from two."""
    before, after = (read_side(side(tmp_path, n, TIMES, cpu={})) for n in "ab")
    assert "do not say on which machine" in only(compare(before, after, Policy())).sentence
    before, after = (read_side(side(tmp_path, n, TIMES, cpu={}, node="a host")) for n in "cd")
    assert compare(before, after, Policy()).exit_code == 0


def test_one_side_is_one_machine(tmp_path: Path) -> None:
    """Restarts of two machines are refused."""
    paths = [*side(tmp_path, "a", TIMES, 1), *side(tmp_path, "b", TIMES, 1, python_implementation="PyPy")]
    with pytest.raises(RecordError, match=r"of one side but not of one machine \(python implementation: CPython"):
        read_side(paths)


def test_no_overlap_is_incomparable(tmp_path: Path) -> None:
    """Two suites that share no benchmark; both are named."""
    judgement = gate(tmp_path, {"test_x": 1.0}, {"test_y": 1.0})
    assert judgement.exit_code == 4
    assert "the baseline has test_a.py::test_x, the candidate test_a.py::test_y" in only(judgement).sentence


def test_a_removed_benchmark_is_missing_and_a_similar_new_one_is_suggested(tmp_path: Path) -> None:
    """It fails, unless the policy allows it; a new one is listed and not judged."""
    before, after = TIMES | {"test_step": 1.0}, TIMES | {"test_steps": 1.0, "test_other": 1.0}
    judgement = gate(tmp_path, before, after)
    assert judgement.exit_code == 4
    assert judgement.findings[0].verdict == "missing"
    assert "renamed to test_a.py::test_steps?" in judgement.findings[0].sentence
    assert judgement.added == ("test_a.py::test_steps", "test_a.py::test_other")
    allowed = gate(tmp_path, before, after, Policy(allowed_missing=("*::test_step",)))
    assert allowed.exit_code == 0
    assert allowed.notes[0] == "test_a.py::test_step is missing, as the policy allows."


def test_ours_bring_their_restarts(tmp_path: Path) -> None:
    """One file a side is enough: time, compile and losses are compared."""
    before, after = (read_side([ours(tmp_path, name, treemap(factor))]) for name, factor in (("a", 1.0), ("b", 1.1)))
    judgement = compare(before, after, Policy())
    assert verdicts(judgement) == {
        ("xor-treemap-cpu-step", "loss"): "ok",
        ("xor-treemap-cpu-step", "time"): "regressed",
        ("xor-treemap-cpu-step", "compile"): "ok",
    }


def test_ours_on_another_machine_are_incomparable(tmp_path: Path) -> None:
    """Any fact of the fingerprint but the load average."""
    busy = msgspec.structs.replace(MACHINE, load_average=[9.0, 9.0, 9.0])
    newer = msgspec.structs.replace(MACHINE, jaxlib="0.11")
    before = read_side([ours(tmp_path, "a", treemap())])
    assert compare(before, read_side([ours(tmp_path, "b", treemap(), machine=busy)]), Policy()).exit_code == 0
    judgement = compare(before, read_side([ours(tmp_path, "c", treemap(), machine=newer)]), Policy())
    assert "cpu jaxlib: 0.10 against 0.11" in only(judgement).sentence
    silent = read_side([ours(tmp_path, "d", treemap(), machine=None)])
    assert compare(silent, silent, Policy()).exit_code == 4


def test_another_loss_is_a_regression_and_leaves_no_times(tmp_path: Path) -> None:
    """Something else is computed, even if it is faster and better."""
    before, after = (read_side([ours(tmp_path, n, c)]) for n, c in (("a", treemap()), ("b", treemap(0.5, (0.7, 0.09)))))
    judgement = compare(before, after, Policy())
    assert only(judgement).verdict == "regressed"
    assert only(judgement).sentence == (
        "candidate against baseline: losses differ at step 50: 0.09 against 0.1; times are not compared"
    )
    tiny = read_side([ours(tmp_path, "c", treemap(1.0, (0.7, 0.1 + 1e-6)))])
    assert compare(before, tiny, Policy()).exit_code == 0


def test_losses_are_compared_over_the_steps_that_both_have(tmp_path: Path) -> None:
    """A candidate cut off after 50 of 100 steps has the same losses over 50."""
    before, after = (
        read_side([ours(tmp_path, n, c)])
        for n, c in (("a", treemap(1, (0.7, 0.3, 0.1))), ("b", treemap(1, (0.7, 0.3))))
    )
    assert compare(before, after, Policy()).findings[0].sentence == "same losses over 50 steps"


def untrained(cell: CellRecord) -> CellRecord:
    """The same without its training."""
    cell.trainings = []
    return cell


def test_losses_of_one_side_only_are_incomparable(tmp_path: Path) -> None:
    """Without any training on either side the times are compared; with one, nothing says that they may be."""
    trained, bare = read_side([ours(tmp_path, "a", treemap())]), read_side([ours(tmp_path, "b", untrained(treemap()))])
    assert compare(trained, bare, Policy()).exit_code == 4
    assert compare(bare, bare, Policy()).exit_code == 0


def test_baselines_that_disagree_are_incomparable(tmp_path: Path) -> None:
    """Two files of the baseline with two losses are no baseline."""
    files = [ours(tmp_path, "a", treemap()), ours(tmp_path, "b", treemap(1.01, (0.7, 0.2)))]
    judgement = compare(read_side(files), read_side(files[:1]), Policy())
    assert only(judgement).verdict == "incomparable"
    assert "between files of the baseline: losses differ" in only(judgement).sentence


def ended(kind: Any, reason: str) -> CellRecord:
    """A cell without times."""
    return CellRecord(treemap().cell, "cpu", Outcome(kind, reason))


def test_a_cell_that_fails_now_is_a_regression(tmp_path: Path) -> None:
    """Failed in the candidate only: regressed; failed before, or never measured: incomparable."""
    good = read_side([ours(tmp_path, "a", treemap())])
    killed = read_side([ours(tmp_path, "b", ended("killed", "by signal 9"))])
    absent = read_side([ours(tmp_path, "c", ended("unmeasured", "the run ended"))])
    assert only(compare(good, killed, Policy())).sentence == "has times in the baseline, but now killed: by signal 9"
    assert [compare(*pair, Policy()).exit_code for pair in ((good, killed), (killed, good), (good, absent))] == [
        1,
        4,
        4,
    ]


def compiling(seconds: float, name: str, folder: Path) -> Any:
    """A side whose compiles took so long in all."""
    cell = treemap()
    cell.compiles = [Compile(i, 0, 0, seconds, seconds, 1) for i in range(6)]
    return read_side([ours(folder, name, cell)])


def test_compiles_without_time_have_no_ratio(tmp_path: Path) -> None:
    """Nothing compiles on both sides: in order; on one side only: incomparable, and the step time is still judged."""
    none, some = compiling(0, "a", tmp_path), compiling(1.0, "b", tmp_path)
    assert verdicts(compare(none, none, Policy()))["xor-treemap-cpu-step", "compile"] == "ok"
    found = verdicts(compare(none, some, Policy()))
    assert found["xor-treemap-cpu-step", "compile"] == "incomparable"
    assert found["xor-treemap-cpu-step", "time"] == "ok"


def test_a_renamed_trainer_is_suggested(tmp_path: Path) -> None:
    """Same workload, device and mode, another trainer."""
    before = read_side([ours(tmp_path, "a", treemap(), treemap(trainer="naive"))])
    after = read_side([ours(tmp_path, "b", treemap(trainer="treemap2"), treemap(trainer="naive"))])
    found = compare(before, after, Policy()).findings[0]
    assert (found.verdict, "renamed to xor-treemap2-cpu-step?" in found.sentence) == ("missing", True)


def test_ours_and_a_strangers_are_not_mixed(tmp_path: Path) -> None:
    """A file with our key and one without have no common measure."""
    before, after = read_side([ours(tmp_path, "a", treemap())]), read_side(side(tmp_path, "b", TIMES))
    assert "only one was written by triptych" in only(compare(before, after, Policy())).sentence


def changed(**stats: Any) -> str:
    """A stranger's file whose one benchmark has these statistics."""
    whole = content({"test_a": 1.0})
    whole["benchmarks"][0]["stats"] |= stats
    return json.dumps(whole)


WHOLE = json.dumps(content(TIMES))

TWICE = content(TIMES)
TWICE["benchmarks"] *= 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not JSON, or was cut short"),
        (WHOLE[:200], "is not JSON, or was cut short"),
        ("\xff\xfe", "is not JSON, or was cut short"),
        (changed(median=float("nan")), "'test_a.py::test_a' took nan s; expected durations"),
        (changed(data=[1.0, 2.0, math.inf]), "'test_a.py::test_a' took inf s"),
        ('{"benchmarks": [NaN]}', "is not JSON, or was cut short"),
        (changed(median="fast"), "is JSON but holds no benchmarks"),
        (changed(median=1.0).replace('"median": 1.0', '"median": 1e999'), "Number out of range"),
        ("[]", "is JSON but holds no benchmarks"),
        ('{"results": []}', "missing required field `benchmarks`"),
        ('{"triptych": {"schema": 99}}', "has schema 99, newer"),
        ('{"benchmarks": ' + "[" * 100_000, "is not JSON, or was cut short"),
        (WHOLE.replace("fast", "\xff"), "is not JSON, or was cut short"),
        ('{"x": ' + "[" * 100_000, "maximum recursion depth exceeded"),
        (changed(median=-1.0), "'test_a.py::test_a' took -1 s; expected durations from 1e-12 to 1e+09 s"),
        (changed(median=0.0), "took 0 s"),
        (changed(median=1e300), "took 1e+300 s"),
        (changed(data=[1.0, -2.0, 3.0]), "took -2 s"),
        (changed(data=[0.0, 0.0, 3.0]), "took 0 s"),
        (changed(rounds=0), "has no rounds; nothing was measured"),
        (changed(median=None), "has no rounds; nothing was measured"),
        (json.dumps(TWICE), "holds benchmark 'test_a.py::test_fast' twice"),
    ],
    ids=range(22),
)
def test_a_hostile_file_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """Truncated, foreign, not finite, negative, huge, empty, doubled."""
    path = tmp_path / "hostile.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RecordError) as refused:
        read_side([path])
    assert str(path) in str(refused.value)
    assert sentence in str(refused.value)


def test_a_copy_is_no_restart(tmp_path: Path) -> None:
    """The same file twice would pretend to be two restarts."""
    (path,) = side(tmp_path, "a", TIMES, 1)
    with pytest.raises(RecordError, match="a copy is no restart"):
        read_side([path, path])


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, nothing at all, a device."""
    for path in (tmp_path, tmp_path / "absent.json", Path("/dev/null")):
        with pytest.raises(RecordError, match=r"is not a regular file|cannot be read"):
            read_side([path])


def test_too_many_restarts_are_refused(tmp_path: Path) -> None:
    """More than the exact distributions are for."""
    cell = cell_record("treemap", {i: [1.0] for i in range(201)})
    with pytest.raises(RecordError, match="more than 200 restarts on one side"):
        read_side([ours(tmp_path, "a", cell)])


def test_the_record_of_a_run_is_what_is_read(tmp_path: Path) -> None:
    """A file with both keys is ours."""
    run: Run = run_of(treemap())
    path = tmp_path / "both.json"
    path.write_text(json.dumps(content(TIMES) | {"triptych": files.to_builtins(run)}))
    assert list(read_side([path]).benchmarks) == ["xor-treemap-cpu-step"]


def test_files_of_a_real_pytest_benchmark_are_read(tmp_path: Path) -> None:
    """Two runs of a trivial suite, one with its rounds saved: too few restarts, and nothing else is wrong."""
    (tmp_path / "test_real.py").write_text("def test_sum(benchmark):\n    benchmark(sum, range(100))\n")
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    for path in paths:
        flags = [f"--benchmark-json={path}", "--benchmark-min-time=0.0001", "--benchmark-max-time=0.01"]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", *flags]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=120)
    judgement = compare(read_side(paths[:1]), read_side(paths[1:]), Policy())
    assert only(judgement).cell == "test_real.py::test_sum"
    assert only(judgement).verdict == "undecided"
    assert "3 a side are needed" in only(judgement).sentence
