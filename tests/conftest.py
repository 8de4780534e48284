"""Checks the types and array shapes of the trainers' signatures while tests run, and leaves the dear tests out."""

import pytest
from jaxtyping import install_import_hook

CHECKED = tuple(
    f"triptych.impls.{name}"
    for name in ("flax_optax.trainer", "naive.trainer", "laws.reference", "laws.specimens", "treemap.trainer")
)

install_import_hook(CHECKED, "beartype.beartype")

TIERS = {"peers", "targets", "processes"}
"""Marks of tests that run when their tier is asked for with -m, or their file is named on the command line."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the other tiers out where nothing is said of them."""
    if config.getoption("markexpr"):
        return
    places = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    named = {place.resolve() for place in places}
    aside = {item for item in items if TIERS & {mark.name for mark in item.iter_markers()} and item.path not in named}
    config.hook.pytest_deselected(items=list(aside))
    items[:] = [item for item in items if item not in aside]
