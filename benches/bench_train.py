"""Seconds to the end of training, compiled beforehand, with the losses beside them."""

import pytest

from triptych.benches.run.plugin import CLOCK, Replay


@pytest.mark.benchmark(timer=CLOCK)
def bench_train(replay: Replay) -> None:
    """Seconds to the end of training, compiled beforehand, with the losses beside them."""
    replay("train", lambda record: [training.train_s for training in record.trainings if record.outcome.kind == "ok"])
