"""The law of what a style costs, on runs made by hand of styles whose cost is known."""

import pytest
from lawful import a_line, measured, place, run_with
from msgspec.structs import replace

from triptych.benches.analysis import cost
from triptych.benches.analysis.cost import OutOfRange, adds, laws, on_curve, predictions
from triptych.benches.record.run import ArmRecord, Outcome


def test_a_line_is_found_as_it_was_made() -> None:
    """What a step, an array and a module cost come back, with an interval that holds them."""
    [law] = laws(run_with(a_line))
    for got, expected in zip((law.a, law.b, law.c), (20e-6, 3e-6, 7e-6), strict=True):
        assert got.value == pytest.approx(1.01 * expected, rel=1e-6)  # the mean of three slower and slower restarts
        assert got.low is not None
        assert got.high is not None
        assert got.low < expected < got.high
    assert law.straight_to == 3 * 256 + 1
    assert list(law.curve) == [7, 25, 97, 385, 769]


def test_a_curve_that_bends_is_no_line_and_is_read_as_it_was_measured() -> None:
    """From 97 arrays on each costs four times as much."""
    [law] = laws(run_with(lambda arrays, modules: a_line(min(arrays, 97), modules) + 12e-6 * max(0, arrays - 97)))
    assert law.straight_to < 385
    assert adds(law, 385).value == pytest.approx(1.01 * (a_line(97, 64) + 12e-6 * 288), rel=1e-6)
    between = (adds(law, 97).value + adds(law, 385).value) / 2
    assert adds(law, 241).value == pytest.approx(between, rel=1e-6)


def test_more_modules_to_an_array_cost_what_a_module_costs() -> None:
    """A network of 97 arrays with 30 modules, where the perceptron of as many has 16."""
    [law] = laws(run_with(a_line))
    assert on_curve(97) == 16
    assert adds(law, 97, 30).value - adds(law, 97).value == pytest.approx(1.01 * 14 * 7e-6, rel=1e-6)


@pytest.mark.parametrize("arrays", [0, 6, 770, 10**9])
def test_no_size_beyond_what_was_measured(arrays: int) -> None:
    """The message says which sizes there are."""
    [law] = laws(run_with(a_line))
    with pytest.raises(OutOfRange, match="expected 7 to 769, which is what was measured"):
        adds(law, arrays)


def test_the_law_is_held_to_account_on_what_it_was_not_fitted_to() -> None:
    """Digits: 4 arrays by Adam, 2 modules. As made it is right; 30 % dearer it is wrong; nothing cannot be told."""
    for factor, is_right, is_resolved in ((1.0, True, True), (1.3, False, True), (0.0, False, False)):
        others = place("digits", 13, 2, lambda arrays, modules, factor=factor: factor * a_line(arrays, modules))
        run = run_with(a_line, *others)
        [one] = predictions(run, laws(run))
        assert (one.workload, one.arrays, one.modules) == ("digits", 13, 2)
        assert one.predicted.value == pytest.approx(1.01 * a_line(13, 2), rel=0.02)
        assert (one.is_right, one.is_resolved) == (is_right, is_resolved)


def test_what_does_not_compute_the_same_is_no_point_of_it() -> None:
    """Without a certificate a difference of times says nothing."""
    run = run_with(a_line)
    for record in run.cells:
        if record.cell.trainer == "styled":
            record.trainings = measured("xor", "styled", 1.0, 4, losses=(0.7, 0.2)).trainings
    assert laws(run) == []


def test_two_sizes_make_no_law() -> None:
    """Nor does one restart make an interval."""
    run = run_with(a_line)
    run.cells = run.cells[:4]
    assert laws(run) == []
    assert cost.mean([3.0]) == (3.0, None, None, 1)


def test_a_mean_has_students_interval() -> None:
    """Three values one apart: t(0.975, 2) = 4.3027 times 1 / sqrt(3)."""
    value, low, high, n = cost.mean([1.0, 2.0, 3.0])
    assert (value, n) == (2.0, 3)
    assert (low, high) == pytest.approx((2 - 4.30265 / 3**0.5, 2 + 4.30265 / 3**0.5), abs=1e-4)


def test_arms_have_laws_of_their_own_and_rungs_none() -> None:
    """The same style on two devices is two laws; a rung of the ladder is no style."""
    run = run_with(a_line)
    twice = run_with(lambda arrays, modules: 2 * a_line(arrays, modules))
    for record in twice.cells:
        record.arm = "cuda"
    rung = [replace(one, cell=replace(one.cell, trainer="compiled_gradient")) for one in run.cells[1::2]]
    run.cells += [*twice.cells, *rung]
    run.arms.append(ArmRecord("cuda", "cuda", {}))
    assert [(law.arm, law.trainer) for law in laws(run)] == [("cpu", "styled"), ("cuda", "styled")]
    assert laws(run)[1].b.value == pytest.approx(2 * laws(run)[0].b.value)


@pytest.mark.parametrize("what", ["no counts", "one optimizer", "no restart in common", "diverged"])
def test_what_cannot_make_a_law_makes_none(what: str) -> None:
    """Arrays that nobody counted, no point by Adam, restarts that never met, a training that diverged."""
    run = run_with(a_line)
    if what == "one optimizer":
        run.cells = [one for one in run.cells if "sgd" in one.cell.workload] * 2
    for number, record in enumerate(run.cells):
        if what == "no counts":
            record.counts = None
        if what == "diverged" and record.cell.trainer == "styled":
            record.outcome = Outcome("diverged", "the loss was no longer finite at step 3")
        if what == "no restart in common":
            record.blocks = [one for one in record.blocks if one.restart == (number // 2) % 3]
    assert laws(run) == []
