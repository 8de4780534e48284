"""Findings of a gate as they come from `judge`, a run on code as if measured, and a self-test of known rates."""

from dataclasses import replace
from functools import cache

import numpy as np

from tests.reports.sample_run import fingerprint, sample_run
from triptych.benches.gate.verdict import Comparison, Finding, Judgement, Rule, judge
from triptych.benches.record.run import ArmRecord, Run
from triptych.benches.selftest.rates import Rate, Summary
from triptych.benches.selftest.series import Header
from triptych.benches.stats.ranks import paired_shift

CHANGES = {"steady": 0.0, "slower": 0.08, "faster": -0.06, "unclear": 0.017, "far": 3.0}
"""log(head / base) of each cell, before noise."""


@cache
def judged() -> Judgement:
    """One cell of each kind, in random restarts, and one whose losses differ."""
    random = np.random.default_rng(0)
    comparisons = [
        Comparison("time", cell, 0.02, paired_shift([change + float(random.normal(0, 0.004)) for _ in range(12)]))
        for cell, change in CHANGES.items()
    ]
    wide = paired_shift([float(random.normal(0, 0.08)) for _ in range(12)])
    found = judge([*comparisons, Comparison("compile", "steady", 0.10, wide)], Rule())
    why = (
        "The head's program: equations 45 → 46; HLO instructions 120 → 131; fusions 14 → 15; flops by XLA 500 → 620.",
        "Measure it again: triptych gate --base main --trainer treemap --workload digits --restarts 20",
    )
    found = [replace(one, why=why) if one.cell == "slower" else one for one in found]
    other = Finding("loss", "other", "regressed", "head against base: losses differ at step 3; times are not compared")
    notes = ("The base against itself, steady, time: +0.1 % [−0.2 %, +0.4 %] over 12 restarts.", "1 restart lost.")
    return Judgement((*found, other), ("brand new",), notes)


def gate_run() -> Run:
    """Of a base, a head and a canary, on one processor."""
    there = fingerprint(affinity=[1])
    env = {"NPROC": "1"}
    commits = {"base": "1111aaaa2222", "head": "3333bbbb4444", "canary": "1111aaaa2222"}
    run = sample_run(workloads=("xor",), restarts=1, rounds=1)
    run.command = "triptych gate --base main"
    run.arms = [ArmRecord(name, "cpu", env, there, commit) for name, commit in commits.items()]
    return run


def self_test(load: str = "nothing else") -> Summary:
    """A series with the rates that one would wish for, and those of two fixed thresholds."""
    here = fingerprint(cpu_model="Abacus 1")
    settings = sample_run(workloads=("xor",), restarts=1, rounds=1).settings
    header = Header(1, "2026-01-02T03:04:05+00:00", "a command", None, load, here, settings, [])
    rates = [
        Rate("nothing changed", "regressed anywhere", 0.01, 0.0, 0.035, 300, 6),
        Rate("nothing changed", "undecided anywhere", 0.25, 0.1, 0.4, 300, 6),
        Rate("nothing changed", "pytest-benchmark min:5%", 0.42, 0.3, 0.55, 300, 6),
        Rate("nothing changed", "pytest-benchmark mean:10%", 0.125, 0.05, 0.2, 300, 6),
        Rate("device +5 %", "regressed, that cell", 0.97, 0.9, 1.0, 300, 6),
        Rate("host +5 %", "regressed, that cell", 0.99, 0.95, 1.0, 300, 6),
        Rate("compile +20 %", "regressed, that cell", 0.88, 0.7, 1.0, 300, 6),
    ]
    return Summary(header, 60, rates)
