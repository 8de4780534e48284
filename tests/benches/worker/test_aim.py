"""Compiling for devices that are not there: the trainers' own steps, on shapes, by compilers that need no device."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from triptych.benches.arms.arm import compiling_arm
from triptych.benches.arms.process import Workers
from triptych.benches.record.counts import Counts, changes, gated
from triptych.benches.record.run import Cell
from triptych.benches.record.targets import target_named
from triptych.benches.worker import messages
from triptych.benches.worker.aim import shapes_on
from triptych.benches.workloads.published import WORKLOADS, save

MISTAKES = Path(__file__).parents[2] / "aimed_trainers.py"

needs_libtpu = pytest.mark.skipif(find_spec("libtpu") is None, reason="no compiler for TPUs: pip install -e '.[tpu]'")


def counted(reference: str, folder: Path, workload: str = "xor", typed: str = "tpu:v5e") -> messages.Answer:
    """What a worker counts of a trainer for a device that is not there, or why it does not."""
    target = target_named(typed)
    path = str(save(WORKLOADS[workload], folder))
    spec = messages.Spec(Cell(workload, "any", target.label, "compile"), reference, path, target=typed)
    with Workers() as workers, workers.start(compiling_arm(target)) as worker:
        answers = [worker.ask(one, 120) for one in (messages.Hold(spec), messages.Compile(0), messages.Count())]
    return next((one for one in answers if isinstance(one, messages.Failed)), answers[-1])


def counts_of(reference: str, folder: Path, workload: str = "xor") -> Counts:
    answer = counted(reference, folder, workload)
    assert isinstance(answer, messages.Counted), answer
    return answer.counts


@needs_libtpu
@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("undonated", "donated bytes 77,312 \N{RIGHTWARDS ARROW} 0"),
        ("looped", "HLO instructions 380 \N{RIGHTWARDS ARROW}"),
        ("unfused", "StableHLO operations"),
        ("slipped", "StableHLO operations"),
    ],
)
def test_a_mistake_is_seen_on_a_device_that_is_not_there(mistake: str, words: str, tmp_path: Path) -> None:
    """What the exact gate compares differs from treemap's; treemap itself counts the same again."""
    references = ("treemap", "treemap", f"{MISTAKES}:{mistake}")
    names = gated("tpu_v5e")
    counts = [counts_of(one, tmp_path, workload="digits") for one in references]
    right, again, wrong = ({name: getattr(one, name) for name in names} for one in counts)
    assert changes(right, again, names) == []
    assert words in "; ".join(changes(right, wrong, names))


@needs_libtpu
def test_the_trainers_own_step_keeps_its_donation_and_a_wrapped_one_is_not_believed(tmp_path: Path) -> None:
    """As many bytes as the state has are used again; of a function around the step nobody knows."""
    own, around = (counts_of(one, tmp_path) for one in ("treemap", f"{MISTAKES}:wrapped"))
    assert (own.alias_bytes or 0) > 0
    assert around.alias_bytes is None
    assert around.stablehlo_operations == own.stablehlo_operations


@needs_libtpu
def test_what_is_no_one_program_is_not_applicable(tmp_path: Path) -> None:
    """The naive step is many, each compiled as it is called."""
    answer = counted("naive", tmp_path)
    assert isinstance(answer, messages.Failed)
    assert answer.kind == "unsupported"
    assert answer.reason.startswith("not applicable: a step is not one compiled program")


@needs_libtpu
def test_chips_that_no_such_device_has_are_refused_in_words(tmp_path: Path) -> None:
    """Three in a row is no part of a v5e."""
    answer = counted("treemap", tmp_path, "diabetes", "tpu:v5e:3x1")
    assert isinstance(answer, messages.Failed), answer
    assert "tpu:v5e:3x1 is no device that its compiler knows" in answer.reason


@needs_libtpu
def test_several_chips_share_a_batch_and_add_up_their_gradients(tmp_path: Path) -> None:
    """Four chips send each other the 13 gradients and the loss."""
    answer = counted("treemap", tmp_path, typed="tpu:v5e:2x2")
    assert isinstance(answer, messages.Counted), answer
    assert answer.program is not None
    assert answer.program.collective_bytes == {"all-reduce": 4 * (13 + 1)}


def test_a_batch_that_does_not_divide_over_the_chips_is_unsupported() -> None:
    """Said before any compiler is asked."""
    rows = np.zeros((6, 2), np.float32)
    with pytest.raises(NotImplementedError, match="a batch of 6 does not divide over 4 chips"):
        shapes_on(target_named("tpu:v5e:2x2"), rows, (rows, rows))
