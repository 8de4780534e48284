"""Makes pytest in this checkout the face of the suite: the instrument, then the report of what it measured."""

import pytest

pytest_plugins = ["triptych.benches.run.plugin", "triptych.reports.page.plugin"]


def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `-n` a worker of pytest-xdist takes whole files, in order, so that what the tests of one share is made once.

    Marks of groups would say it more finely, but the pinned pytest-xdist does not see them under the pinned pytest.
    """
    if getattr(config.option, "numprocesses", None) and config.option.dist in ("no", "load"):
        config.option.dist, config.option.loadscopereorder = "loadfile", False
