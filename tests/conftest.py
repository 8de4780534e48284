"""Checks the types and array shapes of the trainers' signatures while tests run, and only then."""

from jaxtyping import install_import_hook

CHECKED = tuple(f"impls.{name}" for name in ("flax_optax", "naive", "reference", "specimens", "treemap"))

install_import_hook(CHECKED, "beartype.beartype")
