"""The gate's page: true to the findings, harmless whatever they are called, small, whole without a script."""

import html as html_module
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.reports.page.test_page import HOSTILE, outline
from tests.reports.sample_gate import gate_run, judged, self_test
from tests.reports.sample_run import sample_run
from triptych.benches.gate.verdict import Finding, Judgement, Verdict, percent
from triptych.benches.record.files import write_json
from triptych.benches.selftest import rates as self_tests
from triptych.benches.stats.ranks import Estimate
from triptych.reports.gate import forest, page, wording
from triptych.reports.page.page import write_report
from triptych.reports.words import rates

if TYPE_CHECKING:
    from playwright.sync_api import Page

Visit = Callable[..., "Page"]


def page_of(*findings: Finding) -> str:
    """The HTML of these findings alone."""
    return page.render(Judgement(findings), None, [])


def finding(value: float, low: float | None, high: float | None, margin: float | None = 0.02) -> Finding:
    """An undecided time."""
    return Finding("time", "a", "undecided", "so it is", Estimate(value, low, high, 9), 0.5, margin, (9,))


def text_of(markup: str) -> str:
    """What a reader sees of it."""
    return " ".join(html_module.unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", markup, flags=re.DOTALL)).split())


def rows_of(html: str) -> list[list[str]]:
    """The cells of the table of findings."""
    table = re.search(r'<table class="findings">.*?</table>', html, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table[0], re.DOTALL)[1:] if table else []
    return [[text_of(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


@pytest.fixture(scope="module")
def html() -> str:
    """Of every kind of finding, with a run and two series."""
    return page.render(judged(), gate_run(), [self_test(), self_test("a busy neighbour")])


def test_the_first_words_are_the_terminals_and_what_they_mean(html: str) -> None:
    """The same headline, and a sentence on merging."""
    assert f'<h1 id="verdict">{wording.headline(judged())}</h1>' in html
    assert "Do not merge it as it is" in html
    assert "Exit code 1." in html


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("ok", "speaks against a merge"),
        ("undecided", "none was ruled out"),
        ("missing", "Nothing is said for or against a merge"),
    ],
)
def test_every_exit_code_says_what_it_means_for_a_merge(verdict: Verdict, words: str) -> None:
    """Open, cannot tell, cannot compare."""
    assert words in page_of(Finding("time", "a", verdict, "why"))


def test_figures_equal_the_findings(html: str) -> None:
    """Worst first; change, interval, margin, p, restarts and sentence, each as the finding has it."""
    rows = rows_of(html)
    assert len(rows) == len(judged().findings)
    assert [row[0].split()[1] for row in rows] == [one.verdict for one in wording.in_order(judged())]
    for row, one in zip(rows, wording.in_order(judged()), strict=True):
        assert row[1:3] == [one.cell, one.metric]
        if one.estimate is None or one.estimate.low is None or one.estimate.high is None:
            assert row[3:] == [one.sentence]
            continue
        value, low, high = (percent(ratio - 1) for ratio in (one.estimate.value, one.estimate.low, one.estimate.high))
        assert row[3] == f"{value} [{low}, {high}]"
        assert row[3] in one.sentence
        assert row[5] == f"{100 * (one.margin or 0):g} %"
        assert float(row[6]) == pytest.approx(one.adjusted_p, rel=0.005)
        assert row[7] == "12"
        assert row[8] == one.remark
        assert row[8] in one.sentence


def test_why_stands_right_below_the_finding(html: str) -> None:
    """Over the whole width, a line each, for that row and no other; also where the table has fewer columns."""
    (below,) = re.findall(r'</tr>\s*<tr class="why"><td colspan="9">(.*?)</td></tr>', html, re.DOTALL)
    (one,) = (one for one in judged().findings if one.why)
    assert [html_module.unescape(words) for words in re.findall("<div>(.*?)</div>", below)] == list(one.why)
    above = html[: html.index(below)]
    assert text_of(above[above.rindex("<tr>") :]).startswith(f"✗ regressed {one.cell} {one.metric}")
    assert '<tr class="why"><td colspan="4">' in page_of(Finding("time", "a", "regressed", "slower", why=("Because.",)))


def test_every_verdict_with_times_has_a_shape_of_its_own(html: str) -> None:
    """Told apart without colour, and named in the legend."""
    assert len(set(forest.SHAPES.values())) == len(forest.SHAPES)
    for verdict, shape in forest.SHAPES.items():
        assert len(re.findall(f'<path class="{verdict}"[^>]* d="{shape}"/>', html)) >= 1


def test_marks_lie_where_the_change_is() -> None:
    """On a log scale of 220 units whose middle is no change: +8 % and -8 %'s mirror image, and the band of 2 %."""
    up, down = finding(1.08, 1.07, 1.09), finding(1 / 1.08, 1 / 1.09, 1 / 1.07)
    on = forest.scale([up, down])
    assert on.half == pytest.approx(1.1 * math.log(1.09))
    unit, drawn = 110 / on.half, page_of(up, down)
    for sign in (1, -1):
        assert f'transform="translate({110 + sign * unit * math.log(1.08):.1f} 13)"' in drawn
        left, right = sorted(110 + sign * unit * math.log(end) for end in (1.07, 1.09))
        assert f'd="M{left:.1f} 13H{right:.1f}"' in drawn
        assert f'class="margin" d="M{110 - unit * math.log(1.02):.1f} 2H' in drawn


def test_a_far_change_does_not_squeeze_the_near_ones() -> None:
    """It becomes an arrow at its edge; where all are far, the scale goes by factors."""
    near, far, below = finding(1.05, 1.04, 1.06), finding(50, 40, 60), finding(0.01, 0.009, 0.011)
    on = forest.scale([near, far, below])
    assert on.half < math.log(1.1)
    drawn = page_of(near, far, below)
    assert [
        drawn.count(f'<path class="far" transform="translate({at}"') for at in ("216.0 13)", "4.0 13) scale(-1 1)")
    ] == [1, 1]
    assert [words for _, words in forest.scale([far]).ticks()] == ["× 0.05", "× 1", "× 20"]


def test_a_wide_margin_does_not_squeeze_the_others() -> None:
    """The floor of a compile can be most of it: its strip is filled, its figure has three digits."""
    near, wide = finding(1.01, 0.99, 1.03), finding(1.0, 0.99, 1.01, margin=2 / 3)
    assert forest.scale([near, wide]).half == forest.scale([near]).half
    assert [row[5] for row in rows_of(page_of(near, wide))] == ["2 %", "66.7 %"]


def test_ticks_are_round_and_have_room() -> None:
    """At every scale: one below, one above, 15 units or more from the middle and from the edges."""
    for half in (0.001, 0.01, 0.03, 0.1, 0.35, 1.0986, 1.2, 3.0, 6.9):
        on = forest.Scale(half)
        below, middle, above = (on.x(ratio) for ratio, _ in on.ticks())
        assert middle == 110
        assert 15 < below < 95
        assert 125 < above < 205


@pytest.mark.parametrize(
    "one",
    [
        finding(1.0, None, None),
        finding(1.0, 0.0, math.inf),
        finding(1e15, 1e-15, 1e15),
        finding(math.inf, None, None),
        finding(0.0, 0.0, 0.0),
        finding(1.0, 1.0, 1.0, margin=0.0),
        finding(1.1, 1.0, 1.2, margin=1e9),
        finding(1.1, 1.0, 1.2, margin=None),
        Finding("time", "a", "missing", "gone", Estimate(1.1, 1.0, 1.2, 9)),
    ],
    ids=[
        "no interval",
        "infinite interval",
        "huge",
        "infinite",
        "zero",
        "no margin",
        "wide margin",
        "margin unknown",
        "shapeless",
    ],
)
def test_any_estimate_has_a_row(one: Finding) -> None:
    """Without an infinity, a None or a NaN on the page or in the drawing."""
    html = page_of(one)
    assert len(rows_of(html)) == 1
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL))


def test_hostile_names_are_text() -> None:
    """No tag or attribute comes from a name, a metric, a sentence, a note or a run; directions cannot leak."""
    shut = [Finding(one, one, "regressed", one * 3, Estimate(1.1, 1.0, 1.2, 9), why=(one,)) for one in HOSTILE]
    run = gate_run()
    run.command = HOSTILE[-1]
    run.arms = [msgspec.structs.replace(run.arms[0], name=HOSTILE[1], env={"NPROC": HOSTILE[8]}, commit=HOSTILE[4])]
    html = page.render(Judgement(tuple(shut), HOSTILE, HOSTILE), run, [self_test(HOSTILE[1])])
    harmless = page.render(judged(), gate_run(), [self_test()])
    assert {tag for tag, _ in outline(html)} <= {tag for tag, _ in outline(harmless)}
    assert {key for _, attributes in outline(html) for key in attributes} <= {
        key for _, attributes in outline(harmless) for key in attributes
    }
    assert "\u202e" not in html
    assert "{{ 7 * 7 }}" in html


def test_nothing_comes_from_elsewhere(html: str) -> None:
    """No script may run, the one style sheet is ours, every address is a fragment or the result beside the page."""
    assert "script-src 'none'; base-uri 'none'" in html
    for tag, attributes in outline(html):
        assert tag not in ("script", "link", "img", "iframe")
        assert "style" not in attributes
        for name in ("href", "src"):
            assert re.match(r"#|result\.json$|$", attributes.get(name) or "")


def test_ids_are_unique_and_found(html: str) -> None:
    """Every label and every fragment has its target."""
    tags = outline(html)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        assert set((attributes.get("aria-labelledby") or "").split()) <= set(ids)
        if (address := attributes.get("href") or "").startswith("#"):
            assert address[1:] in ids


def test_no_finding_is_said() -> None:
    """And is no pass."""
    html = page_of()
    assert "The gate cannot compare: nothing was measured." in html
    assert "There is no finding." in html
    assert "Exit code 4." in html


def test_what_makes_a_head_dirty_is_said() -> None:
    """The + of its commit, in words, with the way to the files."""
    run = gate_run()
    arms = [msgspec.structs.replace(arm, commit=f"{arm.commit}{'+' * (arm.name == 'head')}") for arm in run.arms]
    run.arms = arms
    said = text_of(page.render(Judgement(()), run, []))
    assert "Head commit 3333bbbb4444+ (the + is uncommitted work, named in the notes)" in said
    assert "Base commit 1111aaaa2222 Head" in said


def test_a_finding_by_itself_has_no_more_than_its_row() -> None:
    """No picture where nothing can be drawn, no notes, no run, no series."""
    html = page_of(Finding("machine", "every benchmark", "incomparable", "elsewhere"))
    assert "1 finding, the worst first" in html
    for words in ('class="shapes"', "faster ← change → slower", 'id="notes"', 'id="compared"', 'id="rates"'):
        assert words not in html


def test_three_hundred_findings_stay_small() -> None:
    """Under 500 KB with every row and picture, although each sentence has 10,000 characters; a short one is whole."""
    findings = [
        Finding("time", f"test_suite.py::test_{i}", "ok", "x" * 10_000, Estimate(1.0, 0.9, 1.1, 9), 1.0, 0.02, (5, 6))
        for i in range(299)
    ]
    html = page_of(*findings, Finding("time", "last", "regressed", "slower; " * 20))
    assert len(html.encode()) < 500_000
    assert len(rows_of(html)) == 300
    assert rows_of(html)[0][3] == ("slower; " * 20).strip()
    assert rows_of(html)[1][7] == "5 against 6"


def test_a_gate_on_code_says_what_it_compared(html: str) -> None:
    """Commits, arms, processors, threads, machine; two unlike arms are told apart."""
    plain = text_of(html)
    for words in (
        "Base commit 1111aaaa2222",
        "Head commit 3333bbbb4444",
        "Arms base on cpu, head on cpu, canary on cpu",
        "Processors 1 ",
        "XLA threads 1 ",
        "Machine AMD EPYC 7B13, 2 cores",
        "Command triptych gate --base main",
    ):
        assert words in plain
    assert re.search(r'<tr class="differs"><th scope="row">commit', html)


def test_notes_are_whole(html: str) -> None:
    """Those of the terminal, in its order."""
    section = re.search(r'<ul class="notes">(.*?)</ul>', html, re.DOTALL)
    assert section
    assert [text_of(one) for one in re.findall("<li>.*?</li>", section[1])] == wording.notes(judged())


def test_rates_are_said_in_two_sentences() -> None:
    """How often it alarms at nothing, beside fixed thresholds; how surely it sees 5 %."""
    told = rates.told(self_test("a busy neighbour"))
    assert told.title == (
        "2026-01-02 03:04 UTC, Abacus 1, 2 cores, jax 0.10.2; "
        "60 restarts in turns of 12.0 ms, beside them a busy neighbour"
    )
    assert told.sentences == [
        "Where nothing had changed, the gate called something regressed in 1.0 % [0.0–3.5 %] of 300 drawn gates; of "
        "pytest-benchmark's fixed thresholds, min:5% in 42.0 %, mean:10% in 12.5 %.",
        "A slowdown of 5 % it called regressed in 97.0 % [90.0–100.0 %] where it was more compiled work in every step "
        "and 99.0 % [95.0–100.0 %] where it was waiting in Python before every step.",
    ]
    assert told.lines[2] == ("nothing changed", "pytest-benchmark's fixed min:5%", "42.0 %", "[30.0–55.0 %]", "300")


def test_a_terminal_says_what_the_page_says() -> None:
    """The title, a line per rate with the figures of the table, the sentences."""
    told, lines = rates.told(self_test()), rates.plain(self_test()).splitlines()
    assert lines[0] == told.title
    assert lines[len(told.lines) + 1 :] == told.sentences
    for line, words in zip(lines[1:], told.lines, strict=False):
        assert all(word in line for word in words)


def test_a_series_without_a_rate_has_no_sentence_on_it() -> None:
    """Rather than a sentence on nothing."""
    assert rates.told(msgspec.structs.replace(self_test(), rates=[])).sentences == []


def test_both_pages_show_the_series_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table for each file, folded on the report's page; nothing at all where there is none."""
    monkeypatch.setattr(self_tests, "BASELINES", tmp_path)
    small = sample_run(workloads=("xor",), restarts=1, rounds=1)
    for shown in (0, 2):
        for load in ("quiet", "loaded")[:shown]:
            write_json(self_test(load), tmp_path / f"self-test-{load}.json")
        gate = page.write_page(judged(), None, tmp_path / "gate").read_text(encoding="utf-8")
        report = write_report([small], tmp_path / "report")[0].read_text(encoding="utf-8")
        assert [page.count('<table class="rates">') for page in (gate, report)] == [shown, shown]
        assert ("How good is this gate?" in gate) == ('<details class="gate-rates">' in report) == bool(shown)


def test_a_new_folder_is_hidden_from_git_and_an_old_one_left_alone(tmp_path: Path) -> None:
    """So that the next gate does not see the page as a change."""
    (tmp_path / "old").mkdir()
    for name in ("old", "new"):
        assert page.write_page(judged(), None, tmp_path / name) == tmp_path / name / "index.html"
    assert not (tmp_path / "old" / ".gitignore").exists()
    assert (tmp_path / "new" / ".gitignore").read_text(encoding="utf-8") == "*\n"


@pytest.fixture(scope="module")
def file(html: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page on disk."""
    path = tmp_path_factory.mktemp("gate") / "index.html"
    path.write_text(html)
    return path


@pytest.mark.parametrize("width", [320, 390, 800, 1200, 1600])
def test_the_findings_fit(visit: Visit, file: Path, width: int) -> None:
    """Nothing of them is cut or out of sight at any width."""
    shown = visit(file, width)
    table = "document.querySelector('.findings').parentElement"
    assert shown.evaluate(f"{table}.scrollWidth <= {table}.clientWidth")


@pytest.mark.parametrize(("width", "theme"), [(320, "light"), (800, "dark"), (1400, "light")])
def test_the_page_is_readable(visit: Visit, file: Path, width: int, theme: str) -> None:
    """Without JavaScript nothing is lacking; nothing scrolls sideways but tables, by keyboard too; axe is content."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(file, width, color_scheme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    script = """[...document.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).overflowX === 'auto' && one.tabIndex !== 0).length"""
    assert page.evaluate(script) == 0
    assert page.locator(".findings tbody tr:not(.why):visible").count() == len(judged().findings)
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_hostile_names_do_not_widen_the_page(visit: Visit, tmp_path: Path) -> None:
    """At 320 pixels, with words of 10,000 characters."""
    words = (*HOSTILE, "y" * 10_000)
    estimate = Estimate(1.1, 1.0, 1.2, 9)
    findings = [Finding("time", one, "regressed", one, estimate, 0.01, 0.02, why=(one,)) for one in words]
    (tmp_path / "index.html").write_text(page.render(Judgement(tuple(findings), words, words), gate_run(), []))
    shown = visit(tmp_path / "index.html", 320)
    assert shown.evaluate("document.documentElement.scrollWidth") == 320
    assert shown.locator("img, iframe, script").count() == 0


def test_forced_colours_keep_the_shapes(visit: Visit, file: Path) -> None:
    """Every mark takes the system's ink."""
    page = visit(file, forced_colors="active")
    marks, ink = page.evaluate("""() => [[...document.querySelectorAll('path.regressed, path.improved, path.ok')]
        .map(one => getComputedStyle(one).fill), getComputedStyle(document.body).color]""")
    assert set(marks) == {ink}


def test_print_shows_everything_on_light_paper(visit: Visit, file: Path) -> None:
    """Dark theme or not, disclosures open."""
    page = visit(file, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("tr.differs:visible").count() >= 1
    assert page.pdf().startswith(b"%PDF")
