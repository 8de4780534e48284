"""The networks: what lies between the inputs and the outputs of a task, each as one frozen and hashable value.

A network knows the tree of its canonical parameters, its size in words, and its other sizes for a sweep. Every choice
that changes a digit is written here once; the trainers and the float64 reference follow it. Parameters are float32,
a weight is (in, out) and is multiplied from the right.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Activation = Literal["relu", "tanh", "sigmoid"]

NORM_EPS = 1e-6
"""Added to the variance by the transformer's norms."""

Shapes = Any
"""The tree of canonical parameters: lists and dicts with the shape of an array, a tuple, at every leaf."""


class TaskError(ValueError):
    """A task that cannot be trained; the message says why and what would do."""


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron: x @ w + b, layer after layer, the activation after every one but the last.

    Attributes:
        layer_sizes: Width of every layer, input first and output last, e.g. (2, 3, 1).
        activation: Applied after every layer but the last.

    Raises:
        TaskError: On construction, if a size or the activation is none.
    """

    layer_sizes: tuple[int, ...]
    activation: Activation

    def __post_init__(self) -> None:
        check_sizes("layer_sizes", self.layer_sizes, 2, "input first and output last, such as (2, 3, 1)")
        check_choice("activation", self.activation, get_args(Activation))

    def shapes(self) -> Shapes:
        """A list of layers, input side first."""
        return [_dense(inputs, outputs) for inputs, outputs in itertools.pairwise(self.layer_sizes)]

    def words(self) -> str:
        """For instance "2-3-1, sigmoid"."""
        return f"{'-'.join(map(str, self.layer_sizes))}, {self.activation}"

    def resized(self, axis: str, size: int) -> "Mlp":
        """With hidden layers of that width, with that many hidden layers, or with that many arrays, two to a layer.

        Raises:
            TaskError: If an odd number of arrays is asked for.
        """
        if axis == "arrays" and size % 2:
            raise TaskError(f"{size} arrays were asked for; expected an even number, for a layer has two")
        inputs, *hidden, outputs = self.layer_sizes
        n_hidden = size // 2 - 1 if axis == "arrays" else size
        hidden = [size] * len(hidden) if axis == "width" else hidden[:1] * n_hidden
        return replace(self, layer_sizes=(inputs, *hidden, outputs))


@dataclass(frozen=True)
class Conv:
    """Convolutions of 3 by 3 on an image, channels last, then the mean over its pixels and a dense layer.

    Each convolution is a cross-correlation with a border of one zero on every side, so that n pixels become
    (n - 1) // stride + 1 whatever the stride, plus a bias, and then max(0, x). A weight is (3, 3, in, out).

    Attributes:
        image: Height, width and channels of an input.
        channels: Of every convolution.
        strides: Of every convolution.
        outputs: Of the dense layer.

    Raises:
        TaskError: On construction, if a size is none or there are not as many strides as convolutions.

    References:
        Springenberg et al., "Striving for Simplicity: The All Convolutional Net", 2015: strides in place of pooling,
        and the mean over the image before the classifier.
    """

    image: tuple[int, int, int]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    outputs: int

    def __post_init__(self) -> None:
        check_sizes("image", self.image, 3, "height, width and channels, such as (8, 8, 1)", most=3)
        check_sizes("channels", self.channels, 1, "one for each convolution, such as (16, 32)")
        n = len(self.channels)
        check_sizes("strides", self.strides, n, "one for each convolution, such as (1, 2)", most=n)
        check_size("outputs", self.outputs)

    def shapes(self) -> Shapes:
        """The convolutions in order, and the dense head."""
        convs = [
            {"w": (3, 3, inputs, outputs), "b": (outputs,)}
            for inputs, outputs in itertools.pairwise((self.image[2], *self.channels))
        ]
        return {"convs": convs, "head": _dense(self.channels[-1], self.outputs)}

    def words(self) -> str:
        """For instance an image of 8 by 8, its convolutions of 16 and 32 channels, 10 outputs."""
        convs = [f"{one} (stride {stride})" for one, stride in zip(self.channels, self.strides, strict=True)]
        return f"{' by '.join(map(str, self.image))}, convolutions of {' and '.join(convs)}, {self.outputs}"

    def resized(self, axis: str, size: int) -> "Conv":
        """With that many channels everywhere, or with that many convolutions, the further ones of stride 1."""
        check_axis(self, axis)
        if axis == "width":
            return replace(self, channels=(size,) * len(self.channels))
        strides = (*self.strides[:size], *[1] * (size - len(self.strides)))
        channels = (*self.channels[:size], *[self.channels[-1]] * (size - len(self.channels)))
        return replace(self, channels=channels, strides=strides)

    def pixels(self) -> list[int]:
        """Of the image after each convolution."""
        height, width, _ = self.image
        found: list[int] = []
        for stride in self.strides:
            height, width = (height - 1) // stride + 1, (width - 1) // stride + 1
            found.append(height * width)
        return found


@dataclass(frozen=True)
class Transformer:
    """A decoder as it is taught: int32 tokens in, the logits of the next token after every one of them out.

    Tokens and positions are embedded and added. Each block adds to its input first causal attention, then a perceptron
    of four times the width, each after a norm of its own; a last norm and a dense layer follow. Heads are equal slices
    of the width, in order; scores are divided by the root of a head's width and softmaxed over what is not later.
    A norm takes the mean away, divides by the root of the (biased) variance plus 1e-6, then scales and shifts.
    GELU is 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))). There is no dropout, and no weight is shared.

    Attributes:
        vocabulary: Number of tokens.
        context: Tokens of a sequence.
        width: Of an embedding; the heads divide it.
        heads: Of the attention.
        layers: Blocks.

    Raises:
        TaskError: On construction, if a size is none or the heads do not divide the width.

    References:
        Vaswani et al., "Attention Is All You Need", 2017.
        Radford et al., "Language Models are Unsupervised Multitask Learners", 2019: norms first, positions learned.
        Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016: GELU and its form by tanh.
    """

    vocabulary: int
    context: int
    width: int
    heads: int
    layers: int

    def __post_init__(self) -> None:
        for name in ("vocabulary", "context", "width", "heads", "layers"):
            check_size(name, getattr(self, name))
        if self.width % self.heads:
            raise TaskError(f"width is {self.width} with {self.heads} heads; expected heads that divide the width")

    def shapes(self) -> Shapes:
        """The two embeddings, the blocks in order, the last norm and the head."""
        d = self.width
        dense = {name: _dense(d, d) for name in ("query", "key", "value", "out")}
        block = {"norm1": _norm(d), **dense, "norm2": _norm(d), "up": _dense(d, 4 * d), "down": _dense(4 * d, d)}
        return {
            "tokens": (self.vocabulary, d),
            "positions": (self.context, d),
            "blocks": [block] * self.layers,
            "norm": _norm(d),
            "head": _dense(d, self.vocabulary),
        }

    def words(self) -> str:
        """For instance "transformer of 2 layers, width 32, 4 heads, 32 of 92 tokens"."""
        sizes = f"{self.layers} layers, width {self.width}, {self.heads} heads"
        return f"transformer of {sizes}, {self.context} of {self.vocabulary} tokens"

    def resized(self, axis: str, size: int) -> "Transformer":
        """With that width, which the heads must divide, or with that many blocks."""
        check_axis(self, axis)
        return replace(self, width=size) if axis == "width" else replace(self, layers=size)


Network = Mlp | Conv | Transformer


def n_parameters(network: Network) -> int:
    """Numbers in all arrays of the canonical parameters."""
    return sum(math.prod(shape) for shape in leaves(network.shapes()))


def n_modules(tree: Any) -> int:
    """How many layers a canonical tree has: dicts that hold an array themselves."""
    if isinstance(tree, list):
        return sum(map(n_modules, tree))
    if not isinstance(tree, dict):
        return 0
    return any(not isinstance(part, dict | list) for part in tree.values()) + sum(map(n_modules, tree.values()))


def leaves(tree: Any) -> list[Any]:
    """What stands at the leaves of a canonical tree, dicts by the order of their names."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with the function applied to every leaf, dicts by the order of their names, as jax does it."""
    if isinstance(tree, dict):
        return {name: map_leaves(f, tree[name]) for name in sorted(tree)}
    return [map_leaves(f, part) for part in tree] if isinstance(tree, list) else f(tree)


def drawn(shapes: Shapes, draw: Callable[[str, tuple[int, ...]], Any], name: str = "") -> Any:
    """A canonical tree of arrays, each made of its name and its shape, layer by layer, input side first."""
    if isinstance(shapes, dict):
        return {name: drawn(part, draw, name) for name, part in shapes.items()}
    return [drawn(part, draw) for part in shapes] if isinstance(shapes, list) else draw(name, shapes)


def _dense(inputs: int, outputs: int) -> Shapes:
    return {"w": (inputs, outputs), "b": (outputs,)}


def _norm(width: int) -> Shapes:
    return {"scale": (width,), "bias": (width,)}


def check_size(field: str, value: object) -> None:
    """Refuses what is no whole number of 1 or more."""
    if type(value) is not int or value < 1:
        raise TaskError(f"{field} is {value!r}; expected a whole number of 1 or more")


def check_sizes(field: str, value: object, least: int, what: str, most: int = 1_000) -> None:
    """Refuses what is no tuple of that many whole numbers of 1 or more."""
    sizes: tuple[object, ...] = value if isinstance(value, tuple) else ()
    if not least <= len(sizes) <= most or not all(type(size) is int and size >= 1 for size in sizes):
        number = {1: "one", 2: "two", 3: "three"}.get(least, str(least))
        many = f"{number}" if least == most else f"at least {number}"
        plural = "numbers" if least > 1 else "number"
        raise TaskError(f"{field} is {value!r}; expected a tuple of {many} whole {plural} of 1 or more, {what}")


def check_axis(network: object, axis: str) -> None:
    """Refuses to cut anything but a perceptron into a number of arrays."""
    if axis == "arrays":
        raise TaskError(f"a {type(network).__name__} has the arrays that it has; expected an Mlp, which can be cut")


def check_choice(field: str, value: object, known: tuple[str, ...]) -> None:
    """Refuses what is not among the known."""
    if value not in known:
        raise TaskError(f"{field} is {value!r}; expected one of {', '.join(known)}")
