"""The sample report, built once, and one Chromium for all tests that look at it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.reports.sample_run import sample_run, seeded
from triptych.benches.record.run import Run
from triptych.reports.page.page import write_report
from triptych.reports.view.report import Report, report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def run() -> Run:
    """The default matrix, as if measured, with seeds and starts."""
    return seeded(sample_run())


@pytest.fixture(scope="session")
def view(run: Run) -> Report:
    """Its view model."""
    return report([run])


@pytest.fixture(scope="session")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page and figures on disk."""
    made = tmp_path_factory.mktemp("page")
    write_report([run], made)
    return made


@pytest.fixture(scope="session")
def html(folder: Path) -> str:
    """Its page."""
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium; where it is absent the tests are skipped, unless TRIPTYCH_REQUIRE_BROWSER=1."""
    absent = pytest.fail if os.environ.get("TRIPTYCH_REQUIRE_BROWSER") == "1" else pytest.skip
    if (chromium := shutil.which("chromium")) is None:
        absent("no chromium on the path; install the package of that name")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("playwright is not installed; it is one of the dev dependencies")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: "Browser") -> "Iterator[Callable[..., Page]]":
    """Opens a file offline; at the end nothing may have been asked of the network or complained of."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def open_(path: Path, width: int = 1400, **options: Any) -> "Page":
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        address = path.resolve().as_uri()
        local = (address, "data:", "blob:")
        page.on("request", lambda asked: None if asked.url.startswith(local) else troubles.append(asked.url))
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not troubles
