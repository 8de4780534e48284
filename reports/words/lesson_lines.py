"""What another network or another optimizer costs to write, in each style: a small table."""

from triptych.benches.analysis.lesson_lines import NETWORKS, written

HEADS = ("Style", *(f"{name}.py" for name in NETWORKS), "new in conv", "new in transformer", "optimizer", "beyond SGD")
MEANING = (
    "Lines of code, without comments and docstrings, of each style's file for a network, but for the translation of "
    "its names into the canonical ones; how many of them its file for the perceptron has not; and of what it writes "
    "about optimizers, how many lines plain SGD does without."
)


def lines() -> list[list[str]]:
    """A line per built-in style."""
    return [
        [one.style, *(str(one.networks[name]) for name in NETWORKS), *map(str, one.new.values())]
        + [str(one.optimizer), str(one.beyond_sgd)]
        for one in written()
    ]
