"""The table of counts is whole, and says the same as the struct."""

import msgspec

from triptych.benches.record.counts import COUNTS, Counts, changes, gated, needed_bytes


def test_every_count_has_its_row() -> None:
    """And no row is of something else."""
    assert sorted(one.name for one in COUNTS) == sorted(Counts.__struct_fields__)
    assert all(one.words for one in COUNTS)
    assert all(bool(one.title) == bool(one.meaning) for one in COUNTS)


def test_only_what_is_exact_is_gated() -> None:
    """A count that moves by chance would shut the gate by chance."""
    exact = {one.name for one in COUNTS if one.exact}
    assert set(gated("cpu")) <= exact
    assert exact - set(gated("cpu")) == {"trainer_lines"}
    assert gated("cpu", "cost") == ("executables_per_call", "compilations", "xla_flops")
    assert gated("cuda", "cost") == ("executables_per_call", "compilations")


def test_changes_are_said_in_words() -> None:
    """Old and new; none for what is not there; a name that nobody knows as it is."""
    old, new = {"hlo_fusions": 7, "xla_flops": 5000, "other": 1}, {"hlo_fusions": None, "xla_flops": 5000}
    assert changes(old, new) == ["fusions 7 → none", "other 1 → none"]


def test_what_a_call_needs_is_the_larger_of_two_accounts() -> None:
    """Parts of 52 + 56 - 52 + 10 bytes against a peak; one that says nothing leaves the other, none is none."""
    parts = Counts(argument_bytes=52, output_bytes=56, alias_bytes=52, temp_bytes=10)
    assert needed_bytes(parts, "tpu_v5e") == 66
    assert needed_bytes(msgspec.structs.replace(parts, xla_peak_bytes=90), "tpu_v5e") == 90
    assert needed_bytes(Counts(xla_peak_bytes=7), "gpu_mine") == 7
    assert needed_bytes(Counts(), "tpu_v5e") is None
