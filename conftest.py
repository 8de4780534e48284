"""Makes pytest in this checkout the face of the suite: the instrument, then the report of what it measured."""

pytest_plugins = ["triptych.benches.run.plugin", "triptych.reports.page.plugin"]
