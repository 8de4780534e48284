"""The rows of the gate's metrics: by hand, and read by everything that speaks of metrics."""

import math

import msgspec
import pytest
from runs import cell_record

from triptych.benches.gate.metrics import COMPILE, METRIC, METRICS, TIME, Metric, Subject, levels, logs
from triptych.benches.gate.policy import KEYS, Policy
from triptych.benches.record.run import Compile


def test_a_number_per_restart_by_hand() -> None:
    """The median of a restart's blocks; ratios round by round, of restarts that both have."""
    base, other = cell_record("a", {0: [1.0, 2.0, 9.0], 1: [4.0]}), cell_record("b", {0: [3.0, 2.0, 9.0], 2: [1.0]})
    assert TIME.by_restart(base) == (2.0, 4.0)
    assert TIME.ratios(other, base) == [1.0]
    assert logs("cell", other, base)[Subject("time", "cell")] == [0.0]


def test_compiles_are_one_number_per_restart() -> None:
    """The same record against itself has not changed."""
    record = cell_record("a", {0: [1.0], 1: [1.0]})
    assert COMPILE.by_restart(record) == tuple(one.compile_s for one in record.compiles)
    assert logs("cell", record, record)[Subject("compile", "cell")] == [math.log(1.0)] * 2


def test_all_compiles_of_a_restart_count_cold_and_again() -> None:
    """Of 4 and 2 seconds on one side and 4 and 1 on the other the medians are 3 and 2.5, in restarts that both have."""
    base, other = cell_record("a", {0: [1.0], 1: [1.0]}), cell_record("b", {0: [1.0]})
    base.compiles = [Compile(0, 1.0, 1.0, 2.0, 9.0, 1), Compile(0, 0.0, 0.0, 2.0, 9.0, 1, again=True)]
    base.compiles.append(Compile(1, 0.0, 0.0, 7.0, 9.0, 1))
    other.compiles = [Compile(0, 1.0, 1.0, 2.0, 9.0, 1), Compile(0, 0.0, 0.0, 1.0, 9.0, 1, again=True)]
    assert COMPILE.by_restart(base) == (3.0, 7.0)
    assert COMPILE.ratios(other, base) == [2.5 / 3.0]


def test_a_level_is_the_median_of_the_restarts_that_took_any_time() -> None:
    """Of 2, 4 and 6 seconds the second; a compile of no time is left out, and where all are there is no level."""
    base = cell_record("a", {0: [1.0, 2.0, 9.0], 1: [4.0], 2: [6.0]})
    assert levels("cell", base)[Subject("time", "cell")] == 4.0
    none = [msgspec.structs.replace(one, trace_s=0.0, lower_s=0.0, backend_s=0.0) for one in base.compiles]
    base.compiles = [*none[:2], base.compiles[2]]
    assert levels("cell", base)[Subject("compile", "cell")] == base.compiles[2].compile_s
    base.compiles = none
    assert Subject("compile", "cell") not in levels("cell", base)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_row_is_a_key_of_the_policy(metric: Metric) -> None:
    """With its own margin and floor where nobody gives another."""
    assert Policy().margin(metric.name, "anything") == metric.margin
    assert f"margins.{metric.name}, " in KEYS
    assert f"floors.{metric.name}, " in KEYS
    assert METRIC[metric.name] is metric
