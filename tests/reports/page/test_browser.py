"""The page in a real Chromium: offline, accessible, in every theme and width, with and without JavaScript."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.reports.figures.test_scaling import swept
from tests.reports.page.test_page import HOSTILE
from tests.reports.sample_run import curve, sample_run
from triptych.benches.record.files import decode, encoded
from triptych.benches.record.run import Run
from triptych.reports import text
from triptych.reports.page.page import write_report
from triptych.reports.view.load import load
from triptych.reports.view.report import Report, report
from triptych.reports.words import columns

if TYPE_CHECKING:
    from playwright.sync_api import Download, Page

Visit = Callable[..., "Page"]


COLLISIONS = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
    const frame = svg.getBoundingClientRect(), words = [...svg.querySelectorAll('text')]
        .map(text => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
    const before = (a, b) => a.right <= b.left + 1 || a.bottom <= b.top + 2;
    const apart = (a, b) => before(a, b) || before(b, a);
    const cut = words.filter(([, box]) => box.left < frame.left || box.right > frame.right + 1
        || box.top < frame.top || box.bottom > frame.bottom + 1).map(([text]) => `cut: ${text}`);
    const lie = words.flatMap(([one, a], i) => words.slice(i + 1).filter(([, b]) => !apart(a, b))
        .map(([other]) => `overlap: ${one} / ${other}`));
    return frame.width && frame.height ? [...cut, ...lie] : ['no box'];
})"""
"""Words of figures that lie on one another or are cut off by an edge; figures without a box."""


ORDER = [
    *("trainer", "workload", "speed", "ratio", "final_loss", "compile", "break_even"),
    *("outcome", "held_out", "accuracy", "memory", "counts"),
]
"""The columns of the sample, what matters first coming first."""


def column_of(page: "Page", key: str) -> list[str]:
    """The figures of a column from top to bottom, without their remarks; hidden rows left out."""
    index = page.evaluate(
        "key => [...document.querySelectorAll('#table thead th')].findIndex(h => h.dataset.key === key)", key
    )
    script = """index => [...document.querySelectorAll('#table tbody tr')].filter(row => !row.hidden)
        .map(row => row.cells[index].querySelector('bdi')?.textContent ?? row.cells[index].firstChild.textContent)"""
    return page.evaluate(script, index)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, folder: Path, theme: str) -> None:
    """axe-core's rules, with every disclosure open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(folder / "index.html", color_scheme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_sorts_by_click(visit: Visit, folder: Path, view: Report) -> None:
    """Up, then down, by value and not by spelling; aria-sort on one heading only."""
    page = visit(folder / "index.html")
    speeds = sorted(1 / row.step_s.value for row in view.rows if row.step_s)
    for expected, direction in ((speeds, "ascending"), (speeds[::-1], "descending")):
        page.click("th.speed button")
        assert column_of(page, "speed") == [text.significant(value) for value in expected]
        assert page.locator("th[aria-sort]").count() == 1
        assert page.get_attribute("th.speed", "aria-sort") == direction


def test_sorts_by_keyboard(visit: Visit, folder: Path) -> None:
    """Tab reaches the heading, Enter and Space press it, focus stays."""
    page = visit(folder / "index.html")
    page.focus("th.workload button")
    page.keyboard.press("Enter")
    assert column_of(page, "workload") == ["digits"] * 3 + ["xor"] * 3
    page.keyboard.press("Space")
    assert column_of(page, "workload") == ["xor"] * 3 + ["digits"] * 3
    assert page.evaluate("document.activeElement.closest('th').getAttribute('aria-sort')") == "descending"


def test_filters(visit: Visit, folder: Path) -> None:
    """Rows and details go together, and the count is said aloud."""
    page = visit(folder / "index.html")
    page.select_option("#filter-trainer", "naive")
    assert column_of(page, "trainer") == ["naive", "naive"]
    assert page.inner_text("#shown") == "2 of 6 cells"
    assert page.locator("details.cell:visible").count() == 2
    page.select_option("#filter-workload", "xor")
    assert page.inner_text("#shown") == "1 of 6 cells"
    page.select_option("#filter-trainer", "")
    page.select_option("#filter-workload", "")
    assert page.inner_text("#shown") == "6 of 6 cells"


def shown_rows(page: "Page", keys: list[str]) -> list[list[list[str]]]:
    """Per row and column the figure and its remarks."""
    script = """keys => { const heads = [...document.querySelectorAll('#table thead th')].map(h => h.dataset.key);
        return [...document.querySelectorAll('#table tbody tr')].map(row => keys.map(key =>
            [...row.cells[heads.indexOf(key)].childNodes].map(node => node.textContent))); }"""
    return page.evaluate(script, keys)


def with_reference(run: Run, name: str) -> list[list[list[str]]]:
    """What Python says of every row against that trainer."""
    changed = decode(encoded({"triptych": run}), "a copy")
    changed.reference = name
    entries = (columns.ratio, columns.even, columns.final_loss)
    return [[[entry.main, *entry.notes] for entry in (say(row) for say in entries)] for row in report([changed]).rows]


def varied_run(restarts: int) -> Run:
    """Five trainers: one that compiles longer and steps faster, one with other losses; a void block."""
    run = sample_run(trainers=("naive", "treemap", "flax_optax", "odd", "quick"), restarts=restarts, seed=restarts)
    void = run.cells[1].blocks[0]
    run.cells[1].blocks[0] = msgspec.structs.replace(void, seconds=9.0, void="a compile")
    odd = next(one for one in run.cells if one.cell.id == "xor-odd-cpu-step")
    bumped = curve("xor", 20e-6, 2000, bump=0.01)
    odd.trainings = [msgspec.structs.replace(odd.trainings[0], curve=bumped)]
    return run


@pytest.mark.parametrize("restarts", [1, 3, 6, 7, 12])
def test_another_reference_gives_pythons_figures(visit: Visit, tmp_path: Path, restarts: int) -> None:
    """Ratios, intervals, ties, break-even steps and parity marks, to the digit shown, from the embedded samples."""
    run, keys = varied_run(restarts), ["ratio", "break_even", "final_loss"]
    write_report([run], tmp_path)
    page = visit(tmp_path / "index.html")
    first = shown_rows(page, keys)
    assert first == with_reference(run, "treemap")
    for name in ("naive", "flax_optax", "odd", "quick", "treemap"):
        page.select_option("#reference", name)
        page.wait_for_function("name => document.getElementById('against').textContent.includes(name)", arg=name)
        assert shown_rows(page, keys) == with_reference(run, name)
    page.select_option("#reference", "")
    page.wait_for_function("document.getElementById('against').textContent === ''")
    assert shown_rows(page, keys) == first


def test_varied_run_has_every_kind_of_answer() -> None:
    """So that the comparison above compares something."""
    said = {
        words
        for name in ("naive", "flax_optax", "odd", "quick")
        for row in with_reference(varied_run(7), name)
        for entry in row
        for words in entry
    }
    for part in (
        "faster",
        "slower",
        "no ratio",
        "losses differ",
        "never ahead",
        "ahead from",
        "ahead after",
        "ahead until",
    ):
        assert any(part in words for words in said), part


def test_sorting_follows_another_reference(visit: Visit, folder: Path) -> None:
    """What is recomputed sorts by its new value."""
    page = visit(folder / "index.html")
    page.select_option("#reference", "naive")
    page.wait_for_function("document.getElementById('against').textContent !== ''")
    page.click("th.ratio button")
    figures = [float(words.replace(",", "")) for words in column_of(page, "ratio")]
    assert figures == sorted(figures)
    assert figures[-1] == 1


def test_theme_is_switched_and_kept(visit: Visit, folder: Path) -> None:
    """The button turns page and figures; a reload remembers."""
    page = visit(folder / "index.html", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "getComputedStyle(document.querySelector('figure svg text')).fill"
    light = (page.evaluate(paper), page.evaluate(ink))
    page.click("#theme")
    dark = (page.evaluate(paper), page.evaluate(ink))
    assert light == ("rgb(255, 255, 255)", "rgb(27, 28, 29)")
    assert dark == ("rgb(22, 24, 28)", "rgb(232, 233, 234)")
    page.reload()
    assert (page.evaluate(paper), page.evaluate(ink)) == dark
    assert page.inner_text("#theme") == "Light theme"


def test_without_javascript_all_is_there(visit: Visit, folder: Path, view: Report) -> None:
    """Verdict, every row, every figure, and downloads that work; no control that does nothing."""
    page = visit(folder / "index.html", java_script_enabled=False)
    assert page.locator("h1").inner_text().startswith("Against treemap on cpu, naive takes")
    assert page.locator("#table tbody tr:visible").count() == len(view.rows)
    assert page.locator("figure svg:visible").count() == 9
    assert page.locator("button:visible, select:visible").count() == 0
    with page.expect_download() as download:
        page.click("a[data-plain$=json]")
    assert download.value.suggested_filename == "triptych-A.json.gz"
    assert load([saved(download.value, folder, "no-script.json.gz")])[0].created == "2026-11-22T01:00:00Z"


def saved(download: "Download", folder: Path, name: str) -> Path:
    """Where a download was put."""
    path = folder.parent / name
    download.save_as(path)
    return path


def test_downloads_are_plain_files(visit: Visit, folder: Path, run: Run) -> None:
    """JSON that `load` reads, and every block in the CSV."""
    page = visit(folder / "index.html")
    for name in ("triptych-A.json", "triptych-values.csv"):
        with page.expect_download() as download:
            page.click(f"a[data-plain='{name}']")
        assert download.value.suggested_filename == name
        saved(download.value, folder, name)
    assert load([folder.parent / "triptych-A.json"]) == [run]
    lines = csv.DictReader(io.StringIO((folder.parent / "triptych-values.csv").read_text(encoding="utf-8")))
    steps = [float(line["value"]) for line in lines if line["metric"] == "step_s"]
    assert steps == [one.step_s for cell in run.cells for one in cell.blocks]


@pytest.mark.parametrize("width", [390, 800, 1200, 1400])
def test_what_matters_first_is_in_sight(visit: Visit, folder: Path, width: int) -> None:
    """Trainer, workload, speed and ratio fit into any page, and nothing of the table is cut off; no script needed."""
    page = visit(folder / "index.html", width, java_script_enabled=False)
    region = page.locator("[aria-label='Table of all cells']")
    seen = [key for key in ORDER if page.locator(f"#table th.{key}").is_visible()]
    assert seen[:4] == ["trainer", "workload", "speed", "ratio"]
    box = region.bounding_box()
    last = page.locator(f"#table th.{seen[-1]}").bounding_box()
    assert box
    assert last
    assert last["x"] + last["width"] <= box["x"] + box["width"] + 1 <= width + 1
    if seen != ORDER:
        page.check("#all-columns")
    assert all(page.locator(f"#table th.{key}").is_visible() for key in ORDER)


@pytest.mark.parametrize("width", [320, 800, 1400])
def test_page_never_scrolls_sideways(visit: Visit, folder: Path, width: int) -> None:
    """Wide things scroll inside their own region, which the keyboard reaches."""
    page = visit(folder / "index.html", width)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    script = """[...document.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).overflowX === 'auto' && one.tabIndex !== 0).length"""
    assert page.evaluate(script) == 0


@pytest.mark.parametrize("width", [320, 1400])
def test_figure_words_do_not_overlap(visit: Visit, folder: Path, width: int) -> None:
    """Every figure has a box, no word lies on another, none is cut off by its edge."""
    page = visit(folder / "index.html", width)
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize(("width", "theme"), [(320, "light"), (1400, "dark")])
def test_the_page_of_a_sweep_is_readable(visit: Visit, tmp_path: Path, width: int, theme: str) -> None:
    """Curves and answers for every width and theme: nothing overlaps, nothing scrolls sideways, axe is content."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    write_report([sample_run(), swept(), swept("batch")], tmp_path)
    page = visit(tmp_path / "index.html", width, color_scheme=theme)
    assert page.evaluate(COLLISIONS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    results = axe.Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_print_shows_everything_on_light_paper(visit: Visit, folder: Path) -> None:
    """Disclosures open, controls gone, dark theme or not."""
    page = visit(folder / "index.html", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("button:visible:not(thead button), select:visible").count() == 0
    assert page.locator("figure svg:visible").count() == 9
    assert page.locator(".command:visible").count() == 6
    assert page.pdf().startswith(b"%PDF")


def test_forced_colours_and_reduced_motion(visit: Visit, folder: Path) -> None:
    """Ink and paper become the system's; nothing scrolls by itself."""
    page = visit(folder / "index.html", forced_colors="active", reduced_motion="reduce")
    system = page.evaluate("""() => { const probe = document.createElement('i'); document.body.append(probe);
        probe.setAttribute('hidden', ''); const style = getComputedStyle(document.querySelector('figure svg text'));
        return [style.fill, getComputedStyle(document.body).color]; }""")
    assert system[0] == system[1]
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_hostile_names_in_a_real_browser(visit: Visit, tmp_path: Path) -> None:
    """Nothing runs, nothing is asked for, filters and references take the names as they are."""
    write_report([sample_run(trainers=HOSTILE, workloads=("xor",))], tmp_path)
    page = visit(tmp_path / "index.html", 320)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for name in HOSTILE[1:4]:
        page.select_option("#filter-trainer", name)
        assert column_of(page, "trainer") == [name]
        page.select_option("#reference", name)
        page.wait_for_function("name => document.getElementById('against').textContent.includes(name)", arg=name)
    assert page.locator("img, iframe").count() == 0


def test_a_thousand_cells_are_usable(visit: Visit, tmp_path: Path) -> None:
    """Sorted and filtered, with the data beside the page and so without another reference."""
    names = tuple(f"task_{number}" for number in range(250))
    write_report([sample_run(trainers=("naive", "treemap", "flax_optax", "mine"), workloads=names)], tmp_path)
    page = visit(tmp_path / "index.html")
    page.select_option("#filter-workload", "task_77")
    assert len(column_of(page, "trainer")) == 4
    page.click("th.speed button")
    assert page.locator("#reference").count() == 0


def test_standalone_figures_open(visit: Visit, folder: Path) -> None:
    """Each SVG file by itself, in both themes."""
    for path in sorted((folder / "figures").glob("*.svg")):
        page = visit(path, color_scheme="light")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        page.emulate_media(color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 24, 28)"
        page.context.close()
