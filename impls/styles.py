"""The styles that come with the suite: a row each, which every list, record and figure reads.

A style is a folder and its row here. Nothing is imported until a trainer is loaded; `registry.py` does that.
"""

from typing import NamedTuple


class Look(NamedTuple):
    """What a trainer is drawn with in every figure: a colour, matplotlib's marker and line style."""

    color: str
    marker: str
    line: str


class Style(NamedTuple):
    """A style that comes with the suite; its folder and this row are all that there is of it.

    Attributes:
        reference: Where its trainer is.
        libraries: What it stands on beside jax: a record names their versions.
        look: Okabe and Ito's colours, of which some are taken darker (see `reports/figures/styles.py`).
        sentence: What it is, for people.
        page: Where its library's documentation recommends to write it so.
        extra: What pip installs its libraries by; empty if they are always there.
        of_jax: Whether jax runs its step.
    """

    reference: str
    libraries: tuple[str, ...]
    look: Look
    sentence: str
    page: str
    extra: str = ""
    of_jax: bool = True


BUILT_IN: dict[str, Style] = {
    "naive": Style(
        "triptych.impls.naive.trainer:Trainer", (), Look("#d55e00", "o", "-"),
        "A dict of arrays, one sample at a time, every operation by itself.",
        "https://docs.jax.dev/en/latest/automatic-differentiation.html",
    ),
    "treemap": Style(
        "triptych.impls.treemap.trainer:Trainer", (), Look("#0072b2", "s", "--"),
        "Pure JAX: a tree of parameters, `jax.tree.map`, and the whole step in one `jax.jit`.",
        "https://docs.jax.dev/en/latest/working-with-pytrees.html",
    ),
    "flax_optax": Style(
        "triptych.impls.flax_optax.trainer:Trainer", ("flax", "optax"), Look("#009e73", "^", ":"),
        "A Linen module and an Optax transformation, the whole step in one `jax.jit`.",
        "https://flax-linen.readthedocs.io/en/latest/guides/flax_fundamentals/flax_basics.html",
    ),
}  # fmt: skip

PEERS: dict[str, Style] = {
    "nnx_jit": Style(
        "triptych.impls.peers.nnx.trainer:Jit", ("flax", "optax"), Look("#b35c93", "D", "-"),
        "NNX modules, `nnx.jit` around the step, which walks through them in every call.",
        "https://flax.readthedocs.io/en/latest/nnx_basics.html", "peers",
    ),
    "nnx_cached": Style(
        "triptych.impls.peers.nnx.trainer:Cached", ("flax", "optax"), Look("#b35c93", "v", "--"),
        "NNX modules, `nnx.cached_partial` over that, which has walked through them once.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "nnx_split": Style(
        "triptych.impls.peers.nnx.trainer:Split", ("flax", "optax"), Look("#b35c93", "P", "-."),
        "NNX modules, split once and merged inside one `jax.jit`.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "nnx_tree": Style(
        "triptych.impls.peers.nnx.trainer:Tree", ("flax", "optax"), Look("#b35c93", "X", ":"),
        "NNX modules as plain trees, `nnx.jit_partial` without a graph.",
        "https://flax.readthedocs.io/en/latest/api_reference/nnx/transforms.html", "peers",
    ),
    "nnx_pure": Style(
        "triptych.impls.peers.nnx.trainer:Pure", ("flax", "optax"), Look("#b35c93", "*", "-."),
        "NNX modules merged from plain dicts inside one `jax.jit`.",
        "https://flax.readthedocs.io/en/latest/guides/performance.html", "peers",
    ),
    "equinox_jit": Style(
        "triptych.impls.peers.equinox.trainer:FilterJit", ("equinox", "optax"), Look("#9a7400", "D", "-"),
        "Equinox modules, `eqx.filter_jit` around the step, which sorts and waits in every call.",
        "https://docs.kidger.site/equinox/all-of-equinox/", "peers",
    ),
    "equinox_partition": Style(
        "triptych.impls.peers.equinox.trainer:Partition", ("equinox", "optax"), Look("#9a7400", "v", "--"),
        "Equinox modules, partitioned once and combined inside one `jax.jit`.",
        "https://docs.kidger.site/equinox/all-of-equinox/", "peers",
    ),
    "equinox_leaves": Style(
        "triptych.impls.peers.equinox.trainer:Leaves", ("equinox", "optax"), Look("#9a7400", "P", "-."),
        "Equinox modules, of which a flat list of arrays goes round.",
        "https://docs.kidger.site/equinox/tricks/", "peers",
    ),
    "haiku": Style(
        "triptych.impls.peers.haiku.trainer:Trainer", ("dm-haiku", "optax"), Look("#7f7f7f", "D", "-"),
        "A function that Haiku transforms, and Optax, in one `jax.jit`.",
        "https://dm-haiku.readthedocs.io/en/latest/notebooks/basics.html", "peers",
    ),
    "optax_flat": Style(
        "triptych.impls.peers.optax_flat.trainer:Trainer", ("flax", "optax"), Look("#7f7f7f", "v", "--"),
        "Linen and Optax with all parameters in one vector.",
        "https://docs.jax.dev/en/latest/jax.flatten_util.html", "peers",
    ),
    "keras_stateless": Style(
        "triptych.impls.peers.keras.trainer:Stateless", ("keras", "optree"), Look("#7f7f7f", "P", "-."),
        "Keras on JAX: `stateless_call` and `stateless_apply` in one `jax.jit`.",
        "https://keras.io/guides/writing_a_custom_training_loop_in_jax/", "peers",
    ),
    "numpy_by_hand": Style(
        "triptych.impls.peers.numpy_by_hand.trainer:Trainer", ("numpy",), Look("#7f7f7f", "X", ":"),
        "NumPy alone, the gradient worked out by hand.",
        "https://numpy.org/numpy-tutorials/tutorial-deep-learning-on-mnist/", of_jax=False,
    ),
    "torch_eager": Style(
        "triptych.impls.peers.torch.trainer:Eager", ("torch",), Look("#3b8ac4", "D", "-"),
        "PyTorch as its tutorials write it, every operation by itself.",
        "https://docs.pytorch.org/tutorials/beginner/basics/optimization_tutorial.html", "torch", of_jax=False,
    ),
    "torch_compile": Style(
        "triptych.impls.peers.torch.trainer:Compile", ("torch",), Look("#3b8ac4", "v", "--"),
        "PyTorch with `torch.compile` around loss and gradient.",
        "https://docs.pytorch.org/tutorials/intermediate/torch_compile_tutorial.html", "torch", of_jax=False,
    ),
    "torch_compile_step": Style(
        "triptych.impls.peers.torch.trainer:CompileStep", ("torch",), Look("#3b8ac4", "P", "-."),
        "PyTorch with loss, gradients and update as one function that `torch.compile` makes one program of.",
        "https://docs.pytorch.org/tutorials/unstable/inductor_cpp_wrapper_tutorial.html", "torch", of_jax=False,
    ),
}  # fmt: skip
"""The same lessons in other libraries, each way of calling one a style of its own; they need not be installed."""

STYLES = BUILT_IN | PEERS

RUNGS = {name: f"triptych.impls.variants.ladder:{name}" for name in ("batched", "compiled_gradient", "undonated")}
"""Trainers that have a name but are not listed: steps of the ladder between naive and treemap,"""

FORMS = {f"treemap_{name}": f"triptych.impls.variants.forms:{name}" for name in ("scanned", "bfloat16")}
"""and production forms of treemap's transformer."""

OWN_TOLERANCES = {"treemap_bfloat16": 0.006}
"""The share of the loss by which a trainer may part that computes in fewer bits; all others have their workload's.

An arm at its device's own precision has the largest of these, for there every trainer computes in fewer bits.

Thrice how far it parted from treemap at most in whole trainings on `text` from three seeds (0.0019).
"""
