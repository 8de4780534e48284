"""The series and the gates drawn from it, on series made by hand whose truth is known."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from triptych.benches.gate import looks
from triptych.benches.gate.metrics import Subject
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.sides import CANARIES
from triptych.benches.record.files import RecordError
from triptych.benches.record.run import Cell, Fingerprint, Settings
from triptych.benches.selftest import rates, series
from triptych.benches.selftest.series import Header, Injection, Restart, Sample, Series

CELLS = [Cell(workload, trainer, "cpu") for workload in ("xor", "digits") for trainer in ("naive", "treemap")]
TARGET = CELLS[-1]
HERE = Fingerprint(
    "a cpu", 2, [1], 1, "os", "cpu", "cpu", 1, None, "3.11", "1", "1", "", "default", None, {"flax": "1"}
)
SLOWED = [
    Injection("device", 0.10, "slowed.py:device_9", TARGET, 9),
    Injection("compile", 0.50, "slowed.py:compile_9", TARGET, 9),
]
POLICY = Policy()
TIME = Subject("time", TARGET.id)


def sample(random: np.random.Generator, noise: float, slower: float = 1.0, longer: float = 1.0) -> Sample:
    """A process with a speed of its own, and six blocks around it."""
    process = random.normal(0, noise)
    steps = [1e-4 * slower * math.exp(process + random.normal(0, noise)) for _ in range(6)]
    return Sample(0.2 * longer * math.exp(random.normal(0, 2 * noise)), list(steps))


def series_of(restarts: int, noise: float = 0.01, drift: float = 1.0, seed: int = 0) -> Series:
    """Nothing changed but the two injections; with a drift the head is that much slower throughout."""
    random = np.random.default_rng(seed)

    def arm(slower: float = 1.0) -> dict[str, Sample]:
        return {cell.id: sample(random, noise, slower) for cell in CELLS}

    rows: list[Restart] = []
    for number in range(restarts):
        slowed = {
            SLOWED[0].cell.id: sample(random, noise, slower=1.10),
            SLOWED[1].cell.id: sample(random, noise, longer=1.50),
        }
        canaries = {name: {TARGET.id: sample(random, noise)} for name in CANARIES}
        rows.append(Restart(number, 0.0, {"base": arm() | slowed, "head": arm(drift) | slowed, **canaries}))
    header = Header(series.SCHEMA, "today", "a command", None, "nothing else", HERE, Settings(restarts=1), SLOWED)
    return Series(header, rows)


def written(made: Series, path: Path) -> Path:
    """The series as a file."""
    for line in (made.header, *made.restarts):
        series.append(path, line)
    return path


def test_a_series_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Line by line, to the last digit."""
    made = series_of(3)
    assert series.read(written(made, tmp_path / "series.jsonl")) == made


def test_a_line_that_was_cut_short_is_dropped_and_the_series_goes_on(tmp_path: Path) -> None:
    """As after a crash in the middle of writing."""
    made = series_of(3)
    path = written(made, tmp_path / "series.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    assert series.read(path).restarts == made.restarts[:2]
    series.append(path, made.restarts[2])
    assert series.read(path) == made


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [], "is not a series"),
        (lambda lines: ["[]"], "is not a series"),
        (lambda lines: [lines[0].replace('"schema":1', '"schema":9'), *lines[1:]], "has schema 9, expected 1"),
        (lambda lines: [lines[0], lines[1].replace('"canary"', '"parrot"')], "restart 0, lacks the arm canary"),
        (lambda lines: [lines[0], lines[1].replace("device_9", "device_8")], "lacks the cell digits-slowed"),
        (lambda lines: [lines[0], "{" * 100_000], "is not a series"),
        (lambda lines: [lines[0], lines[1].replace("0.2", "-0.2", 1)], "is not a series"),
    ],
    ids=["empty", "a list", "another schema", "no canary", "no injection", "deep", "negative"],
)
def test_a_spoiled_series_is_refused_in_a_sentence(
    tmp_path: Path, spoil: Callable[[list[str]], list[str]], said: str
) -> None:
    """And not as a traceback."""
    path = written(series_of(1), tmp_path / "series.jsonl")
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line}\n" for line in spoil(lines)))
    with pytest.raises(RecordError, match=said):
        series.read(path)


def test_log_ratios_of_a_restart_by_hand() -> None:
    """Round against round, the median of them; a void block leaves its round out; a copy takes its cell's place."""
    copy = SLOWED[0].cell.id
    base = {TARGET.id: Sample(1.0, [1.0, 1.0, 2.0, None]), copy: Sample(3.0, [9.0, 9.0, 9.0, 9.0])}
    head = {TARGET.id: Sample(2.0, [2.0, 4.0, 6.0, 9.0]), copy: Sample(4.0, [8.0, 8.0, 16.0, 1.0])}
    again, canary = ({TARGET.id: Sample(speed, [speed])} for speed in (5.0, 1.0))
    arms = {"base": base, "head": head, CANARIES[0]: again, CANARIES[1]: canary}
    made = series_of(0)._replace(restarts=[Restart(0, 0.0, arms)])
    compiled = Subject("compile", TARGET.id)
    assert series.head_logs(made) == [pytest.approx({compiled: math.log(2), TIME: math.log(3)})]
    assert series.head_logs(made, SLOWED[0]) == [pytest.approx({compiled: math.log(4), TIME: math.log(8)})]
    assert series.canary_logs(made) == [pytest.approx({compiled: math.log(5), TIME: math.log(5)})]


Drawn = tuple[list[series.Ratios], list[series.Ratios], list[dict[Subject, float]]]


def drawn(made: Series, injection: Injection | None = None) -> Drawn:
    """All restarts of a series, in order: heads, canaries, and what the base takes."""
    return series.head_logs(made, injection), series.canary_logs(made), series.base_levels(made)


def test_a_drawn_gate_names_the_slowed_cell_and_no_other() -> None:
    """With noise of 1 %, a device slowdown of 10 %."""
    found = rates.drawn_gate(*drawn(series_of(20), SLOWED[0]), POLICY, 10)
    assert [one.subject for one in found if one.verdict == "regressed"] == [TIME]


def test_a_drawn_gate_knows_the_floor_of_a_compile() -> None:
    """50 % more of some 200 ms is called; not where the floor is as high as half a second."""
    lenient = Policy(floors={"compile": 0.5})
    called = [
        [one.subject for one in found if one.verdict == "regressed"]
        for found in (rates.drawn_gate(*drawn(series_of(20), SLOWED[1]), policy, 10) for policy in (POLICY, lenient))
    ]
    assert called == [[Subject("compile", TARGET.id)], []]


def test_nothing_is_decided_where_the_canary_alarms() -> None:
    """The base against itself is 10 % apart: neither the slowdown nor an improvement is believed."""
    heads, canaries, bases = drawn(series_of(20), SLOWED[0])
    off = [dict.fromkeys(one, 0.1) for one in canaries]
    assert {one.verdict for one in rates.drawn_gate(heads, off, bases, POLICY, 10)} == {"undecided"}


def test_the_rates_of_a_series_whose_truth_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hardly an alarm without a change, every injection called; an arm 6 % slower trips the gate and a fixed 5 %."""
    monkeypatch.setattr(rates, "HALVES", 2)
    found = {(one.case, one.said): one.share for one in rates.summary(series_of(40), POLICY, 10, 40).rates}
    assert found["nothing changed", "regressed anywhere"] <= 0.05
    assert found["device +10 %", "regressed, that cell"] == 1
    assert found["compile +50 %", "regressed, that cell"] == 1
    drifted = {one.said: one.share for one in rates.summary(series_of(40, 0.001, 1.06), POLICY, 10, 10).rates}
    assert drifted["regressed anywhere"] == 1
    assert drifted["pytest-benchmark min:5%"] == 1
    assert drifted["pytest-benchmark min:10%"] == 0


def test_a_series_too_short_for_a_gate_says_so() -> None:
    """Rather than rates of nothing."""
    with pytest.raises(ValueError, match="has 5 restarts, and one gate of two looks takes 20; go on with it"):
        rates.summary(series_of(5), POLICY)


def test_a_second_look_needs_restarts_enough_to_decide() -> None:
    """Eight comparisons at 2.5 % need nine restarts: four and four more cannot decide, five and five may."""
    first, asked = looks.Seen(series.stacked(drawn(series_of(4))[0]), {}, {}), list[set[str]]()
    for restarts in (4, 5):
        found, _ = looks.look_twice(first, lambda cells: asked.append(cells) or first, POLICY, restarts)
        assert {one.verdict for one in found} == {"undecided"}
    assert asked == [{cell.id for cell in CELLS}]


def test_the_bias_of_two_arms_is_estimated_over_restarts() -> None:
    """An arm that is 6 % slower throughout has it in time and not in compile; equal arms have none."""
    for drift in (1.0, 1.06):
        time, compiling = rates.summary(series_of(40, 0.001, drift), POLICY, 10, 1).biases
        assert (time.metric, compiling.metric) == ("time", "compile")
        assert (time.low or 0) < drift < (time.high or 0)
        assert time.ratio == pytest.approx(drift, abs=1e-3)
        assert (compiling.low or 0) < 1 < (compiling.high or 0)
