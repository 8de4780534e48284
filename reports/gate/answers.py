"""What `triptych gate` does: it answers one of its questions, says what was found, and gives the exit code."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TextIO

import click

from triptych.benches.arms.checkout import CheckoutError
from triptych.benches.arms.process import WorkerLost
from triptych.benches.exit_codes import Exit
from triptych.benches.gate import golden
from triptych.benches.gate.policy import PolicyError, find
from triptych.benches.gate.scope import scope_of
from triptych.benches.gate.sides import explained
from triptych.benches.gate.stored import compare
from triptych.benches.gate.stored_files import read_side, refuse_copies
from triptych.benches.gate.turns import judge_checkout
from triptych.benches.gate.verdict import Judgement, several
from triptych.benches.record.files import RecordError, write_json
from triptych.benches.record.run import Run
from triptych.benches.schedule import tally
from triptych.benches.selftest import series
from triptych.reports.gate import again, wording
from triptych.reports.text import name

Question = Literal["code", "files", "counts", "itself"]
Options = Mapping[str, Any]  # of the command line, by name
WORDS = {"markdown": wording.markdown, "junit": wording.junit, "json": wording.as_json}
"""What is written to the file of an option, where it is given."""


def answered(question: Question, options: Options) -> int:
    """The exit code of a question, or of an error, which is told as a sentence."""
    for kind in WORDS:  # found out now, not after minutes of measuring
        if (path := options.get(kind)) and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            words = f"{path.parent} is no folder that can be written; make it first"
            raise click.UsageError(f"--{kind} {path}: {words}")
    try:
        return {"code": of_code, "files": of_files, "counts": of_counts, "itself": of_itself}[question](options)
    except (PolicyError, ValueError, OSError, CheckoutError, RecordError, WorkerLost) as error:
        click.echo(f"Error: {error}", err=True)
        nothing = isinstance(error, RecordError | WorkerLost) or getattr(error, "lacks_history", False)
        return Exit.NOTHING if nothing else Exit.USAGE


def of_code(options: Options) -> int:
    """The working tree against a base, measured now."""
    policy, output = find(options["policy"]), options["output"]
    run, judgement = judge_checkout(Path.cwd(), options["base"], scope_of(options), policy, output)
    if run:
        found = explained(judgement.findings, run, partial(again.command, options, run))
        judgement = replace(judgement, findings=found)
    return _deliver(run, judgement, options)


def of_files(options: Options) -> int:
    """Result files of two sides."""
    policy, before, after = find(options["policy"]), options["before"], options["after"]
    refuse_copies([*before, *after])
    return _deliver(None, compare(read_side(before), read_side(after), policy), options)


def of_counts(options: Options) -> int:
    """The built-in cells against the golden counts; or recorded as golden, and what changed."""
    path, update = options["file"] or golden.GOLDEN, options["update"]
    if not (update or path.is_file()):
        raise click.UsageError(f"--file {path} is not a file; expected one that {golden.UPDATE} wrote")
    known = golden.GoldenFile(golden.SCHEMA, {}) if update and not path.exists() else golden.read(path)
    asked, left_out = tally.everywhere()
    for one in asked:
        where = one.target.name if one.target else "the CPU"
        click.echo(f"Counting {several(len(one.cells), 'cell')} for {where}; that takes some twenty seconds.", err=True)
    found = [tally.count_cells(*one) for one in asked]
    if not update:
        judged = [golden.judge(known, *one) for one in found]
        findings = tuple(finding for one in judged for finding in one.findings)
        notes = (*(note for one in judged for note in one.notes), *left_out)
        return _deliver(None, Judgement(findings, notes=notes), options)
    said: list[str] = []
    for one in found:
        known, changed = golden.updated(known, *one)
        said += changed
    golden.write(known, path)
    for line in [*(said or ["Nothing changed."]), *left_out]:
        click.echo(name(line, 2000))
    for environment, counted in found:
        click.echo(f"Wrote {path}: {several(len(counted), 'cell')} in {environment}")
    return Exit.FINE


def of_itself(options: Options) -> int:
    """Goes on with a long series, and rates gates drawn from it."""
    from triptych.benches.selftest import rates, recorder
    from triptych.reports.words.rates import plain

    policy, output, load = find(options["policy"]), options["output"], options["load"]
    path = output / f"series-{'loaded' if load else 'quiet'}.jsonl"
    recorder.extend(path, options["restarts"] or rates.RESTARTS, load=load, tell=partial(click.echo, err=True))
    known = series.read(path)
    summary = rates.summary(known, policy)
    write_json(summary, output / path.name.replace("series", "self-test").replace("jsonl", "json"))
    click.echo(plain(summary))
    return Exit.FINE


def _deliver(measured: Run | None, judgement: Judgement, options: Options) -> int:
    """Writes and prints what was found; the page comes unasked, so where it cannot be written the verdict stands."""
    from triptych.reports.gate.page import write_page

    try:
        click.echo(f"Wrote {write_page(judgement, measured, options['output'])}", err=True)
    except OSError as error:
        click.echo(f"No page: {error}; give a folder that can be written with --output", err=True)
    try:
        deliver(judgement, options, os.environ, sys.stdout)
    except OSError as error:
        where = error.filename or "an output"
        click.echo(f"Error: {where} cannot be written ({error.strerror}); give another file", err=True)
        return judgement.exit_code or Exit.USAGE
    return judgement.exit_code


def deliver(judgement: Judgement, options: Options, environment: Mapping[str, str], stream: TextIO) -> None:
    """Prints the findings, quietly where nobody watches, and writes the files, the summary of a GitHub job too.

    Raises:
        OSError: If a file cannot be written; what was printed stands.
    """
    if stream.isatty():
        from rich.console import Console

        console = Console(file=stream, width=max(80, shutil.get_terminal_size().columns))
        show = partial(console.print, markup=False, highlight=False, emoji=False)
        show(wording.table(judgement))
        for line in wording.reasons(judgement):
            show(line, soft_wrap=True)  # in one piece, for a command is to be copied
        for line in wording.notes(judgement):
            show(line)
    else:
        stream.writelines(f"{line}\n" for line in wording.plain(judgement))
    if environment.get("GITHUB_ACTIONS"):
        stream.writelines(f"{line}\n" for line in wording.annotations(judgement))
    for kind, words in WORDS.items():
        if path := options.get(kind):
            path.write_text(words(judgement), encoding="utf-8")
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(wording.markdown(judgement))
