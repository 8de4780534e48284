"""Figures and words: three significant digits everywhere, a unit on everything, a reason where there is no figure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triptych.benches.analysis.pairing import BreakEven, Parity
from triptych.benches.stats.ranks import Estimate
from triptych.reports import text
from triptych.reports.words import columns


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (1, "1.00"),
        (76923.4, "76,900"),
        (999.6, "1,000"),
        (0.019349, "0.0193"),
        (0.00012345, "0.000123"),
        (0.0000123, "1.23e-5"),
        (1234567, "1,230,000"),
        (12345678, "1.23e7"),
        (-2.345, "-2.35"),
        (1.125, "1.13"),
        (float("nan"), "\u2013"),
        (float("inf"), "\u2013"),
    ],
)
def test_three_significant_digits(value: float, words: str) -> None:
    """Zeros at the end stay, thousands are set off, extremes take an exponent, halves go up."""
    assert text.significant(value) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (13, "13th"), (22, "22nd"), (112, "112th"), (1000, "1,000th")],
)
def test_ordinals(number: int, words: str) -> None:
    """As they are written in English, the teens included."""
    assert text.ordinal(number) == words


@given(st.floats(1e-12, 1e12))
def test_figures_keep_their_value(value: float) -> None:
    """Read back, a figure is within half a unit of its third digit."""
    assert float(text.significant(value).replace(",", "")) == pytest.approx(value, rel=5.01e-3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (13.1e-6, "13.1 µs"),
        (0.016, "16.0 ms"),
        (104.0, "104 s"),
        (2e-9, "2.00 ns"),
        (0, "0 s"),
        (-1.5e-6, "-1.50 µs"),
        (0.9996e-3, "1.00 ms"),
    ],
)
def test_seconds_have_their_unit(value: float, words: str) -> None:
    """One to three digits stand before the point."""
    assert text.seconds(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(2_360_000, "2.36 MB"), (8.3e9, "8.30 GB"), (12, "12.0 B"), (1500, "1.50 kB")]
)
def test_bytes_have_their_unit(value: float, words: str) -> None:
    """Decimal units."""
    assert text.size(value) == words


def test_interval_or_the_reason_for_none() -> None:
    """Too few restarts are said in words, with the number that would do."""
    assert text.interval(Estimate(2, 1.5, 2.5, 7)) == "[1.50\u20132.50]"
    assert text.interval(Estimate(2, None, None, 3)) == "no interval: 3 restarts, 6 needed"
    assert text.interval(Estimate(2, None, None, 1)) == "no interval: 1 restart, 6 needed"


def test_an_estimate_shows_its_interval_where_it_has_one() -> None:
    """And is a plain figure where it has none."""
    assert text.estimate(Estimate(2, 1.5, 2.5, 7)) == "2.00 [1.50\u20132.50]"
    assert text.estimate(Estimate(0.002, None, None, 1), text.seconds) == "2.00 ms"


def test_inverse_turns_the_interval_round() -> None:
    """The low end of the time is the high end of the speed."""
    assert text.inverse(Estimate(0.5, 0.25, 1.0, 7)) == Estimate(2, 1, 4, 7)


def test_margin_is_said() -> None:
    """A tie names the margin that it lies in; the other words stand for themselves."""
    assert columns.standing("tie") == "tie, within ±2 %"
    assert columns.standing("undecided") == "undecided"


def test_break_even_in_words() -> None:
    """Each kind has its own sentence; one that sorts has its figure."""
    assert text.break_even(BreakEven("never")).main == "never ahead"
    assert text.break_even(BreakEven("always")).main == "ahead from the first step"
    after = text.break_even(BreakEven("after", Estimate(1234.0, 1000.0, 1500.0, 7)))
    assert (after.main, after.note, after.order) == ("ahead after 1,230 steps", "[1,000\u20131,500]", 1234.0)


def test_parity_mark() -> None:
    """A mark and a word, never a mark alone."""
    assert text.parity(Parity(holds=True, steps=2000, reason="same losses")) == "✓ same losses"
    assert text.parity(Parity(holds=False, steps=3, reason="losses differ at step 3")) == "✗ losses differ at step 3"


def test_trainings_that_differ_show_their_extremes() -> None:
    """A figure that should be the same every time says so when it is not."""
    assert columns.spread([0.5, None, 0.4, 0.6]).note == "from 0.400 to 0.600"
    assert columns.spread([0.5, 0.5]).note == ""


def test_names_cannot_steer_text() -> None:
    """Control characters and direction overrides are replaced, right-to-left names isolated, long ones cut."""
    assert text.name("a\x1b[31m\u202eb\n") == "a\ufffd[31m\ufffdb\ufffd"
    assert text.name("\u05e9\u05dc\u05d5\u05dd") == "\u2068\u05e9\u05dc\u05d5\u05dd\u2069"
    assert text.name("\u4e2d\u6587 é") == "\u4e2d\u6587 é"
    assert text.name("x" * 300, 20) == "x" * 19 + "…"


@pytest.mark.parametrize(
    ("created", "words"),
    [
        ("2026-11-22T02:07:09+00:00", "2026-11-22 02:07 UTC"),
        ("2026-11-22T02:07:09Z", "2026-11-22 02:07 UTC"),
        ("2026-11-22T02:07:09", "2026-11-22 02:07"),
        ("yesterday", "yesterday"),
    ],
)
def test_moments(created: str, words: str) -> None:
    """A date with its zone; what is no date stays as it is."""
    assert text.when(created) == words
