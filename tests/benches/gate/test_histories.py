"""The gate on code from end to end: changes planted in the history of a repository, and what the gate says of them.

Nothing here looks at a clock. What is called slower dispatches every array by itself, or updates twenty thousand times;
the policy calls nothing slower that does not take twice as long, and a busy machine may leave anything undecided but
can call nothing regressed that did not change. What measures is of the tier `processes`, but for one.
"""

from pathlib import Path

import pytest
from histories import (
    GENEROUS,
    TREEMAP,
    Answer,
    answer,
    changed,
    commit,
    copy_of_the_project,
    edit,
    everything_in,
    git,
    repository,
    start_gate,
)

TREE_MAP = "return jax.tree.map(lambda p, g: p - rate * g, params, grads), None"

LOOP = "return [{name: p[name] - rate * g[name] for name in p} for p, g in zip(params, grads)], None"

DONATED = "jax.jit(partial(train_step, self.task), donate_argnums=0)"

REWRITTEN = changed(TREEMAP, (TREE_MAP, LOOP))
"""The same program, written with a Python loop: jit unrolls it."""

DISPATCHED = changed(
    REWRITTEN,
    (DONATED, "partial(train_step, self.task)"),
    ("jax.value_and_grad(loss)(state[0], task, batch)", "gradient(state[0], task, batch)"),
    ("def train_step", "gradient = jax.jit(jax.value_and_grad(loss), static_argnums=1)\n\n\ndef train_step"),
)
"""The same loop outside jit: every array is dispatched by itself."""

OTHER_RATE = changed(TREEMAP, ("rate, decay = optimizer.learning_rate", "rate, decay = 1.1 * optimizer.learning_rate"))

UNDONATED = changed(TREEMAP, (DONATED, "jax.jit(partial(train_step, self.task))"))

RETRACED = changed(
    TREEMAP,
    (
        "return jax.jit(partial(train_step, self.task), donate_argnums=0)",
        "first, later = (jax.jit(partial(train_step, self.task), donate_argnums=0) for _ in range(2))\n"
        "        calls = []\n"
        "        return lambda state, batch: (later if calls else calls.append(1) or first)(state, batch)",
    ),
)
"""The first call and the second compile a program each."""

TOILING = changed(
    TREEMAP,
    (
        TREE_MAP,
        "again = lambda i, now: jax.tree.map(lambda p, g, n: p - rate * g + 0 * n, params, grads, now)\n"
        "        return jax.lax.fori_loop(0, 20_000, again, params), None",
    ),
)
"""The same losses, with the update made twenty thousand times over."""


def gate(repo: Path, *arguments: str, folder: Path | None = None) -> Answer:
    """The answer of a gate in a repository, called in that folder."""
    aside = repo.parent / "aside"
    return answer(start_gate(folder or repo, aside, *arguments), aside)


@pytest.mark.processes
def test_a_dirty_head_is_judged_as_it_stands(tmp_path: Path) -> None:
    """An uncommitted loop outside jit computes the same and is slower; of the gate nothing is left."""
    repo = copy_of_the_project(tmp_path / "repo", {"mine.py": TREEMAP, "pyproject.toml": GENEROUS})
    edit(repo, {"mine.py": DISPATCHED})
    before = everything_in(repo)
    said = gate(repo, "--restarts=3", "--trainer=mine.py:Trainer")
    assert said.code == 1, said
    assert said.verdicts["mine", "loss"] == "ok"
    assert said.verdicts["mine", "time"] == "regressed"
    assert everything_in(repo) == before
    assert list((tmp_path / "aside" / "tmp").iterdir()) == []


def test_what_is_counted_needs_no_statistics(tmp_path: Path) -> None:
    """One restart tells a lost donation, a second call that compiles again and other losses; of times it tells nothing.

    Other words for the same program are none of these, and what computes other losses is not timed against the base.
    """
    texts = {"undonated": UNDONATED, "retraced": RETRACED, "other_rate": OTHER_RATE, "rewritten": REWRITTEN}
    repo = repository(tmp_path / "repo", dict.fromkeys((f"{name}.py" for name in texts), TREEMAP))
    edit(repo, {f"{name}.py": text for name, text in texts.items()})
    said = gate(repo, "--restarts=1", *(f"--trainer={name}.py:Trainer" for name in texts))
    assert said.code == 1, said
    assert said.verdicts["undonated", "memory"] == "regressed"
    assert said.verdicts["retraced", "counts"] == "regressed"
    assert "programs compiled in three calls 1 → 2" in said.sentences["retraced", "counts"]
    assert said.verdicts["other_rate", "loss"] == "regressed"
    assert ("other_rate", "time") not in said.verdicts
    assert {said.verdicts["rewritten", metric] for metric in ("loss", "counts", "memory")} == {"ok"}
    assert {said.verdicts[name, "time"] for name in ("undonated", "retraced", "rewritten")} == {"undecided"}


@pytest.mark.processes
def test_one_restart_decides_nothing(tmp_path: Path) -> None:
    """Nothing changed, and the gate cannot know."""
    said = gate(
        repository(tmp_path / "repo", {"mine.py": TREEMAP}), "--restarts=1", "--trainer=mine.py:Trainer", "--base=HEAD"
    )
    assert said.code == 3, said
    assert said.verdicts["mine", "loss"] == said.verdicts["mine", "counts"] == "ok"
    assert "too few for any verdict among 2 comparisons" in said.sentences["mine", "time"]


@pytest.mark.processes
def test_a_strangers_repository_is_gated_with_the_installed_instrument(tmp_path: Path) -> None:
    """It holds one file; both its versions are measured, whatever folder the gate is called in."""
    repo = repository(tmp_path / "repo", {"code/my_trainer.py": TREEMAP, "code/pyproject.toml": GENEROUS})
    commit(repo, {"code/my_trainer.py": TOILING})
    said = gate(repo, "--restarts=3", "--trainer=my_trainer.py:Trainer", "--base=HEAD~1", folder=repo / "code")
    assert said.code == 1, said
    assert said.verdicts["my_trainer", "loss"] == "ok"
    assert said.verdicts["my_trainer", "time"] == "regressed"


@pytest.mark.processes
def test_what_is_renamed_or_defined_anew_is_not_timed(tmp_path: Path) -> None:
    """A trainer that the head calls something else is missing; a workload with another rate is incomparable."""
    repo = copy_of_the_project(tmp_path / "repo")
    files = {
        name: (repo / name).read_text(encoding="utf-8")
        for name in ("impls/styles.py", "benches/workloads/published.py")
    }
    row = '"treemap": Style(\n        "triptych.impls.treemap'
    renamed = changed(files["impls/styles.py"], (row, row.replace("treemap", "tree_map")))
    other = changed(files["benches/workloads/published.py"], ("Sgd(0.5)", "Sgd(0.4)"))
    git(repo, "mv", "impls/treemap", "impls/tree_map")
    commit(repo, {"impls/styles.py": renamed, "benches/workloads/published.py": other})
    said = gate(repo, "--trainer=treemap,naive", "--base=HEAD~1")
    assert said.code == 4, said
    assert said.verdicts == {("treemap", "presence"): "missing", ("naive", "workload"): "incomparable"}
    assert "no trainer is called 'treemap'" in said.sentences["treemap", "presence"]
    assert "optimizer SGD 0.5 → SGD 0.4" in said.sentences["naive", "workload"]


def test_code_outside_the_repository_is_not_compared_with_itself(tmp_path: Path) -> None:
    """In a stranger's repository the built-in trainers are the installed ones on both sides."""
    said = gate(repository(tmp_path / "repo", {"a.txt": "a"}), "--trainer=treemap", "--base=HEAD")
    assert said.code == 4
    assert "which is not in this repository" in said.sentences["treemap", "presence"]


def test_a_base_older_than_the_project_is_incomparable(tmp_path: Path) -> None:
    """There is no instrument in it to ask.

    The folder of results, in the repository, is no uncommitted work: a second gate on a clean main would else take
    the first one's result for a change, and compare main with itself.
    """
    repo = repository(tmp_path / "repo", {"a.txt": "before everything"})
    copy_of_the_project(repo)
    for _ in range(2):
        said = gate(repo, "--output=reports/latest/gate")
        assert said.code == 4
        assert "the base HEAD~1 has no worker of ours: it is older than the instrument" in said.printed
        assert (repo / "reports" / "latest" / "gate").is_dir()
        assert git(repo, "status", "--porcelain") == ""


@pytest.mark.processes
@pytest.mark.parametrize("restarts", [10, 1])
def test_a_device_that_there_is_not_is_incomparable(tmp_path: Path, restarts: int) -> None:
    """Both sides have the trainer, but no worker can use the device; few restarts do not make that undecided."""
    repo = repository(tmp_path / "repo", {"my_trainer.py": TREEMAP})
    said = gate(repo, "--trainer=my_trainer.py:Trainer", "--base=HEAD", "--device=nosuch", f"--restarts={restarts}")
    assert said.code == 4
    assert "my_trainer-nosuch-step, outcome: the base cannot be measured" in said.printed
    assert "nosuch" in said.printed.partition("outcome: ")[2]
    assert "Traceback" not in said.complained


def test_a_shallow_clone_lacks_its_base(tmp_path: Path) -> None:
    """Nothing can be compared until its history is fetched."""
    commit(repository(tmp_path / "whole", {"a.txt": "a"}), {"a.txt": "b"})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path / 'whole'}", "repo")
    said = gate(tmp_path / "repo")
    assert said.code == 4
    assert "git fetch --unshallow" in said.complained


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--base=nosuch"], "'nosuch' names no commit; expected a branch (main)"),
        (["--base="], "'' names no commit"),
        (["--base=--upload-pack=x"], "'--upload-pack=x' names no commit"),
        (["--cpus=,"], "--cpus ',': expected numbers among"),
        (["--restarts=0"], "0 is not in the range x>=1"),
        (["--base=HEAD", "--base-python=/no/python"], "--base-python '/no/python' is no program"),
        (["--base=HEAD", "--trainer=/mine.py:Trainer"], "/mine.py lies outside"),
        (["--base=HEAD", "--output=/dev/null/x"], "the result cannot be written to /dev/null/x (Not a directory)"),
        (["files", "a.txt", "--after", "a.txt"], "--output, --json, --workload, --cpus before 'files' would"),
    ],
)
def test_wrong_usage_is_a_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """With exit code 2, and without a traceback."""
    said = gate(repository(tmp_path / "repo", {"a.txt": "a"}), *arguments)
    assert said.code == 2
    assert sentence in said.complained
    assert "Traceback" not in said.complained
