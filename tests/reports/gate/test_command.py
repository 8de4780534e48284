"""The gate from its command line: exit codes, what is printed, what is written, what is refused."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from foreign_results import side

from triptych.benches.gate.verdict import Finding, Judgement
from triptych.reports.gate import wording
from triptych.reports.gate.answers import deliver

ROOT = Path(__file__).resolve().parents[3]

HOSTILE = "::error::\n<script>|`x`\x1b[31m\u202e"

AGAIN = "triptych gate --base main --trainer treemap --workload digits --restarts 20 --cpus 1 --device cpu"

ALL = Judgement(
    (
        Finding("time", "a", "ok", "fine"),
        Finding("time", "b", "undecided", "cannot tell, 50 % of it"),
        Finding("time", HOSTILE, "regressed", "slower", why=("Because.", f"Measure it again: {AGAIN}")),
        Finding("presence", "d", "missing", "gone"),
        Finding("machine", "e", "incomparable", "elsewhere"),
        Finding("time", "f", "improved", "faster"),
    ),
    ("new", HOSTILE),
    ("A note.",),
)


def gate(folder: Path, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
    command = [sys.executable, ROOT / "triptych.py", "gate", *arguments]
    return subprocess.run(
        command, cwd=folder, env=own | environment, capture_output=True, text=True, check=False, timeout=60
    )


def sides(folder: Path, after: float) -> list[str | Path]:
    """The arguments of two sides of six files; many files follow one option, as a shell expands them."""
    before = side(folder, "a", {"test_x": 1.0})
    return ["files", *before, "--after", *side(folder, "b", {"test_x": after})]


@pytest.mark.parametrize(
    ("after", "code", "words"),
    [
        (1.0, 0, "The gate is open: 1 ok."),
        (0.5, 0, "improved: test_a.py::test_x, time: "),
        (1.5, 1, "regressed: test_a.py::test_x, time: +50.0 %"),
        (1.019, 3, "undecided: test_a.py::test_x, time: "),
    ],
)
def test_the_exit_code_is_that_of_the_worst_verdict(tmp_path: Path, after: float, code: int, words: str) -> None:
    """Fine, regressed, undecided; every run says what a stored baseline is worth, and leaves its page."""
    done = gate(tmp_path, *sides(tmp_path, after))
    assert (done.returncode, done.stderr) == (code, "Wrote reports/latest/gate/index.html\n")
    assert done.stdout.splitlines()[0] in (tmp_path / "reports" / "latest" / "gate" / "index.html").read_text(
        encoding="utf-8"
    )
    assert words in done.stdout
    assert "A stored baseline is weaker evidence" in done.stdout


def test_every_output_is_written(tmp_path: Path) -> None:
    """Markdown, JUnit, JSON, the job's summary appended, and annotations."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    files = ["--markdown", "gate.md", "--junit=gate.xml", "--json", "gate.json"]
    done = gate(tmp_path, *sides(tmp_path, 1.5), *files, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1, done.stderr
    assert "\n::error title=regressed%3A test_a.py%3A%3Atest_x%2C time::+50.0 %25 [" in done.stdout
    assert (tmp_path / "gate.md").read_text(encoding="utf-8").startswith("**The gate is shut: 1 regressed.**")
    assert summary.read_text(encoding="utf-8") == "before\n" + (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert ElementTree.parse(tmp_path / "gate.xml").getroot().get("failures") == "1"  # noqa: S314 - our own file
    content = json.loads((tmp_path / "gate.json").read_text(encoding="utf-8"))
    assert (content["exit_code"], content["findings"][0]["verdict"]) == (1, "regressed")
    assert content["findings"][0]["ratio"]["value"] == pytest.approx(1.5)


def test_a_page_that_cannot_be_written_leaves_the_verdict(tmp_path: Path) -> None:
    """It came unasked; a sentence says so."""
    (tmp_path / "reports").touch()
    done = gate(tmp_path, *sides(tmp_path, 1.5))
    assert done.returncode == 1
    assert done.stdout.startswith("The gate is shut: 1 regressed.")
    assert done.stderr.startswith("No page: ")
    assert "give a folder that can be written with --output" in done.stderr


def test_an_output_that_cannot_be_written_leaves_a_bad_verdict(tmp_path: Path) -> None:
    """With a sentence; a good verdict that does not arrive is none."""
    for after, code in ((1.5, 1), (1.0, 2)):
        done = gate(tmp_path, *sides(tmp_path, after), GITHUB_STEP_SUMMARY="/nowhere/summary")
        assert done.returncode == code
        assert "Error: /nowhere/summary cannot be written (No such file or directory)" in done.stderr


def test_the_same_file_on_both_sides_is_refused(tmp_path: Path) -> None:
    """Nothing would ever differ."""
    before = side(tmp_path, "a", {"test_x": 1.0})
    done = gate(tmp_path, "files", *before, "--after", *before)
    assert done.returncode == 4
    assert "a-0.json is the same as" in done.stderr


def test_the_policy_of_the_current_folder_holds(tmp_path: Path) -> None:
    """And another one if given."""
    (tmp_path / "pyproject.toml").write_text("[tool.triptych.gate.margins]\ntime = 0.9\n")
    (tmp_path / "strict.toml").write_text("[tool.triptych.gate.margins]\ntime = 0.1\n")
    assert gate(tmp_path, *sides(tmp_path, 1.5)).returncode == 0
    assert gate(tmp_path, *sides(tmp_path, 1.5), "--policy", "strict.toml").returncode == 1


def test_an_unusable_file_exits_with_4(tmp_path: Path) -> None:
    """With a sentence and no traceback."""
    (tmp_path / "bad.json").write_text("{")
    done = gate(tmp_path, *sides(tmp_path, 1.0), "bad.json")
    assert done.returncode == 4
    assert "Error: bad.json is not JSON, or was cut short" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["files", "a-0.json"], "result files need both sides: triptych gate files BEFORE... --after AFTER..."),
        (["files", "--after", "b-0.json"], "result files need both sides"),
        (["files", "absent.json", "--after", "b-0.json"], "'absent.json' does not exist"),
        (["files", "a-0.json", "--after=b-0.json", "--policy=wrong.toml"], "unknown field `alpah`"),
        (["files", "a-0.json", "--after=b-0.json", "--json=/dev/null/x"], "/dev/null is no folder that can be"),
        (["files", "a-0.json", "--after=b-0.json", "--precise"], "No such option"),
        (["counts", "--trainer=naive"], "No such option '--trainer'"),
        (["counts", "--policy=wrong.toml"], "No such option '--policy'"),
        (["test", "--device=cuda"], "No such option '--device'"),
        (["--restarts=3", "--json=a.json", "counts"], "--restarts, --json before 'counts' would change nothing"),
        (["counts", "--update", "--json=a.json"], "--json would change nothing beside --update"),
        (["other"], "No such command 'other'"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    """Options, paths and policies that cannot be used."""
    sides(tmp_path, 1.0)
    (tmp_path / "wrong.toml").write_text("[tool.triptych.gate]\nalpah = 1\n")
    done = gate(tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_help_is_one_page(tmp_path: Path) -> None:
    """At most 50 lines, with every verdict and exit code where findings are explained."""
    for words in ([], ["files"], ["counts"], ["test"]):
        done = gate(tmp_path, *words, "--help")
        assert done.returncode == 0
        assert 5 < len(done.stdout.splitlines()) <= 50
        said = " ".join(done.stdout.split())
        assert ("regressed, improved, ok, undecided, incomparable or missing" in said) == (not words)


def test_files_of_both_sides_may_come_in_any_way(tmp_path: Path) -> None:
    """Expanded by a shell, one by one, with options between."""
    before, after = (side(tmp_path, name, {"test_x": 1.0}, 3) for name in "ab")
    one_by_one = [f"--after={path}" for path in after]
    assert gate(tmp_path, "files", *before[:1], *one_by_one, "--json", "a.json", *before[1:]).returncode == 0
    found = json.loads((tmp_path / "a.json").read_text())["findings"][0]
    assert found["restarts"] == [3, 3]


def test_a_log_shows_what_is_not_in_order_worst_first() -> None:
    """Without a terminal; no foreign name starts a line, a colour or a workflow command."""
    lines = wording.plain(ALL)
    assert lines[0] == "The gate is shut: 1 regressed, 1 missing, 1 incomparable, 1 undecided, 1 improved, 1 ok."
    assert [one.partition(":")[0] for one in lines[1:6]] == [
        "regressed", "missing", "incomparable", "undecided", "improved"
    ]  # fmt: skip
    assert lines[6].endswith(", time: Because.")
    assert lines[7].endswith(f", time: Measure it again: {AGAIN}")
    assert lines[8].startswith("In the candidate only, and not judged: new, ::error::\ufffd<script>")
    assert lines[9] == "A note."
    assert not any("\n" in one or "\x1b" in one or one.startswith("::") for one in lines)


def test_annotations_cannot_be_forged() -> None:
    """An error for what shuts the gate, a warning for what it cannot tell; names are escaped."""
    lines = wording.annotations(ALL)
    assert [one.split(" ")[0] for one in lines] == ["::error", "::error", "::error", "::warning", "::notice"]
    assert lines[0].startswith("::error title=regressed%3A %3A%3Aerror%3A%3A\ufffd<script>")
    assert lines[0].endswith(f"::slower. Because. Measure it again: {AGAIN}")
    assert lines[3].endswith("::cannot tell, 50 %25 of it")
    assert not any("\n" in one for one in lines)


def test_markdown_takes_any_name() -> None:
    """Nothing in a name makes a tag, a column or a line; what is in order is folded."""
    words = wording.markdown(ALL)
    assert "<script>" not in words
    assert "::error::\ufffd&lt;script&gt;\\|\\`x\\`" in words
    assert "<summary>1 finding in order</summary>" in words
    assert f", time: Measure it again: {AGAIN}\n" in words


def test_junit_counts_every_kind() -> None:
    """Two failures, one error, one skipped, of six."""
    suite = ElementTree.fromstring(wording.junit(ALL))  # noqa: S314 - our own text
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "2", "errors": "1", "skipped": "1"
    }  # fmt: skip
    assert len(suite.findall("testcase")) == 6
    assert next(one.get("message") for one in suite.iter("failure")) == f"slower. Because. Measure it again: {AGAIN}"


def test_json_says_null_for_what_is_unknown() -> None:
    """Every finding, whole names, no number that JSON does not know."""
    content = json.loads(wording.as_json(ALL))
    assert content["findings"][2]["cell"] == HOSTILE
    assert content["findings"][0]["ratio"] is None
    assert [one["why"] for one in content["findings"][1:3]] == [[], ["Because.", f"Measure it again: {AGAIN}"]]
    assert content["exit_code"] == 1


class Terminal(io.StringIO):
    """A stream that claims to be watched."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_every_finding() -> None:
    """As a table, with symbol and word; what is to be typed in one piece, however narrow the terminal."""
    stream = Terminal()
    deliver(ALL, {}, {}, stream)
    verdicts = ("✗ regressed", "! incomparable", "? undecided", "✓ improved", "✓ ok")
    for words in (*verdicts, "A note.", f"Measure it again: {AGAIN}\n"):
        assert words in stream.getvalue()
    quiet = Terminal()
    deliver(Judgement(ALL.findings[:1]), {}, {}, quiet)
    assert "\n\n" not in quiet.getvalue()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["counts", "--file", "none.json"], 2, "--file none.json is not a file"),
        (["counts", "--file", "cut.json"], 4, "cut.json is not JSON, or was cut short"),
        (["counts", "--update", "--file", "cut.json"], 4, "cut.json is not JSON, or was cut short"),
    ],
)
def test_golden_counts_that_cannot_be_used_are_refused(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    """Before anything is counted; the file stays as it is."""
    (tmp_path / "cut.json").write_text('{"schema": 1, "counts"')
    done = gate(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert (tmp_path / "cut.json").read_text(encoding="utf-8") == '{"schema": 1, "counts"'


def test_the_gate_starts_without_jax() -> None:
    """Nothing that it imports needs an accelerator, and the statistics wait until they are asked for."""
    code = (
        "import sys, triptych.reports.gate.answers, triptych.benches.gate.stored, triptych.benches.gate.policy\n"
        "assert not {'jax', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
