"""A task is a value, and one that cannot be trained is refused with a sentence."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from triptych.impls.task import Adam, Sgd, Task, TaskError

GOOD = Task((2, 3, 1), "relu", "sigmoid", "bce", Sgd(0.5))

EXPECTED_SIZES = (
    "expected a tuple of at least two whole numbers of 1 or more, input first and output last, such as (2, 3, 1)"
)

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one size": ({"layer_sizes": (2,)}, f"layer_sizes is (2,); {EXPECTED_SIZES}"),
    "a list": ({"layer_sizes": [2, 1]}, f"layer_sizes is [2, 1]; {EXPECTED_SIZES}"),
    "no units": ({"layer_sizes": (2, 0, 1)}, f"layer_sizes is (2, 0, 1); {EXPECTED_SIZES}"),
    "a fraction": ({"layer_sizes": (2, 1.5)}, f"layer_sizes is (2, 1.5); {EXPECTED_SIZES}"),
    "a bool": ({"layer_sizes": (2, True)}, f"layer_sizes is (2, True); {EXPECTED_SIZES}"),
    "activation": ({"activation": "gelu"}, "activation is 'gelu'; expected one of relu, tanh, sigmoid"),
    "output": ({"output": "tanh"}, "output is 'tanh'; expected one of identity, sigmoid"),
    "loss": ({"loss": "hinge"}, "loss is 'hinge'; expected one of mse, bce, softmax_cross_entropy"),
    "bce of logits": ({"output": "identity"}, "loss 'bce' does not fit output 'identity'; it needs output 'sigmoid'"),
    "softmax of probabilities": (
        {"loss": "softmax_cross_entropy"},
        "loss 'softmax_cross_entropy' does not fit output 'sigmoid'; it needs output 'identity'",
    ),
    "optimizer": (
        {"optimizer": 0.1},
        "optimizer is 0.1; expected Sgd(learning_rate) or Adam(learning_rate, b1, b2, eps)",
    ),
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


def test_task_is_a_value():
    """Equal parts make equal tasks with equal hashes, and no part can be changed."""
    same = Task((2, 3, 1), "relu", "sigmoid", "bce", Sgd(0.5))
    assert same == GOOD
    assert hash(same) == hash(GOOD)
    change: Callable[..., None] = setattr
    with pytest.raises(FrozenInstanceError):
        change(GOOD, "loss", "mse")


def test_task_has_only_layers_that_it_is_given():
    """No hidden layer at all is a task too: a linear or logistic regression."""
    assert replace(GOOD, layer_sizes=(2, 1)).layer_sizes == (2, 1)


def test_zero_is_allowed_where_it_means_none():
    """Adam without momentum."""
    assert replace(GOOD, optimizer=Adam(0.1, b1=0.0, b2=0.0)).optimizer == Adam(0.1, 0.0, 0.0)
