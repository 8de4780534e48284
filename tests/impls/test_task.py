"""A task is a value, and one that cannot be trained is refused with a sentence."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from triptych.impls.networks import Conv, Mlp, TaskError, Transformer
from triptych.impls.task import Adam, AdamW, Sgd, Task

GOOD = Task(Mlp((2, 3, 1), "relu"), "sigmoid", "bce", Sgd(0.5))

EXPECTED_SIZES = (
    "expected a tuple of at least two whole numbers of 1 or more, input first and output last, such as (2, 3, 1)"
)

MLP = GOOD.network
CONV, TRANSFORMER = Conv((8, 8, 1), (16, 32), (1, 2), 10), Transformer(92, 32, 32, 4, 2)

BAD_SIZES: dict[str, tuple[Callable[[], object], str]] = {
    "one size": (lambda: replace(MLP, layer_sizes=(2,)), f"layer_sizes is (2,); {EXPECTED_SIZES}"),
    "a list": (lambda: replace(MLP, layer_sizes=[2, 1]), f"layer_sizes is [2, 1]; {EXPECTED_SIZES}"),
    "no units": (lambda: replace(MLP, layer_sizes=(2, 0, 1)), f"layer_sizes is (2, 0, 1); {EXPECTED_SIZES}"),
    "a fraction": (lambda: replace(MLP, layer_sizes=(2, 1.5)), f"layer_sizes is (2, 1.5); {EXPECTED_SIZES}"),
    "a bool": (lambda: replace(MLP, layer_sizes=(2, True)), f"layer_sizes is (2, True); {EXPECTED_SIZES}"),
    "activation": (
        lambda: replace(MLP, activation="gelu"),
        "activation is 'gelu'; expected one of relu, tanh, sigmoid",
    ),
    "an image without channels": (
        lambda: replace(CONV, image=(8, 8)),
        "image is (8, 8); expected a tuple of three whole numbers of 1 or more, height, width and channels, such as "
        "(8, 8, 1)",
    ),
    "no convolution": (
        lambda: replace(CONV, channels=()),
        "channels is (); expected a tuple of at least one whole number of 1 or more, one for each convolution, such "
        "as (16, 32)",
    ),
    "a stride too few": (
        lambda: replace(CONV, strides=(1,)),
        "strides is (1,); expected a tuple of two whole numbers of 1 or more, one for each convolution, such as (1, 2)",
    ),
    "no outputs": (lambda: replace(CONV, outputs=0), "outputs is 0; expected a whole number of 1 or more"),
    "no context": (lambda: replace(TRANSFORMER, context=0), "context is 0; expected a whole number of 1 or more"),
    "half a block": (lambda: replace(TRANSFORMER, layers=1.5), "layers is 1.5; expected a whole number of 1 or more"),
    "heads that leave a rest": (
        lambda: replace(TRANSFORMER, heads=5),
        "width is 32 with 5 heads; expected heads that divide the width",
    ),
}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "output": ({"output": "tanh"}, "output is 'tanh'; expected one of identity, sigmoid"),
    "loss": (
        {"loss": "hinge"},
        "loss is 'hinge'; expected one of mse, bce, softmax_cross_entropy, next_token_cross_entropy",
    ),
    "bce of logits": ({"output": "identity"}, "loss 'bce' does not fit output 'identity'; it needs output 'sigmoid'"),
    "softmax of probabilities": (
        {"loss": "softmax_cross_entropy"},
        "loss 'softmax_cross_entropy' does not fit output 'sigmoid'; it needs output 'identity'",
    ),
    "optimizer": (
        {"optimizer": 0.1},
        "optimizer is 0.1; expected Sgd(learning_rate), Adam(learning_rate, b1, b2, eps) or AdamW(learning_rate, ...)",
    ),
    "network": (
        {"network": (2, 3, 1)},
        "network is (2, 3, 1); expected Mlp(layer_sizes, activation), Conv or Transformer of triptych.impls.networks",
    ),
    "tokens of a perceptron": (
        {"loss": "next_token_cross_entropy", "output": "identity"},
        "loss 'next_token_cross_entropy' does not fit a network of type Mlp; it needs 'mse' or 'bce' or "
        "'softmax_cross_entropy'",
    ),
    "rows of a transformer": (
        {"network": TRANSFORMER},
        "loss 'bce' does not fit a network of type Transformer; it needs 'next_token_cross_entropy'",
    ),
    "no decay left": (
        {"optimizer": AdamW(0.1, warmup_steps=9, decay_steps=9)},
        "decay_steps is 9; expected a number in (9, inf)",
    ),
    "clipped to nothing": ({"optimizer": AdamW(0.1, clip_norm=0)}, "clip_norm is 0; expected a number in (0, inf)"),
    "zero rate": ({"optimizer": Sgd(0)}, "learning_rate is 0; expected a number in (0, inf)"),
    "rate of nan": ({"optimizer": Sgd(float("nan"))}, "learning_rate is nan; expected a number in (0, inf)"),
    "rate of inf": ({"optimizer": Adam(float("inf"))}, "learning_rate is inf; expected a number in (0, inf)"),
    "rate of True": ({"optimizer": Sgd(learning_rate=True)}, "learning_rate is True; expected a number in (0, inf)"),
    "b1": ({"optimizer": Adam(0.1, b1=1.0)}, "b1 is 1.0; expected a number in [0, 1)"),
    "b2": ({"optimizer": Adam(0.1, b2=-0.1)}, "b2 is -0.1; expected a number in [0, 1)"),
    "eps": ({"optimizer": Adam(0.1, eps=0.0)}, "eps is 0.0; expected a number in (0, inf)"),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_bad_task_is_refused_with_a_sentence(change: dict[str, Any], message: str):
    """What was got and what was expected, word for word."""
    with pytest.raises(TaskError) as caught:
        replace(GOOD, **change)
    assert str(caught.value) == message


@pytest.mark.parametrize(("make", "message"), BAD_SIZES.values(), ids=BAD_SIZES)
def test_bad_network_is_refused_with_a_sentence(make: Callable[[], object], message: str):
    """What was got and what was expected, word for word."""
    with pytest.raises(TaskError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("asked", ["layer_sizes", "activation"])
def test_a_task_without_layers_says_that_the_trainer_does_not_run_it(asked: str):
    """A trainer that was written when every task was a perceptron is unsupported there, and not broken."""
    assert getattr(GOOD, asked) == getattr(MLP, asked)
    task = Task(CONV, "identity", "mse", Sgd(0.1))
    with pytest.raises(NotImplementedError) as caught:
        getattr(task, asked)
    assert str(caught.value) == f"the trainer asks for {asked}, which only an Mlp has; it does not run a Conv"


def test_task_is_a_value():
    """Equal parts make equal tasks with equal hashes, and no part can be changed."""
    same = Task(Mlp((2, 3, 1), "relu"), "sigmoid", "bce", Sgd(0.5))
    assert same == GOOD
    assert hash(same) == hash(GOOD)
    change: Callable[..., None] = setattr
    with pytest.raises(FrozenInstanceError):
        change(GOOD, "loss", "mse")


def test_task_has_only_layers_that_it_is_given():
    """No hidden layer at all is a task too: a linear or logistic regression."""
    assert replace(GOOD, network=Mlp((2, 1), "relu")).layer_sizes == (2, 1)


def test_zero_is_allowed_where_it_means_none():
    """Adam without momentum."""
    assert replace(GOOD, optimizer=Adam(0.1, b1=0.0, b2=0.0)).optimizer == Adam(0.1, 0.0, 0.0)
