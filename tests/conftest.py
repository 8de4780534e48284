"""Checks the types and array shapes of the trainers' signatures while tests run, and only then."""

from jaxtyping import install_import_hook

CHECKED = tuple(
    f"triptych.impls.{name}"
    for name in ("flax_optax.trainer", "naive.trainer", "laws.reference", "laws.specimens", "treemap.trainer")
)

install_import_hook(CHECKED, "beartype.beartype")
