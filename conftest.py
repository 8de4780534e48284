"""Makes pytest in this checkout the face of the suite: the instrument, then the report of what it measured."""

import pytest

pytest_plugins = ["triptych.benches.run.plugin", "triptych.reports.page.plugin"]


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `-n`, tests that share what is dear to make share a worker, too."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "loadgroup"
