"""Makes pytest in this checkout the face of the suite: the instrument, then the report of what it measured."""

pytest_plugins = ["benches.plugin", "reports.plugin"]
