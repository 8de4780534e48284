"""What is swept, and what is not."""

import pytest
from choices import choose

from triptych.benches.run.experiments import checked, parse
from triptych.benches.run.options import ChoiceError
from triptych.impls.registry import RegistryError


def test_a_range_is_its_powers_of_two() -> None:
    """Both ends included."""
    assert parse("width=16:128") == ("width", (16, 32, 64, 128))
    assert parse("batch=1:4") == ("batch", (1, 2, 4))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("depht=1:8", "'depht=1:8' cannot be read; expected AXIS=FROM:TO .* the axes are width, depth, batch"),
        ("", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=8", "'width=8' cannot be read; .* such as width=16:4096"),
        ("width=8:16:32", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=-2:4", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=2.0:4", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=٢:8", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=0:4", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=12:48", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=64:16", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("width=8:8", "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
        ("depth=1:128", "goes too far: a depth of at most 64 can be measured; lower its end"),
        (f"batch=1:{2**62}", "goes too far"),
        ("width=1:" + "9" * 5000, "cannot be read; expected AXIS=FROM:TO with two powers of two, the smaller first"),
    ],
)
def test_what_cannot_be_swept_is_refused_with_a_sentence(words: str, sentence: str) -> None:
    """What was got, what was expected."""
    with pytest.raises(ChoiceError, match=sentence):
        parse(words)


def test_an_axis_is_swept_once() -> None:
    """Two ranges of one axis would make cells of one name."""
    with pytest.raises(ChoiceError, match="--sweep names width twice"):
        checked(["width=1:4", "depth=1:2", "width=2:8"])


def test_each_axis_is_swept_by_itself() -> None:
    """Not their product."""
    cells = choose(trainer=["treemap"], workload=["digits,teacher"], sweep=["width=16:32", "depth=1:2"])
    assert [cell.workload for cell in cells] == [
        "digits-width16", "digits-width32", "digits-depth1", "digits-depth2",
        "teacher-width16", "teacher-width32", "teacher-depth1", "teacher-depth2",
    ]  # fmt: skip


def test_what_does_not_go_with_a_sweep_is_refused() -> None:
    """A size of a size, a ladder beside it."""
    asked = ["width=16:32"]
    with pytest.raises(
        ChoiceError,
        match="'digits-width8' has a size already, which no width can follow; give --sweep the name 'digits'",
    ):
        choose(workload=["digits-width8"], sweep=asked)
    for asking in ({"workload": ["text-width33"]}, {"workload": ["text"], "sweep": ["width=2:4"]}):
        with pytest.raises(
            RegistryError, match=r"no workload 'text-width(33|2)': width is (33|2) with 4 heads; expected"
        ):
            choose(**asking)
    with pytest.raises(ChoiceError, match="--ladder and --sweep were both given"):
        choose(sweep=asked, ladder=True)
    with pytest.raises(ChoiceError, match="unknown workload 'mnist'; expected one of xor, "):
        choose(workload=["mnist-width8"])
