"""The page: true to the record, harmless whatever the record says, small, and the same bytes every time."""

import base64
import gzip
import hashlib
import html as html_module
import json
import math
import random
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from runs import cell_record, run_of

from tests.reports.sample_run import fingerprint, sample_run
from triptych.benches.record.files import read, to_builtins, write
from triptych.benches.record.run import CellRecord, Outcome, Run
from triptych.benches.selftest import rates
from triptych.benches.stats.ranks import geometric
from triptych.reports import text
from triptych.reports.page.page import write_report
from triptych.reports.view.load import load
from triptych.reports.view.report import NothingMeasured, Report

HOSTILE = (
    "treemap",
    "<script>alert(1)</script>",
    "\"quoted\" 'twice' & `ticked`",
    "x" * 200,
    "\u202eevil\u2066",
    "\u05e9\u05dc\u05d5\u05dd",
    "NaN",
    "{{ 7 * 7 }}",
    "</title></style></script><img src=x onerror=alert(1)>",
)


class Outline(HTMLParser):
    """The tags of a page with their attributes, and the ids."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps the tag."""
        self.tags.append((tag, dict(attrs)))


def outline(html: str) -> list[tuple[str, dict[str, str | None]]]:
    """The tags of a page."""
    parser = Outline()
    parser.feed(html)
    return parser.tags


def page_of(run: Run, folder: Path) -> str:
    """The HTML of one run."""
    return write_report([run], folder)[0].read_text(encoding="utf-8")


def carried(html: str) -> bytes:
    """The result file inside a page, as its link saves it without JavaScript."""
    return saved(html, "triptych-A.json")


def saved(html: str, name: str) -> bytes:
    """What a link of a page saves."""
    found = re.search(rf'data-plain="{name}" href="data:application/gzip;base64,([^"]+)"', html)
    assert found
    return base64.b64decode(found[1])


def test_files_written(folder: Path, run: Run) -> None:
    """The page first, then every figure as SVG and PNG."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    figures = {"speeds", "ratios", "tail", "compile", "totals", "starts", "seeds", "losses", "order"}
    assert names == {"index.html", *(f"figures/{name}.{kind}" for name in figures for kind in ("svg", "png"))}
    assert write_report([run], folder)[0] == folder / "index.html"


def test_same_input_same_bytes(run: Run, folder: Path, tmp_path: Path) -> None:
    """Every file, written again from the record read back."""
    write(run, tmp_path / "run.json")
    for path in write_report([read(tmp_path / "run.json")], tmp_path / "again"):
        assert path.read_bytes() == (folder / path.relative_to(tmp_path / "again")).read_bytes(), path.name


def test_default_page_is_small(html: str) -> None:
    """Under 500 KB, figures and raw data included."""
    assert len(html.encode()) < 500_000


def test_policy_asks_no_network(html: str) -> None:
    """Nothing is fetched: only what stands in the page itself is style or script."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}form-action \'none\'">' in html


def test_nothing_comes_from_elsewhere(html: str) -> None:
    """Every address is a fragment, a file of this report, or data."""
    for _, attributes in outline(html):
        for name in ("href", "src"):
            assert re.match(r"#|figures/|data:application/gzip|$", attributes.get(name) or "")
    assert not any("style" in attributes or name == "link" for name, attributes in outline(html))


def test_ids_are_unique(html: str) -> None:
    """Over tables and figures; every label and every fragment finds its target."""
    tags = outline(html)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for target in (attributes.get("aria-labelledby") or "").split():
            assert target in ids
        if (address := attributes.get("href") or "").startswith("#"):
            assert address[1:] in ids


def test_figures_in_the_table_equal_the_record(html: str, run: Run) -> None:
    """Recomputed from the blocks of the file inside the page, by the definitions, and compared as shown."""
    data = json.loads(gzip.decompress(carried(html)))["triptych"]
    assert data == to_builtins(run)
    heads = re.findall(r'data-key="(\w+)"', html)
    rows = re.findall(r'<tr id="cell-\d+".*?</tr>', html)
    assert len(rows) == len(data["cells"]) == 6
    for row in rows:
        found = re.findall(r"<t[hd].*?</t[hd]>", row)
        words = [html_module.unescape(re.sub(r"<[^>]+>", " ", cell)).split() for cell in found]
        cells = dict(zip(heads, words, strict=True))
        trainer, workload = cells["trainer"][0], cells["workload"][0]
        record = next(
            one for one in data["cells"] if (one["cell"]["trainer"], one["cell"]["workload"]) == (trainer, workload)
        )
        medians = [
            sorted(b["seconds"] / b["steps"] for b in record["blocks"] if b["restart"] == r)[2] for r in range(7)
        ]
        step_s = geometric(medians)
        assert step_s.low
        assert step_s.high
        assert cells["speed"][0] == text.significant(1 / step_s.value)
        assert cells["speed"][1] == f"[{text.significant(1 / step_s.high)}–{text.significant(1 / step_s.low)}]"
        compile_s = geometric([one["trace_s"] + one["lower_s"] + one["backend_s"] for one in record["compiles"]])
        assert cells["compile"][0] == text.significant(compile_s.value)
        assert cells["final_loss"][0] == text.significant(record["trainings"][0]["final_loss"])


def test_every_estimate_of_the_view_is_on_the_page(html: str, view: Report) -> None:
    """Ratios in the verdict, the table, the figure and its data, all alike."""
    plain = html_module.unescape(html)
    for row in view.rows:
        time_ = row.ratio.time
        if row.standing != "reference" and time_:
            both = f"{text.significant(time_.value)} {text.interval(time_)}"
            assert plain.count(text.interval(time_)) >= 4
            assert both in plain


def test_download_is_a_result_file(html: str, run: Run, tmp_path: Path) -> None:
    """What the link saves is what `load` reads, bit by bit."""
    (tmp_path / "saved.json.gz").write_bytes(carried(html))
    assert load([tmp_path / "saved.json.gz"]) == [run]
    assert hashlib.sha256(gzip.decompress(carried(html))).hexdigest() in html


def test_values_as_csv_have_full_precision(html: str, run: Run, view: Report) -> None:
    """The estimates of every row and every block, unrounded, and why a cell ended early."""
    import io

    import pandas as pd

    table = pd.read_csv(io.BytesIO(gzip.decompress(saved(html, "triptych-values.csv"))))
    by_metric = {name: rows["value"].tolist() for name, rows in table.groupby("metric")}
    assert sorted(by_metric["step_s_estimate"]) == sorted(row.step_s.value for row in view.rows if row.step_s)
    assert sorted(by_metric["time_ratio_high"]) == sorted(
        row.ratio.time.high or 0 for row in view.rows if row.ratio.time
    )
    assert by_metric["step_s"] == [block.step_s for record in run.cells for block in record.blocks]
    ended = table.loc[table["metric"] == "finished", "void"].dropna()
    assert ended.tolist() == ["over_budget: came to step 93 of 900 in 12.0 s; the rest would take 104 s"]


def test_hostile_names_are_text(tmp_path: Path) -> None:
    """No tag, attribute or script comes from a name; directions cannot leak; templates are not rendered."""
    run = sample_run(trainers=HOSTILE, workloads=("xor", "<img src=x onerror=alert(2)>"), restarts=2, rounds=1)
    run.command = "triptych run </code><script>alert(3)</script>"
    html = page_of(run, tmp_path)
    harmless = outline(
        page_of(sample_run(trainers=("treemap", "b"), workloads=("xor",), restarts=2, rounds=1), tmp_path)
    )
    assert {tag for tag, _ in outline(html)} <= {tag for tag, _ in harmless} | {"p"}
    assert not any(name.startswith("on") for _, attributes in outline(html) for name in attributes)
    assert "\u202e" not in html
    assert r"--trainer $'\u202eevil\u2066'" in html_module.unescape(html)
    assert "<script>alert" not in html
    assert "{{ 7 * 7 }}" in html
    assert "x" * 199 in html


def test_a_text_is_told_in_bits_and_by_what_was_written(tmp_path: Path) -> None:
    """A held-out loss of ln 2 is one bit; what a network wrote stands under its losses, harmless whatever it is."""
    run = sample_run(trainers=("treemap",), workloads=("xor",), restarts=2, rounds=1)
    run.workloads = [msgspec.structs.replace(run.workloads[0], bits_per="character")]
    [cell] = run.cells
    written = "a line⏎<script>alert(3)</script>"
    cell.trainings = [msgspec.structs.replace(cell.trainings[0], held_out_loss=math.log(2), written=written)]
    html = page_of(run, tmp_path)
    assert re.search(r">1\.00<small>bits per character</small>", html)
    assert "trained, writes:</p><blockquote>a line⏎&lt;script&gt;alert(3)&lt;/script&gt;</blockquote>" in html


def test_copied_command_quotes_names(tmp_path: Path) -> None:
    """A shell takes any name as one word."""
    html = html_module.unescape(
        page_of(sample_run(trainers=("treemap", "a; rm -rf 'b'"), workloads=("xor",)), tmp_path)
    )
    assert """--trainer 'a; rm -rf '"'"'b'"'"''""" in html


def test_one_trainer_only(tmp_path: Path) -> None:
    """Nothing to compare: the page says so and has no ratio figure."""
    html = page_of(sample_run(trainers=("treemap",), workloads=("xor",)), tmp_path)
    assert "there is no other trainer to compare it with" in html
    assert 'id="figure-ratios"' not in html


def test_one_restart_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimates without intervals, and how many restarts would give one; those of the gate's own test aside."""
    monkeypatch.setattr(rates, "BASELINES", tmp_path)
    html = page_of(sample_run(restarts=1), tmp_path)
    assert "no interval: 1 restart, 6 needed" in html
    assert not re.search(r"\[[\d.,]+\u2013", html)


def test_every_outcome_is_shown_with_its_reason(tmp_path: Path) -> None:
    """In the table and in the details of the cell; nothing is dropped."""
    kinds = ("diverged", "void", "raised", "hung", "killed", "out_of_memory", "unmeasured", "over_budget")
    failed = [CellRecord(cell_record(kind, {}).cell, "cpu", Outcome(kind, f"because {kind} & <b>")) for kind in kinds]
    html = page_of(run_of(cell_record("treemap", {0: [1e-3]}), *failed), tmp_path)
    for kind in kinds:
        assert html.count(f"because {kind} &amp; &lt;b&gt;") >= 2
        assert kind.replace("_", " ") in html
    assert "8 of 9 cells did not come to the end" in html


def test_what_was_typed_in_another_encoding_is_written(tmp_path: Path) -> None:
    """A command line and names with bytes that are no UTF-8: page, figures and files are there and can be read."""
    run = sample_run(trainers=("treemap", "other"), workloads=("xor",), restarts=1, rounds=1)
    run.cells[1].cell = msgspec.structs.replace(run.cells[1].cell, trainer="d\udce9j\udce0")
    run.command, run.references = "triptych run --trainer d\udce9j\udce0.py", {"d\udce9j\udce0": "d\udce9j\udce0.py"}
    write(run, tmp_path / "run.json")
    html = page_of(run, tmp_path)
    assert "d\ufffdj\ufffd" in html
    assert json.dumps(to_builtins(run)).count("\\u") == 0
    (tmp_path / "saved.json.gz").write_bytes(carried(html))
    assert load([tmp_path / "saved.json.gz"]) == load([tmp_path / "run.json"])
    assert load([tmp_path / "run.json"])[0].command == "triptych run --trainer d?j?.py"


def test_incomplete_run_says_so(tmp_path: Path) -> None:
    """What was measured until then is shown."""
    run = sample_run()
    run.status = "incomplete"
    assert "This run is incomplete: it was stopped, and what was measured until then is shown." in page_of(
        run, tmp_path
    )


def test_nothing_measured_writes_nothing(tmp_path: Path) -> None:
    """An error in a sentence, and no folder."""
    with pytest.raises(NothingMeasured, match="holds no cell"):
        write_report([run_of()], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_runs_side_by_side(tmp_path: Path) -> None:
    """Each row names its run; facts that differ are marked; nothing is averaged."""
    runs = [sample_run(seed=seed) for seed in (0, 1)]
    runs[1].arms = [msgspec.structs.replace(runs[1].arms[0], fingerprint=fingerprint(cpu_model="Another CPU"))]
    html = write_report(runs, tmp_path)[0].read_text(encoding="utf-8")
    for run in runs:
        alone = page_of(run, tmp_path / "alone")
        for figure in re.findall(r'<td class="speed"[^>]*>([\d.,]+)<', alone):
            assert f">{figure}<" in html
    assert len(re.findall(r'<tr id="[AB]-\d+"', html)) == 12
    assert re.search(r'<tr class="differs"><th scope="row">cpu model', html)
    assert 'id="figure-trend"' not in html


def test_history_has_a_trend(tmp_path: Path) -> None:
    """One panel per cell, every run in its table."""
    runs = [sample_run(seed=seed) for seed in range(8)]
    for day, run in enumerate(runs):
        run.created = f"2026-11-{day + 1:02}T00:00:00Z"
    paths = write_report(runs, tmp_path)
    html = paths[0].read_text(encoding="utf-8")
    assert "6 cells over 8 runs, from 2026-11-01T00:00:00Z to 2026-11-08T00:00:00Z" in html
    assert "The last 6 runs stand side by side; 2 before them are in the trend." in html
    assert tmp_path / "figures" / "trend.svg" in paths
    assert len(html.encode()) < 2_200_000


def test_a_thousand_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Still one page under 2 MB with every cell; data that would burst it lie beside it."""
    names = tuple(f"task_{number}" for number in range(250))
    write(sample_run(trainers=("naive", "treemap", "flax_optax", "mine"), workloads=names), tmp_path / "run.json")
    start = time.perf_counter()
    paths = write_report(load([tmp_path / "run.json"]), tmp_path)
    with capsys.disabled():
        print(f"\na thousand cells: {time.perf_counter() - start:.2f} s, {paths[0].stat().st_size / 1e6:.2f} MB")  # noqa: T201
    html = paths[0].read_text(encoding="utf-8")
    assert len(html.encode()) < 2_200_000
    assert len(re.findall(r'<tr id="cell-\d+"', html)) == 1000
    assert 'href="data/triptych-A.json.gz"' in html
    assert load([tmp_path / "data" / "triptych-A.json.gz"]) == load([tmp_path / "run.json"])


@pytest.mark.parametrize("seed", range(8))
def test_any_valid_record_has_a_page(seed: int, tmp_path: Path) -> None:
    """Parts missing, nothing compiled, losses of zero, void blocks, no fingerprint: a page all the same."""
    rng = random.Random(seed)
    run = sample_run(restarts=rng.choice([1, 2, 6]), rounds=rng.choice([1, 3]), seed=seed)
    for record in run.cells:
        if rng.random() < 0.3:
            record.compiles = []
        if rng.random() < 0.3:
            record.compiles = [
                msgspec.structs.replace(one, trace_s=0.0, lower_s=0.0, backend_s=0.0, first_call_s=0.0)
                for one in record.compiles
            ]
        if rng.random() < 0.3:
            record.blocks = rng.choice([[], [msgspec.structs.replace(one, void="a transfer") for one in record.blocks]])
        if rng.random() < 0.4:
            training = record.trainings[0]
            zero = [msgspec.structs.replace(point, loss=0.0) for point in training.curve]
            curve = rng.choice([[], training.curve[:1], zero])
            changed = msgspec.structs.replace(training, curve=curve, final_loss=None, accuracy=None, diverged_at=3)
            record.trainings = rng.choice([[], [changed]])
        record.peak_bytes = rng.choice([None, record.peak_bytes])
    run.arms = [msgspec.structs.replace(run.arms[0], fingerprint=rng.choice([None, run.arms[0].fingerprint]))]
    run.commit = rng.choice([None, run.commit])
    html = page_of(run, tmp_path)
    assert len(re.findall(r'<tr id="cell-\d+"', html)) == 6
    assert not re.search(
        r"\b(nan|inf|None)\b", re.sub(r"<script.*?</script>|<style.*?</style>|data:\S+", "", html, flags=re.DOTALL)
    )
