"""What `triptych gate` does with its options: which of its questions is asked, and where the answer goes.

Exit codes are those of the command line: 2 for wrong usage, 4 where nothing can be compared, 130 and 143 after Ctrl-C
and a request to end; otherwise the worst finding's.
"""

import os
import platform
import signal
import sys
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from triptych.benches.arms.checkout import CheckoutError
from triptych.benches.arms.process import WorkerLost, platform_arm
from triptych.benches.gate import bands, golden
from triptych.benches.gate.policy import Policy, PolicyError, find
from triptych.benches.gate.question import GATE, question_of
from triptych.benches.gate.stored import compare
from triptych.benches.gate.stored_files import read_side, refuse_copies
from triptych.benches.gate.turns import judge_checkout
from triptych.benches.gate.verdict import Judgement
from triptych.benches.record.files import RecordError, write_json
from triptych.benches.record.machine import toolchain
from triptych.benches.record.run import Run
from triptych.benches.schedule import tally
from triptych.benches.selftest import series
from triptych.benches.selftest.learned_bands import learn
from triptych.reports.gate.output import Destinations, deliver
from triptych.reports.text import name

PASSED, USAGE, NOTHING, INTERRUPTED, TERMINATED = 0, 2, 4, 130, 143

OF_CODE = ("base", "trainer", "workload", "device", "restarts", "seed", "cpus", "threads", "base_python")

TAKES: dict[str, tuple[str, ...]] = {
    "base": OF_CODE,
    "exact": ("counts",),
    "update_counts": ("counts",),
    "self_test": ("restarts", "load"),
    "baseline": ("candidate",),
    "candidate": ("baseline",),
}
"""What can be asked, and the options that make a difference there; where nothing is asked, the usual base is meant."""


def run(options: Mapping[str, Any], typed: Collection[str]) -> int:
    """Answers, delivers, and gives the exit code.

    Args:
        options: Of the command line, by name.
        typed: The names of those that stand there.

    Raises:
        click.UsageError: If two questions are asked at once, or one side of the result files is missing.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    _refuse_contradictions(options, typed)
    try:
        return _run(options)
    except (PolicyError, ValueError, OSError) as error:
        return _refused(error, USAGE)
    except CheckoutError as error:
        return _refused(error, NOTHING if error.lacks_history else USAGE)
    except (RecordError, WorkerLost) as error:
        return _refused(error, NOTHING)


def _leave(number: int, _: object) -> None:
    """Ctrl-C and termination unwind the program, so that copies and workers go; a second one does not disturb that."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(INTERRUPTED if number == signal.SIGINT else TERMINATED)


def _refused(error: Exception, code: int) -> int:
    click.echo(f"Error: {error}", err=True)
    return code


def _run(options: Mapping[str, Any]) -> int:
    policy = find(options["policy"])
    files = Destinations(*(options[kind] for kind in ("markdown", "junit", "json")))
    files.refuse_missing_folders()
    if options["update_counts"]:
        return _update_counts(options["counts"] or golden.GOLDEN)
    if options["self_test"]:
        return _test_the_gate(policy, options)
    measured, judgement = _judgement(policy, options)
    _write_page(judgement, measured, options["output"])
    try:
        deliver(judgement, files, os.environ, sys.stdout)
    except OSError as error:
        where = error.filename or "an output"
        code = _refused(OSError(f"{where} cannot be written ({error.strerror}); give another file"), USAGE)
        return judgement.exit_code or code
    return judgement.exit_code


def _write_page(judgement: Judgement, measured: Run | None, folder: Path) -> None:
    """The page comes unasked, so where it cannot be written the verdict stands."""
    from triptych.reports.gate.page import write_page

    try:
        click.echo(f"Wrote {write_page(judgement, measured, folder)}", err=True)
    except OSError as error:
        click.echo(f"No page: {error}; give a folder that can be written with --output", err=True)


def _refuse_contradictions(options: Mapping[str, Any], typed: Collection[str]) -> None:
    asked = [question for question in TAKES if options[question]]
    question = asked[0] if asked else "base"
    mine = (question, *TAKES[question])
    if any(one not in mine for one in asked):
        raise click.UsageError(f"{_spelled(asked)} ask different things; give one of them")
    if asked in (["baseline"], ["candidate"]):
        raise click.UsageError("result files need both sides: --baseline FILE... and --candidate FILE...")
    if useless := [one for one in (*OF_CODE, "counts", "load") if one in typed and one not in mine]:
        raise click.UsageError(
            f"{_spelled(useless)} would change nothing here; leave it out, or see triptych gate --help"
        )


def _spelled(names: Collection[str]) -> str:
    """Options as they are typed."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _judgement(policy: Policy, options: Mapping[str, Any]) -> tuple[Run | None, Judgement]:
    """What was found, and the measurements of a gate on code."""
    if options["baseline"]:
        refuse_copies([*options["baseline"], *options["candidate"]])
        return None, compare(read_side(options["baseline"]), read_side(options["candidate"]), policy)
    if options["exact"]:
        return None, _exact(options["counts"])
    return judge_checkout(Path.cwd(), options["base"], question_of(options), policy, options["output"])


def _exact(path: Path | None) -> Judgement:
    """The built-in cells against the golden counts."""
    if path and not path.is_file():
        raise click.UsageError(f"--counts {path} is not a file; expected one that --update-counts wrote")
    known = golden.read(path or golden.GOLDEN)
    tally = _count_built_in()
    return golden.judge(known, toolchain(tally.fingerprint, platform.machine()), tally.counted)


def _update_counts(path: Path) -> int:
    """Records the built-in cells as golden; says what changed."""
    known = golden.read(path) if path.exists() else golden.empty()
    tally = _count_built_in()
    environment = toolchain(tally.fingerprint, platform.machine())
    new, said = golden.updated(known, environment, tally.counted)
    golden.write(new, path)
    for line in said or ["Nothing changed."]:
        click.echo(name(line, 2000))
    click.echo(f"Wrote {path}: {len(tally.counted)} cells in {environment}")
    return PASSED


def _count_built_in() -> tally.Tally:
    """Counts them on the CPU; neither its cores nor XLA's threads change a count."""
    cells = tally.built_in_cells()
    click.echo(f"Counting {len(cells)} cells; that takes some twenty seconds.", err=True)
    return tally.count_cells(cells, platform_arm("cpu"))


def _test_the_gate(policy: Policy, options: Mapping[str, Any]) -> int:
    from triptych.benches.selftest import rates, recorder
    from triptych.reports.words.rates import plain

    output, load = options["output"], options["load"]
    path = output / f"series-{'loaded' if load else 'quiet'}.jsonl"
    recorder.extend(path, options["restarts"] or rates.RESTARTS, load=load, tell=partial(click.echo, err=True))
    known = series.read(path)
    if not load:  # what a competing process does is no noise of this machine
        write_json(learn(known, GATE.restarts), output / bands.FILE)
    margins = bands.LearnedPolicy(policy, bands.fitting(bands.read(output / bands.FILE), known.header.fingerprint))
    summary = rates.summary(known, margins, GATE.restarts)
    write_json(summary, output / path.name.replace("series", "self-test").replace("jsonl", "json"))
    click.echo(plain(summary))
    return PASSED
