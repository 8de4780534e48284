"""The table of counts is whole, and says the same as the struct."""

from triptych.benches.record.counts import COUNTS, Counts, changes, gated


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
