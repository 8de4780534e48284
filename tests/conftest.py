"""Checks the types and array shapes of the trainers' signatures while tests run, and leaves the dear tests out."""

import pytest
from jaxtyping import install_import_hook

STYLES, LESSONS = ("naive", "treemap", "flax_optax"), ("trainer", "mlp", "conv", "transformer")

CHECKED = tuple(
    f"triptych.impls.{name}"
    for name in ("laws.reference", "laws.specimens", *(f"{style}.{file}" for style in STYLES for file in LESSONS))
)

install_import_hook(CHECKED, "beartype.beartype")

TIERS = {"peers", "targets", "processes"}
"""Marks of tests that run when their tier is asked for with -m, or their file is named on the command line."""

LONGEST = (
    "test_plugin.py", "test_outcomes.py", "test_conformance.py", "test_browser.py", "test_histories.py", "test_page.py",
    "test_triptych.py", "test_parity.py",
)  # fmt: skip
"""Files that take the longest are begun first, so that no worker of pytest-xdist is left with one at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the longest files first, and leaves the other tiers out where nothing is said of them."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
    if config.getoption("markexpr"):
        return
    places = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    named = {place.resolve() for place in places}
    aside = {item for item in items if TIERS & {mark.name for mark in item.iter_markers()} and item.path not in named}
    config.hook.pytest_deselected(items=list(aside))
    items[:] = [item for item in items if item not in aside]
