"""The command line: exit codes and sentences."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import misbehaving
import pytest
from click.testing import CliRunner
from runs import cell_record, run_of

from triptych.benches.record import files
from triptych.benches.record.run import SCHEMA
from triptych.reports.commands import cli

ROOT = Path(__file__).resolve().parent.parent


NARROW = """
from triptych.impls.treemap.trainer import Trainer


def Narrow(task):
    if task.layer_sizes and task.loss != "mse":
        raise NotImplementedError("only a mean squared error")
    return Trainer(task)


def None_(task):
    raise NotImplementedError("nothing at all")
"""


def triptych(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line uninstalled, as `python triptych.py`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | environ
    command = [sys.executable, ROOT / "triptych.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A result file of two cells."""
    path = tmp_path / "result.json"
    files.write(run_of(cell_record("naive", {0: [2.0]}), cell_record("treemap", {0: [1.0]})), path)
    return path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--trainer=treemp"], "no trainer is called 'treemp'"),
        (["--trainer=absent.py:Trainer"], "there is no file 'absent.py'"),
        (["--workload=mnist"], "unknown workload 'mnist'; expected one of xor, xor_adam, xnor_online, digits"),
        (["--device=abacus"], "unknown device 'abacus'; expected one of cpu"),
        (["--sweep=depht=1:8"], "'depht=1:8' cannot be read; expected AXIS=FROM:TO"),
        (["--device=cpu", "--sweep-budget=60"], "--sweep-budget is 60; expected a number of seconds above 0"),
        (["--mode=fast"], "unknown mode 'fast'; expected one of step, scan, eager"),
        (["--quick", "--thorough"], "--quick and --thorough were both given"),
        (["--restarts=0"], "--restarts is 0; expected 1 or more"),
        (["--device=cpu", "--output=/dev/null/x"], "the result cannot be written to /dev/null/x"),
        (["--device=cpu", "--output=/dev/null"], "the result cannot be written to /dev/null"),
        (["--no-such-flag"], "No such option"),
    ],
)
def test_a_wrong_option_of_run_is_answered_with_a_sentence(arguments: list[str], sentence: str) -> None:
    """Exit code 2, the sentence, no traceback."""
    done = triptych("run", *arguments)
    assert done.returncode == 2
    assert sentence in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "arguments"), [("click", ["run"]), ("pytest", ["run"]), ("stopping", ["check", "stopping:Trainer"])]
)
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "term"])
def test_a_command_can_be_stopped_while_it_imports(
    module: str, arguments: list[str], sent: signal.Signals, code: int, tmp_path: Path
) -> None:
    """Without a traceback: a module in place of an early or a late import, or of a trainer, sends the signal."""
    (tmp_path / f"{module}.py").write_text(f"import os\nos.kill(os.getpid(), {sent:d})\n")
    done = triptych(*arguments, PYTHONPATH=str(tmp_path))
    assert done.returncode == code
    assert done.stdout + done.stderr in ("", "Starting; the first figures come with the first restart.\n")


@pytest.mark.parametrize(
    "arguments", [["run", "--trainer=treemap", "--workload=xor", "--device=cpu"], ["gate", "--base=HEAD"]]
)
def test_a_second_run_into_one_folder_is_refused(arguments: list[str], tmp_path: Path) -> None:
    """Exit code 2 and what to do; nothing is written beside the first's, which is this test."""
    files.make_folder(tmp_path)
    done = triptych(*arguments, "--output", tmp_path)
    assert done.returncode == 2
    assert f"another run writes to {tmp_path}; wait for its end, or give another folder" in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_report_writes_a_page(result: Path, tmp_path: Path) -> None:
    """Exit code 0 and the path of the page."""
    done = triptych("report", result, "--output", tmp_path / "page")
    assert done.returncode == 0, done.stderr
    assert f"Wrote {tmp_path / 'page' / 'index.html'}" in done.stdout
    assert (tmp_path / "page" / "index.html").is_file()


def test_an_unusable_result_is_answered_with_a_sentence(result: Path, tmp_path: Path) -> None:
    """Truncated, foreign, older, newer and empty results exit with 4."""
    text = result.read_text(encoding="utf-8")
    whole = json.loads(text)
    cases = {
        text[:100]: "was cut short",
        '{"benchmarks": []}': "holds no triptych run",
        json.dumps({"triptych": whole["triptych"] | {"schema": 0}}): "older",
        json.dumps({"triptych": whole["triptych"] | {"schema": SCHEMA + 1}}): "newer",
        json.dumps({"triptych": whole["triptych"] | {"cells": []}}): "holds no cell",
    }
    for content, sentence in cases.items():
        bad = tmp_path / "bad.json"
        bad.write_text(content)
        done = triptych("report", bad, "--output", tmp_path / "page")
        assert (done.returncode, done.stderr.count("Traceback")) == (4, 0), done.stderr
        assert sentence in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["report", "absent.json"], "'absent.json' does not exist"),
        (["report"], "Missing argument"),
        (["check", "treemp"], "no trainer is called 'treemp'"),
        (["check", "impls.treemap:Absent"], "Absent"),
        (["gallop"], "No such command 'gallop'"),
    ],
)
def test_wrong_usage_is_answered_with_a_sentence(arguments: list[str], sentence: str) -> None:
    """Exit code 2."""
    done = triptych(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_report_into_an_unwritable_folder(result: Path) -> None:
    """Exit code 2 and the system's reason."""
    done = triptych("report", result, "--output", "/dev/null/page")
    assert done.returncode == 2
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr


def test_check_names_the_broken_law() -> None:
    """A trainer that computes something else exits with 1 and breaks law 5."""
    done = CliRunner().invoke(cli, ["check", f"{misbehaving.__file__}:WrongLearner"])
    assert done.exit_code == 1
    assert re.search(r"BROKEN +5\.", done.stdout)


def test_check_says_what_a_trainer_does_not_run(tmp_path: Path) -> None:
    """A trainer of one loss passes what it claims, the rest is told with its reason; one of none exits with 4."""
    (tmp_path / "narrow.py").write_text(NARROW, encoding="utf-8")
    kept, none = (
        CliRunner().invoke(cli, ["check", f"{tmp_path / 'narrow.py'}:{name}"]) for name in ("Narrow", "None_")
    )
    assert kept.exit_code == 0
    assert re.findall(r"(?m)^  (\w+)", kept.stdout)[:8] == [*["ok"] * 5, "unsupported", "ok", "ok"]
    assert re.search(r"does not run \d+ tasks, such as .*: only a mean squared error", kept.stdout)
    assert none.exit_code == 4
    assert none.stdout.count("unsupported") == 8


def test_list_shows_trainers_and_workloads() -> None:
    """Names that can be typed."""
    done = triptych("list")
    assert done.returncode == 0
    for name in ("naive", "treemap", "flax_optax", "xor", "digits", "diabetes"):
        assert f"  {name}" in done.stdout


@pytest.mark.parametrize("command", ["run", "gate", "report", "check", "list", "cost", "new-trainer"])
def test_every_command_has_a_page_of_help(command: str) -> None:
    """At most 50 lines, and every option explained."""
    done = triptych(command, "--help")
    assert done.returncode == 0
    assert 5 < len(done.stdout.splitlines()) <= 50


def test_the_readme_has_two_lines_to_paste() -> None:
    """One sets up and runs the benchmarks, one sets up and runs the tests; `.ci/run` and CI source the second."""
    blocks = [subprocess.check_output([ROOT / ".ci" / "readme_block", number], text=True) for number in "123"]
    assert [block.count("\n") for block in blocks] == [1, 1, 0]
    assert [block.strip().rpartition("&& ")[2] for block in blocks[:2]] == ["pytest --benchmark-only", "pytest -n 2"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_what_the_pages_name_is_there(page: str) -> None:
    """Every command of ours, every link and every module that is run."""
    text = (ROOT / page).read_text(encoding="utf-8")
    assert set(re.findall(r"triptych ([a-z-]+)", text)) <= cli.commands.keys()
    assert [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not (ROOT / link).exists()] == []
    modules = re.findall(r"-m triptych\.([\w.]+)", text)
    assert [module for module in modules if not (ROOT / f"{module.replace('.', '/')}.py").is_file()] == []
