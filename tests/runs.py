"""Small runs made by hand, for tests of what reads them."""

from triptych.benches.record.run import (
    SCHEMA,
    ArmRecord,
    Block,
    Cell,
    CellRecord,
    Compile,
    Outcome,
    Point,
    Run,
    Settings,
    Training,
    WorkloadRecord,
)

XOR = WorkloadRecord("xor", "a lesson", "2-3-1, sigmoid", "bce", "SGD 0.5", 4, 100, 1e-3, 1e-6, 0.05)


def cell_record(trainer: str, step_times: dict[int, list[float]], losses: tuple[float, ...] = (0.7, 0.1)) -> CellRecord:
    """A trained cell with blocks of 10 steps: seconds per step by restart, one per round."""
    blocks = [
        Block(restart, number, number, 10, 10 * step_s, 9 * step_s)
        for restart, times in step_times.items()
        for number, step_s in enumerate(times)
    ]
    curve = [Point(50 * i, 0.5 * i, loss) for i, loss in enumerate(losses)]
    return CellRecord(
        Cell("xor", trainer, "cpu"),
        "cpu",
        Outcome("ok", "", 100),
        [Compile(restart, 0.01, 0.02, 0.03, 0.07, 1) for restart in step_times],
        blocks,
        [Training(0, 100, 1.0, curve, losses[-1], None, 1.0, None)],
    )


def run_of(*cells: CellRecord) -> Run:
    """A complete run of these cells on one arm."""
    arms = [ArmRecord("cpu", "cpu", {})]
    return Run(SCHEMA, "2026-01-01T00:00:00+00:00", "by hand", None, Settings(), "treemap", arms, [XOR], list(cells))
