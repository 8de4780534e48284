"""What base and head have to offer, matched; and what the command line asks for."""

import json
import os
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from runs import XOR, cell_record, run_of

from triptych.benches.arms.arm import Arm, copy_instrument
from triptych.benches.arms.process import Workers
from triptych.benches.gate.matching import NotComparable, match, survey
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.scope import Scope
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.gate.turns import jobs_of
from triptych.benches.gate.verdict import Finding
from triptych.benches.record.run import Cell, WorkloadRecord
from triptych.benches.worker import survey as surveys
from triptych.benches.worker.messages import PROTOCOL, Survey, Surveyed

DIGITS = msgspec.structs.replace(XOR, name="digits", steps=880)


def offer(*trainers: str, workloads: tuple[WorkloadRecord, ...] = (XOR,), **others: Any) -> Surveyed:
    """What a checkout answers that has these trainers and workloads."""
    paths = {workload.name: f"/data/{workload.name}.npz" for workload in workloads}
    return Surveyed(
        PROTOCOL, {name: name for name in trainers}, others.pop("refused", {}), list(workloads), paths, **others
    )


ON_XOR = Scope(workloads=("xor",))

POLICY = Policy()


class Matched(NamedTuple):
    """What can be measured on both sides, and what is said of the rest."""

    cells: list[Cell]
    findings: tuple[Finding, ...]
    added: tuple[str, ...]
    notes: tuple[str, ...]


def found(base: Surveyed, head: Surveyed, asked: Scope = ON_XOR, policy: Policy = POLICY) -> Matched:
    cells, rest = match(base, head, asked, policy)
    return Matched(cells, rest.findings, rest.added, rest.notes)


def test_equal_offers_are_all_measured() -> None:
    """Every trainer on every workload."""
    both = offer("treemap", "flax_optax", workloads=(XOR, DIGITS))
    matched = found(both, both, Scope())
    assert [cell.id for cell in matched.cells] == [
        "xor-treemap-cpu-step", "xor-flax_optax-cpu-step", "digits-treemap-cpu-step", "digits-flax_optax-cpu-step"
    ]  # fmt: skip
    assert (matched.findings, matched.added, matched.notes) == ((), (), ())


def test_the_canaries_run_what_the_base_runs() -> None:
    """Its trainers and its data; the head its own."""
    arms = (BASE, *CANARIES, HEAD)
    run = run_of(*(msgspec.structs.replace(cell_record("mine", {}), arm=arm) for arm in arms))
    base, head = offer("mine"), Surveyed(PROTOCOL, {"mine": "theirs"}, {}, [XOR], {"xor": "their data"})
    specs = [(job.record.arm, job.spec.reference, job.spec.data_path) for job in jobs_of(run, base, head, {})]
    of_base, of_head = ("mine", base.data_paths["xor"]), ("theirs", "their data")
    assert specs == [*((arm, *of_base) for arm in (BASE, *CANARIES)), (HEAD, *of_head)]


def test_the_slowest_cell_is_measured_only_where_trainers_are_named() -> None:
    """That is naive on digits; that it is left out is said."""
    both = offer("naive", "treemap", workloads=(XOR, DIGITS))
    usual, named = (found(both, both, Scope(trainers=names)) for names in ((), ("naive", "treemap")))
    assert {cell.id for cell in named.cells} - {cell.id for cell in usual.cells} == {"digits-naive-cpu-step"}
    assert usual.notes == ("digits-naive-cpu-step is left out, being slow; name the trainers to have it measured.",)
    assert named.notes == ()


def test_what_the_head_lacks_is_missing() -> None:
    """A trainer that is gone, with the way to say that it is meant."""
    matched = found(offer("naive", "treemap"), offer("naive"))
    (finding,) = matched.findings
    assert (finding.cell, finding.verdict) == ("xor-treemap-cpu-step", "missing")
    assert "the head has no trainer 'treemap'" in finding.sentence
    assert finding.sentence.endswith("; where that is meant, add it to allowed_missing")
    assert [cell.id for cell in matched.cells] == ["xor-naive-cpu-step"]


def test_a_renamed_trainer_is_missing_and_its_new_name_is_guessed() -> None:
    """And the new one is added, not judged."""
    matched = found(offer("treemap"), offer("tree_map"))
    assert "(renamed to tree_map?)" in matched.findings[0].sentence
    assert matched.added == ("xor-tree_map-cpu-step",)
    assert matched.cells == []


def test_a_trainer_that_no_longer_loads_is_missing_with_the_reason() -> None:
    """Also one of which only the base has ever heard."""
    reason = "importing 'triptych.impls.treemap.trainer' raised SyntaxError: invalid syntax"
    matched = found(offer("treemap"), offer(refused={"treemap": reason}))
    assert reason in matched.findings[0].sentence
    asked = Scope(trainers=("old",), workloads=("xor",))
    matched = found(offer("old"), offer(refused={"old": "no trainer is called 'old'"}), asked)
    assert "no trainer is called 'old'" in matched.findings[0].sentence


def test_a_missing_workload_is_said_to_be_one() -> None:
    """Every trainer's cell of it."""
    matched = found(offer("treemap", workloads=(XOR, DIGITS)), offer("treemap"), Scope())
    assert matched.findings[0].cell == "digits-treemap-cpu-step"
    assert "the head has no workload 'digits'" in matched.findings[0].sentence


def test_the_policy_allows_what_may_be_missing() -> None:
    """It is noted and judged no further."""
    policy = Policy(allowed_missing=("xor-tree*",))
    matched = found(offer("naive", "treemap"), offer("naive"), policy=policy)
    assert matched.findings == ()
    assert matched.notes == ("xor-treemap-cpu-step is missing, as the policy allows.",)


def test_what_only_the_head_has_is_added() -> None:
    """There is nothing to compare it with."""
    matched = found(offer("naive"), offer("naive", "mine"))
    assert matched.added == ("xor-mine-cpu-step",)
    assert [cell.trainer for cell in matched.cells] == ["naive"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"optimizer": "SGD 0.1"}, "optimizer SGD 0.5 → SGD 0.1"),
        ({"steps": 50}, "steps 100 → 50"),
        ({"parity_rtol": 1.0}, "parity_rtol 0.001 → 1.0"),
        ({"batch_size": 2, "loss": "mse"}, "loss bce → mse, batch_size 4 → 2"),
    ],
)
def test_a_workload_defined_anew_is_incomparable(change: dict[str, Any], words: str) -> None:
    """What is trained, and how alike the losses must be, is the question; a head may not change it."""
    matched = found(offer("naive"), offer("naive", workloads=(msgspec.structs.replace(XOR, **change),)))
    assert matched.cells == []
    assert [finding.verdict for finding in matched.findings] == ["incomparable"]
    assert words in matched.findings[0].sentence


def test_a_workload_described_anew_is_the_same() -> None:
    """Where it was published and what counts as learned changes nothing in the training."""
    told = msgspec.structs.replace(XOR, source="a book", target_loss=0.01)
    assert len(found(offer("naive"), offer("naive", workloads=(told,))).cells) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Scope(trainers=("no",), workloads=("xor",)), "neither side has the trainer no: unheard of"),
        (Scope(workloads=("xor", "nosuch")), "neither side has a workload 'nosuch'; see triptych list"),
    ],
)
def test_what_neither_side_has_is_refused(asked: Scope, words: str) -> None:
    """Asked for by name, it is a slip of the hand."""
    neither = offer("naive", refused={"no": "unheard of"})
    with pytest.raises(NotComparable, match=words):
        found(neither, neither, asked)


def test_a_pattern_without_a_match_is_told_where_everything_is_compared() -> None:
    """A slip of the pen in the policy; where only some benchmarks were asked for it means nothing."""
    policy, both = Policy(allowed_missing=("xor-niave-*",)), offer("naive", workloads=(XOR, DIGITS))
    assert "The policy's pattern 'xor-niave-*' matches no benchmark." in found(both, both, Scope(), policy).notes
    assert not any("matches no benchmark" in note for note in found(both, both, ON_XOR, policy).notes)


def test_the_same_file_on_both_sides_is_no_comparison() -> None:
    """An installed trainer is the same code for base and head; a gate of it would always be open."""
    installed = offer("mine", "theirs", outside={"theirs": "/site-packages/theirs.py"}, python="/usr/bin/python")
    matched = found(installed, installed)
    assert [cell.trainer for cell in matched.cells] == ["mine"]
    assert matched.findings[0].verdict == "incomparable"
    assert "both sides would run one theirs.py, which is not in this repository" in matched.findings[0].sentence


@pytest.mark.parametrize("other", [{"python": "/other/python"}, {"outside": {"theirs": "/other/theirs.py"}}])
def test_the_same_trainer_in_another_environment_is_a_comparison(other: dict[str, Any]) -> None:
    """Another interpreter has other libraries."""
    mine: dict[str, Any] = {"python": "/usr/bin/python", "outside": {"theirs": "/site-packages/theirs.py"}}
    assert len(found(offer("theirs", **mine), offer("theirs", **(mine | other))).cells) == 1


def test_a_survey_tells_a_checkouts_own_trainers_from_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folder of the worker; two files of one name cannot both be measured; what will not load is refused."""
    for folder in ("own/a", "own/b", "else"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "mine.py").write_text("Trainer = dict\n")
    monkeypatch.chdir(tmp_path / "own")
    asked = ["a/mine.py:Trainer", "b/mine.py:Trainer", "nosuch", "a/mine.py:Nosuch"]
    answer = surveys.survey(Survey(asked, ["xor", "nosuch"], str(tmp_path)))
    assert answer.trainers == {"mine": "a/mine.py:Trainer"}
    assert answer.outside == {}
    assert [workload.name for workload in answer.workloads] == ["xor"]
    assert Path(answer.data_paths["xor"]).is_file()
    assert answer.refused["b/mine.py:Trainer"] == (
        "a/mine.py:Trainer and b/mine.py:Trainer would both be called mine; rename one file"
    )
    assert list(answer.refused) == asked[1:]
    elsewhere = surveys.survey(Survey(["../else/mine.py:Trainer"], [], str(tmp_path)))
    assert elsewhere.outside == {"mine": str(tmp_path / "else" / "mine.py")}


def test_a_survey_names_what_it_imported_from_the_repository_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editable install leads there from every copy; Python's own environment may lie there too."""
    for name in ("repo/lib/mine.py", "repo/.venv/theirs.py", "elsewhere/other.py", "repo/copies/base/own.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        module = types.ModuleType(Path(name).stem)
        module.__file__ = str(tmp_path / name)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path / "repo/copies/base")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "repo/.venv"))
    answer = surveys.survey(Survey(["treemap"], [], str(tmp_path), str(tmp_path / "repo")))
    assert answer.astray == [str(tmp_path / "repo/lib/mine.py")]


def test_a_copys_own_packages_come_before_the_repositorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the project is installed: what lies in src is the copy's, what lies elsewhere is refused."""
    repo, copy = tmp_path / "repo", tmp_path / "copy"
    for folder in (repo, copy):
        for name in ("src", "lib"):
            (folder / name).mkdir(parents=True)
            (folder / name / f"mine_in_{name}.py").write_text("from triptych.impls.treemap.trainer import Trainer\n")
            (folder / f"of_{name}.py").write_text(f"from mine_in_{name} import Trainer\n")
    monkeypatch.setenv("PYTHONPATH", f"{repo / 'src'}{os.pathsep}{repo / 'lib'}")
    arm = Arm(BASE, "cpu", checkout=copy, instrument=copy_instrument(tmp_path / "instrument"))
    (tmp_path / "again").mkdir()
    with Workers() as workers:
        answer = survey(arm, workers.start, Scope(("of_src.py:Trainer",), ("xor",)), tmp_path, repo)
        with pytest.raises(NotComparable, match=r"the base imports .*repo/lib/mine_in_lib.py from the working tree"):
            survey(arm, workers.start, Scope(("of_lib.py:Trainer",), ("xor",)), tmp_path / "again", repo)
    assert answer.trainers == {"of_src": "of_src.py:Trainer"}


NO_FORKSERVER = "the base has no worker that answers this gate: it does not start as this instrument's workers do"

SURVEYED = {"type": "surveyed", "trainers": {}, "refused": {}, "workloads": [], "data_paths": {}}


def surveyed(python: str, folder: Path, *, forked: bool) -> Surveyed:
    """What the gate makes of a base with this program in place of Python."""
    path = folder / "python"
    path.write_text(
        f"#!{sys.executable}\nimport socket, sys\nchannel = socket.socket(fileno=int(sys.argv[4]))\n{python}"
    )
    path.chmod(0o755)
    with Workers() as workers:
        return survey(Arm(BASE, "cpu", python=str(path), forked=forked), workers.start, Scope(), folder, folder)


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("sys.exit(3)", NO_FORKSERVER),
        ("channel.sendall(b'triptych forkserver 2\\n'); channel.recv(1)", NO_FORKSERVER),
        ("sys.exit('No module named triptych')", f"{NO_FORKSERVER}; its last words: No module named triptych"),
    ],
    ids=["dead", "another age", "last words"],
)
def test_a_base_whose_workers_cannot_be_made_is_not_comparable(tmp_path: Path, python: str, words: str) -> None:
    """It has none, or those of another instrument; the sentence ends with what it said."""
    with pytest.raises(NotComparable, match=words):
        surveyed(python, tmp_path, forked=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"type": "unheard of"}, "the base has no worker that answers this gate: its answer to Survey is none"),
        ({"type": "failed", "kind": "raised", "reason": "what?"}, "the base cannot say what it has: what"),
        (SURVEYED | {"protocol": PROTOCOL - 1}, f"the base speaks protocol {PROTOCOL - 1}, this gate {PROTOCOL}"),
        (
            SURVEYED | {"protocol": PROTOCOL, "astray": ["/repo/lib/mine.py"]},
            "the base imports /repo/lib/mine.py from the working tree instead of its own copy; keep packages",
        ),
    ],
    ids=["no answer", "an older worker", "an older survey", "astray"],
)
def test_a_worker_of_another_age_is_not_comparable(tmp_path: Path, answer: dict[str, Any], words: str) -> None:
    """Whatever it answers, it is a sentence."""
    python = f"channel.recv(1); channel.sendall({json.dumps(answer).encode()!r} + b'\\n'); channel.recv(1 << 16)"
    with pytest.raises(NotComparable, match=words):
        surveyed(python, tmp_path, forked=False)


def test_a_worker_that_is_gone_or_speaks_no_json_is_not_comparable(tmp_path: Path) -> None:
    """Both are sentences too."""
    with pytest.raises(NotComparable, match="answers this gate: its process ended with exit status 3"):
        surveyed("import os; os._exit(3)", tmp_path, forked=False)
    (tmp_path / "again").mkdir()
    with pytest.raises(NotComparable, match="its answer to Survey is none"):
        surveyed("channel.sendall(b'no json\\n'); channel.recv(1 << 16)", tmp_path / "again", forked=False)
