"""What a style adds, on the page and on the command line: the same figures, and absurd numbers refused in words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from lawful import a_line, place, run_with
from msgspec.structs import replace
from runs import cell_record, run_of

from triptych.benches.record import files
from triptych.impls.laws.pytree import n_arrays
from triptych.reports import cost
from triptych.reports.commands import cli
from triptych.reports.page.page import write_report
from triptych.reports.view.load import load
from triptych.reports.words.cost import laws_of

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result with a law, and digits to hold it to."""
    path = tmp_path_factory.mktemp("law") / "result.json"
    files.write(run_with(a_line, *place("digits", 13, 2, a_line)), path)
    return path


@pytest.fixture(scope="module")
def page_file(result: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page."""
    return write_report(load([result]), tmp_path_factory.mktemp("page"))[0]


def ask(*typed: object) -> Result:
    return CliRunner().invoke(cli, ["cost", *map(str, typed)])


def test_the_page_says_what_a_style_adds(page_file: Path) -> None:
    """A row per style, sizes up to what was measured, the prediction beside the measurement; and no row of the cuts."""
    page = page_file.read_text(encoding="utf-8")
    assert "What a style adds to a step of your model" in page
    assert '<th scope="col">300</th>' in page
    assert '<th scope="col">1,000</th>' not in page
    assert "Of 1 cost on networks that it was not fitted to, the law predicted 1 within 15 %" in page
    assert "arrays_adam-arrays2</bdi>" not in page
    assert (page_file.parent / "figures" / "law.svg").stat().st_size > 1000


@pytest.mark.parametrize(("arrays", "step_ms"), [(7, 0.01), (100, 0.5), (310, 3.0), (768, 1234.5), (769, 1e-6)])
def test_the_page_and_the_command_agree_to_the_digit(
    result: Path, page_file: Path, visit: Callable[..., "Page"], arrays: int, step_ms: float
) -> None:
    """Typed into the page's fields, and after the command's options."""
    page = visit(page_file)
    page.fill("#cost-arrays", str(arrays))
    page.fill("#cost-step", str(step_ms))
    shown = page.eval_on_selector_all(
        "#cost-table tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.innerText))"
    )
    run = files.read(result)
    assert shown == [list(line) for line in laws_of(run)[0].lines(arrays, step_ms / 1e3)]
    said = ask("--arrays", arrays, "--step-ms", step_ms, "--law", result, "--as-measured")
    assert said.exit_code == 0
    assert all(word in said.output for word in shown[0])


@pytest.mark.parametrize(
    ("arrays", "step_ms"), [("", "3"), ("6", "3"), ("770", "3"), ("12.5", "3"), ("97", "0"), ("97", "-1")]
)
def test_absurd_numbers_are_refused_on_the_page(
    page_file: Path, visit: Callable[..., "Page"], arrays: str, step_ms: str
) -> None:
    """In words, and the table goes."""
    page = visit(page_file)
    page.fill("#cost-arrays", arrays)
    page.fill("#cost-step", step_ms)
    assert page.inner_text("#cost-note").startswith("Give 7 to 769 arrays, which is what was measured, and a step of")
    assert not page.is_visible("#cost-table")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--step-ms", "3"], "give either --arrays or --of"),
        (["--arrays", "3", "--of", "a:b", "--step-ms", "3"], "give either --arrays or --of"),
        (["--arrays", "310"], "Missing option '--step-ms'"),
        (["--arrays", "0", "--step-ms", "3"], "0 is not in the range x>=1"),
        (["--arrays", "many", "--step-ms", "3"], "'many' is not a valid integer"),
        (["--arrays", "5", "--step-ms", "3"], "5 arrays; expected 7 to 769, which is what was measured"),
        (["--arrays", "1000000000000", "--step-ms", "3"], "expected 7 to 769"),
        (["--arrays", "97", "--step-ms", "0"], "a step of 0 ms; expected more than 0 and at most a day"),
        (["--arrays", "97", "--step-ms", "nan"], "a step of nan ms"),
        (["--arrays", "97", "--step-ms", "1e300"], "at most a day"),
        (["--arrays", "97", "--optimizer", "adam", "--step-ms", "3"], "--of counts parameters"),
        (["--of", "absent:params", "--optimizer", "adam", "--step-ms", "3"], "there is no module 'absent'"),
        (["--of", "math:pi", "--optimizer", "sgd", "--step-ms", "3"], "math:pi is of type float, with no array in it"),
    ],
)
def test_absurd_questions_are_refused_in_words(typed: list[str], words: str, result: Path) -> None:
    """Exit code 2, before anything is timed."""
    said = ask(*typed, "--law", result)
    assert said.exit_code == 2
    assert words in said.output


def test_a_file_without_a_law_says_how_to_measure_one(tmp_path: Path) -> None:
    """And so does a copy without a gallery."""
    path = tmp_path / "result.json"
    files.write(run_with(a_line), path)
    plain = json.loads(path.read_bytes())
    plain["triptych"]["cells"] = plain["triptych"]["cells"][:2]
    path.write_text(json.dumps(plain), encoding="utf-8")
    said = ask("--arrays", 97, "--step-ms", 3, "--law", path)
    assert said.exit_code == 4
    assert "holds no law; measure one with triptych run --law and give its result with --law FILE" in said.output


def test_figures_are_scaled_by_the_empty_call_of_this_machine(result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as slow here, twice as much added; the answer says by what. Without an empty call there is no scale."""
    run = files.read(result)
    [law] = laws_of(run)
    monkeypatch.setattr("triptych.benches.analysis.cost.empty_calls", lambda *_: {"arrays_adam-arrays32": 1e-4})
    monkeypatch.setattr("triptych.benches.run.empty_call.empty_call_s", lambda: 2e-4)
    here = cost.scaled_here(law)
    assert here.scale == 2
    assert "an empty call on 97 arrays took 100 µs; scaled by the 200 µs that it takes here" in here.origin
    one, twice = (each.lines(97, 1e-3)[0] for each in (law, here))
    assert (one.share, twice.share) == ("42.7 %", "85.4 %")
    monkeypatch.setattr("triptych.benches.analysis.cost.empty_calls", lambda *_: {})
    with pytest.raises(RuntimeError, match="add --as-measured"):
        cost.scaled_here(law)


def test_arrays_of_somebodys_parameters_are_counted(tmp_path: Path) -> None:
    """A tree, or a function that gives one; what the optimizer remembers is counted with them."""
    path = tmp_path / "theirs.py"
    path.write_text(
        "import numpy as np\nparams = {'a': np.ones(3), 'b': [np.ones(2), np.ones(1)], 'name': 'x'}\n"
        "def init():\n    return params\n",
        encoding="utf-8",
    )
    assert cost.arrays_of(f"{path}:params", "adam") == 3 * 3 + 1
    assert cost.arrays_of(f"{path}:init", "sgd") == 3
    assert n_arrays({"a": 1.0}) == 0


def test_a_new_trainer_is_written(tmp_path: Path) -> None:
    """It says what to type next; a file that is there is not touched, and another kind is refused."""
    path = tmp_path / "mine.py"
    said = CliRunner().invoke(cli, ["new-trainer", str(path)])
    assert (said.exit_code, path.is_file()) == (0, True)
    assert f"triptych check {path}:Trainer" in said.output
    again: list[Any] = [CliRunner().invoke(cli, ["new-trainer", str(one)]) for one in (path, tmp_path / "mine.txt")]
    assert [one.exit_code for one in again] == [2, 2]
    assert "is there already; give the path of a new file that ends in .py" in again[0].output
    assert "is no Python file" in again[1].output


@pytest.mark.peers
def test_a_new_trainer_keeps_the_laws_of_what_it_supports(tmp_path: Path) -> None:
    """As it is written, with nothing filled in."""
    path = tmp_path / "mine.py"
    CliRunner().invoke(cli, ["new-trainer", str(path)])
    checked = CliRunner().invoke(cli, ["check", f"{path}:Trainer"])
    assert checked.exit_code == 0, checked.output
    assert "BROKEN" not in checked.output


def test_a_size_of_one_restart_takes_the_intervals_away(tmp_path: Path, visit: Callable[..., "Page"]) -> None:
    """Of a run that was cut short: everywhere on the curve, on the page as in Python."""
    run = run_with(a_line)
    for record in run.cells:
        if record.cell.workload == "arrays_adam-arrays8":
            record.blocks = [one for one in record.blocks if one.restart == 0]
    page = visit(write_report([run], tmp_path)[0])
    for arrays in (7, 25, 60, 769):
        page.fill("#cost-arrays", str(arrays))
        shown = page.eval_on_selector("#cost-table tbody tr", "row => row.cells[1].innerText")
        assert shown == laws_of(run)[0].lines(arrays, 3e-3)[0].added
        assert "[" not in shown


def test_the_run_and_the_arm_of_a_law_are_named(tmp_path: Path) -> None:
    """Of two runs the second alone has one; no name of a trainer ends the script that carries its curve."""
    plain, lawful = run_of(cell_record("naive", {0: [2.0]}), cell_record("treemap", {0: [1.0]})), run_with(a_line)
    for record in lawful.cells:
        if record.cell.trainer == "styled":
            record.cell = replace(record.cell, trainer="</script><script>alert(1)</script>")
    page = write_report([plain, lawful], tmp_path)[0].read_text(encoding="utf-8")
    assert "cut into more and more arrays in run B, arm cpu, on an unknown machine" in page
    assert "<script>alert" not in page


def test_points_that_make_no_law_stay_in_the_table(tmp_path: Path) -> None:
    """A style on two sizes alone, and one that failed, are rows as any other."""
    run = run_with(a_line)
    run.cells = [one for one in run.cells if "adam" in one.cell.workload][:4]
    page = write_report([run], tmp_path)[0].read_text(encoding="utf-8")
    assert 'id="law-1"' not in page
    assert page.count("<bdi>styled</bdi></th>") >= 2
