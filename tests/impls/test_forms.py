"""The production forms of the transformer: the same numbers in fewer arrays, and other numbers in half the bits."""

import jax
import numpy as np
import pytest

from triptych.impls import registry
from triptych.impls.laws import conformance, reference
from triptych.impls.laws.specimens import OTHER_TASKS, TASKS, batch_of, batches_on_host, start
from triptych.impls.networks import Transformer

SCANNED, BFLOAT16 = (registry.load(name) for name in ("treemap_scanned", "treemap_bfloat16"))

TASK = next(task for task in reversed(OTHER_TASKS) if isinstance(task.network, Transformer))


def test_the_scanned_form_keeps_the_laws_that_it_can() -> None:
    """Round trip, the reference's numbers, hands off; every other network is refused with a reason."""
    for check in (conformance.check_round_trip, conformance.check_right_numbers, conformance.check_hands_off):
        check(SCANNED, TASK)
    with pytest.raises(NotImplementedError, match="is of type Mlp"):
        SCANNED(TASKS[0])


def test_the_scanned_form_has_the_arrays_of_one_block() -> None:
    """16 of the block, 2 embeddings, 2 of the norm, 2 of the head; thrice with the moments, and a count."""
    state = SCANNED(TASK).init(start(TASK))
    assert len(jax.tree.leaves(state)) == 3 * (16 + 6) + 1


def test_bfloat16_computes_in_half_and_keeps_whole_parameters() -> None:
    """Its state is float32; its loss is near the reference's, and further from it than float32's rounding."""
    trainer, (rows,) = BFLOAT16(TASK), batches_on_host(TASK, 1)
    state, loss = trainer.step(trainer.init(start(TASK)), batch_of(rows))
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype(np.float32)}
    expected = reference.loss(TASK, start(TASK), *rows)
    assert float(loss) == pytest.approx(expected, rel=2e-2)
    assert float(loss) != pytest.approx(expected, rel=1e-5)
