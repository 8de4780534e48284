"""What the instrument itself costs: its seconds per step against a hand-written loop over the same step.

Both sides take turns inside one process of their own, in a seeded random order; the figure is their ratio with its
interval over blocks. Run with `pytest -m targets tests/benches/worker/test_overhead.py -s` on a quiet machine.
"""

import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import jax
import pytest

from triptych.benches.record.run import Cell
from triptych.benches.stats.ranks import geometric
from triptych.benches.worker import messages
from triptych.benches.worker.answers import Measurer
from triptych.benches.worker.cell import PreparedCell, prepare
from triptych.benches.workloads.published import WORKLOADS, save

BLOCKS = 400
BLOCK_S = 0.012


MOST = 1.01


@pytest.mark.targets
def test_the_instrument_costs_a_hundredth_of_a_step_at_most() -> None:
    """On both default workloads, the interval included."""
    said = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True, timeout=300).stdout
    sys.stdout.write(said)
    assert len(lines := said.splitlines()) == 2
    assert all(float(line.rpartition(", ")[2].removesuffix("]")) <= MOST for line in lines)


def main() -> None:
    """Prints one ratio per workload, on one processor with one thread of XLA's, as a run measures."""
    os.environ["NPROC"] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    for name in ("digits", "xor"):
        with tempfile.TemporaryDirectory() as folder:
            ratio = geometric(overhead(name, Path(folder)))
        figures = f"{ratio.value:.4f} [{ratio.low:.4f}, {ratio.high:.4f}]"
        sys.stdout.write(f"{name}: instrument / hand-written loop = {figures}\n")


def overhead(workload: str, folder: Path) -> list[float]:
    """Ratios of seconds per step, instrument over hand-written loop, one per pair of neighbouring blocks."""
    cell = Cell(workload, "treemap", "cpu")
    spec = messages.Spec(cell, "treemap", str(save(WORKLOADS[workload], folder)))
    measurer = Measurer()
    measurer.handle(messages.Hold(spec))
    measurer.handle(messages.Compile(restart=0))
    prepared = measurer.handle(messages.Prepare(prove=False, block_s=BLOCK_S))
    assert isinstance(prepared, messages.Prepared), f"treemap could not be prepared: {prepared}"
    steps = prepared.steps

    def instrument() -> float:
        timed = measurer.handle(messages.TimeBlock(steps, restart=0, round=0, position=0))
        assert isinstance(timed, messages.BlockTimed), f"a block could not be timed: {timed}"
        return timed.block.step_s

    by_hand = partial(hand_written, prepare(spec), steps)
    by_hand()
    order, ratios = random.Random(0), list[float]()
    for _ in range(BLOCKS):
        pair = {side: side() for side in order.sample((instrument, by_hand), 2)}
        ratios.append(pair[instrument] / pair[by_hand])
    return ratios


def hand_written(cell: PreparedCell, steps: int) -> float:
    """Seconds per step of the loop that anybody would write."""
    step, state, inputs = cell.trainer.step, cell.start(), list(itertools.islice(itertools.cycle(cell.inputs), steps))
    began = time.perf_counter()
    for batch in inputs:
        state, _loss = step(state, batch)
    jax.block_until_ready(state)
    return (time.perf_counter() - began) / steps


if __name__ == "__main__":
    main()
