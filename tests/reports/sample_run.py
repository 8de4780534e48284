"""A run that never happened, with realistic figures: three trainers on two workloads, seeded."""

import random
from typing import Any

import msgspec

from triptych.benches.record.counts import Counts
from triptych.benches.record.run import (
    SCHEMA,
    ArmRecord,
    Block,
    Cell,
    CellRecord,
    Compile,
    Fingerprint,
    LongStep,
    Outcome,
    Point,
    Run,
    SeedTraining,
    Settings,
    Start,
    Tail,
    Training,
    WorkloadRecord,
)

STEP_S = {
    ("xor", "naive"): 16e-3,
    ("xor", "treemap"): 13e-6,
    ("xor", "flax_optax"): 14e-6,
    ("digits", "naive"): 140e-3,
    ("digits", "treemap"): 60e-6,
    ("digits", "flax_optax"): 75e-6,
}
PROGRAMS = {"naive": 25, "treemap": 1, "flax_optax": 1}
COMPILE_S = {"naive": 0.7, "treemap": 0.10, "flax_optax": 0.12}
STEPS = {"xor": 2000, "digits": 900}
FLOPS = {"xor": 226, "digits": 360_012}
BYTES = {"xor": 156, "digits": 67_324}
CUT = Outcome("over_budget", "came to step 93 of 900 in 12.0 s; the rest would take 104 s", steps_done=93, rest_s=104.0)


def fingerprint(**changes: Any) -> Fingerprint:
    """A small cloud machine."""
    values: dict[str, Any] = {
        "cpu_model": "AMD EPYC 7B13",
        "cpu_count": 2,
        "affinity": [0, 1],
        "memory_bytes": 8_326_000_000,
        "os": "Debian GNU/Linux 12, Linux 6.1",
        "platform": "cpu",
        "device_kind": "cpu",
        "device_count": 1,
        "driver": None,
        "python": "3.11.9",
        "jax": "0.10.2",
        "jaxlib": "0.10.2",
        "libraries": {"flax": "0.12.1", "optax": "0.2.6", "numpy": "2.4.0"},
        "xla_flags": "",
        "matmul_precision": "highest",
        "load_average": [0.41, 0.38, 0.30],
    }
    return Fingerprint(**(values | changes))


def workload(name: str) -> WorkloadRecord:
    """The two default workloads, or one like them under another name."""
    if name == "digits":
        return WorkloadRecord(
            name, "scikit-learn's digits", "64-32-10", "softmax cross-entropy", "Adam 0.001", 128, 900, 1e-3, 1e-6, 0.1
        )
    return WorkloadRecord(name, "lesson B", "2-3-1", "bce", "SGD 0.5", 4, STEPS.get(name, 2000), 1e-3, 1e-6, 0.05)


def curve(name: str, step_s: float, steps: int, *, points: int = 40, bump: float = 0.0) -> list[Point]:
    """A falling loss at evenly spread steps; `bump` is added to its second half, to break parity."""
    start, end = (2.41, 0.071) if name == "digits" else (0.7782, 0.0193)
    whole = STEPS.get(name, 2000)
    marks = sorted({round(whole * index / points) for index in range(points + 1)})
    shape = [(step, end + (start - end) / (1 + (2.6 * step / whole) ** 3)) for step in marks if step <= steps]
    return [Point(step, step * step_s, loss + (bump if step > whole / 2 else 0)) for step, loss in shape]


def blocks(rng: random.Random, step_s: float, restarts: int, rounds: int, turn: int, turns: int) -> list[Block]:
    """Blocks of about 0.1 s with noise between restarts, noise within, and now and then a slow one."""
    steps = max(1, round(0.1 / step_s))
    made: list[Block] = []
    for restart in range(restarts):
        machine = rng.gauss(0, 0.006)
        for round_ in range(rounds):
            slow = rng.expovariate(8) if rng.random() < 0.06 else 0.0
            seconds = steps * step_s * (1 + machine + rng.gauss(0, 0.012) + slow)
            position = round_ * turns + (turn * 5 + round_ * 3 + restart) % turns
            made.append(Block(restart, round_, position, steps, seconds, seconds * 0.97))
    return made


def compiles(rng: random.Random, trainer: str, restarts: int) -> list[Compile]:
    """Phases in the proportions that XLA on a CPU shows."""
    total, programs = COMPILE_S.get(trainer, 0.15), PROGRAMS.get(trainer, 1)
    made: list[Compile] = []
    for restart in range(restarts):
        whole = total * (1 + rng.gauss(0, 0.03))
        made.append(Compile(restart, whole * 0.22, whole * 0.13, whole * 0.65, whole * 1.08, programs))
    return made


def tails(name: str, trainer: str, step_s: float, restarts: int) -> list[Tail]:
    """A tenth of a second of single steps: a few collections at random, and in one cell a regular stall."""
    rng, made = random.Random(f"{name}/{trainer}/tails"), list[Tail]()
    for restart in range(restarts):
        median_s = step_s * rng.uniform(1.04, 1.1)
        steps = round(0.1 / median_s) or 1
        where = range(99, steps, 200) if (name, trainer) == ("digits", "flax_optax") else rng.choices(range(steps), k=3)
        cause = "" if isinstance(where, range) else f"a garbage collection (generation {rng.choice([0, 1, 1, 2])})"
        long = [LongStep(step, median_s * rng.uniform(2.5, 21.0), cause) for step in where]
        longest = sorted(long, key=lambda one: -one.seconds) if steps > 500 else [LongStep(0, median_s * 1.1)]
        made.append(Tail(restart, steps, median_s, median_s * rng.uniform(1.2, 1.6) if steps > 500 else None, longest))
    return made


def counts(name: str, trainer: str) -> Counts:
    """An eager trainer launches programs by the hundred; a compiled one says what its program is."""
    common = {
        "analytic_flops_per_step": FLOPS.get(name, 226),
        "analytic_bytes_per_step": BYTES.get(name, 156),
        "leaves_in": 6,
        "leaves_out": 5,
        "host_peak_rss_bytes": 548_000_000,
        "trainer_lines": 58,
    }
    if trainer == "naive":
        return Counts(jaxpr_equations=277, executables_per_call=180, compilations=49, **common)
    return Counts(
        jaxpr_equations=76, executables_per_call=1, compilations=1, stablehlo_operations=141, hlo_instructions=224,
        hlo_fusions=14, xla_flops=495, xla_bytes=1340, argument_bytes=100, output_bytes=96, alias_bytes=52,
        temp_bytes=524, xla_peak_bytes=144, **common,
    )  # fmt: skip


def cell(
    name: str, trainer: str, *, restarts: int = 7, rounds: int = 5, turn: int = 0, turns: int = 6, seed: int = 0
) -> CellRecord:
    """One measured cell on the CPU."""
    rng = random.Random(f"{name}/{trainer}/{seed}")
    step_s = STEP_S.get((name, trainer), 20e-6)
    cut = (name, trainer) == ("digits", "naive")
    done = 93 if cut else STEPS.get(name, 2000)
    losses = curve(name, step_s, done)
    held_out, accuracy = (losses[-1].loss * 1.6, 0.967) if name == "digits" else (None, 1.0)
    return CellRecord(
        Cell(name, trainer, "cpu"),
        "cpu",
        CUT if cut else Outcome("ok"),
        compiles(rng, trainer, restarts),
        blocks(rng, step_s, restarts, rounds, turn, turns),
        [Training(0, done, done * step_s, losses, losses[-1].loss, held_out, accuracy, None)],
        peak_bytes=41_300_000 if trainer == "naive" else 2_360_000,
        counts=counts(name, trainer),
        tails=tails(name, trainer, step_s, restarts),
    )


def sample_run(
    trainers: tuple[str, ...] = ("naive", "treemap", "flax_optax"),
    workloads: tuple[str, ...] = ("xor", "digits"),
    *,
    restarts: int = 7,
    rounds: int = 5,
    seed: int = 0,
) -> Run:
    """The default matrix, or another of the same make."""
    pairs = [(name, trainer) for name in workloads for trainer in trainers]
    cells = [
        cell(name, trainer, restarts=restarts, rounds=rounds, turn=turn, turns=len(pairs), seed=seed)
        for turn, (name, trainer) in enumerate(pairs)
    ]
    return Run(
        schema=SCHEMA,
        created="2026-11-22T01:00:00Z",
        command="triptych run",
        commit="0123456789abcdef0123456789abcdef01234567",
        settings=Settings(restarts=restarts, rounds=rounds, seed=seed),
        reference="treemap" if "treemap" in trainers else trainers[0],
        arms=[ArmRecord("cpu", "cpu", {"JAX_PLATFORMS": "cpu"}, fingerprint())],
        workloads=[workload(name) for name in workloads],
        cells=cells,
        status="complete",
        duration_s=97.4,
    )


def seeded(run: Run, seeds: int = 12) -> Run:
    """The same run with trainings from seeds and with starts: the naive trainer is cut, every seventh seed misses."""
    run.settings = msgspec.structs.replace(run.settings, seeds=seeds, start_up=True)
    for record in run.cells:
        name, trainer = record.cell.workload, record.cell.trainer
        step_s = STEP_S.get((name, trainer), 20e-6)
        record.seed_trainings = [
            SeedTraining(0, 0, "cut", 90, 5.0, curve(name, step_s, 90))
            if trainer == "naive"
            else SeedTraining(
                seed, 0, "missed" if seed % 7 == 6 else "reached", steps := 300 + 37 * seed, steps * step_s,
                curve(name, step_s, steps),
            )
            for seed in range(1 if trainer == "naive" else seeds)
        ]  # fmt: skip
        if name == "xor":
            record.starts = [start for number in range(6) for start in _starts(trainer, number)]
    return run


def _starts(trainer: str, number: int) -> list[Start]:
    """A start without a cache and one with, a little slower each time."""
    own, compile_s = (0.19 if trainer == "flax_optax" else 0.01), COMPILE_S.get(trainer, 0.15)
    slow, programs = 1 + 0.01 * number, PROGRAMS.get(trainer, 1)
    cold = Start(
        2 * number, "cold", slow * 0.05, slow * 0.4, slow * own, slow * 0.01, slow * 0.12, slow * compile_s, 0.02,
        0.0001, programs, 0,
    )  # fmt: skip
    changes: dict[str, Any] = {"number": 2 * number + 1, "cache": "hit", "hits": programs + 11}
    return [cold, msgspec.structs.replace(cold, compile_s=cold.compile_s / 5, **changes)]
