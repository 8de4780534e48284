"""The commands: `triptych run | gate | report | check | list | cost | new-trainer`.

What is heavy is imported by the command that needs it, so that help and errors come at once.
"""

import sys
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triptych.benches.exit_codes import SENTENCE, Exit
from triptych.benches.run.options import OPTIONS
from triptych.reports.cost import cost
from triptych.reports.gate.command import gate

if TYPE_CHECKING:
    from triptych.impls.task import Task


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=f"One network trained in several ways in JAX, side by side: what does the abstraction cost?\n\n{SENTENCE}.",
)
def cli() -> None:
    """The group of all commands."""


def _run_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of `run`, as click takes them."""
    kinds: dict[type, dict[str, Any]] = {bool: {"is_flag": True}, tuple: {"multiple": True}}
    for option in reversed(OPTIONS):
        look: dict[str, Any] = {"help": f"{option.words[0].upper()}{option.words[1:]}.", "metavar": option.metavar}
        look |= kinds.get(option.kind) or {"type": option.kind, "default": option.default}
        command = click.option(option.flag, **look)(command)
    return command


@cli.command()
@_run_options
@click.argument("pytest_args", nargs=-1)
@click.pass_context
def run(context: click.Context, pytest_args: tuple[str, ...], **options: object) -> None:
    """Measure trainers side by side and write the page.

    This is `pytest --benchmark-only` with the options above; what follows `--` goes to pytest as it is, for
    instance `triptych run -- --benchmark-json=result.json`.
    """
    import pytest

    from triptych.benches.arms.arm import ROOT

    click.echo("Starting; the first figures come with the first restart.", err=True)
    own = ROOT / "pyproject.toml"
    config = str(own) if own.is_file() else "/dev/null"  # an installed copy has none and needs none
    flags = [flag for option in OPTIONS for flag in _flags(option.flag, options[option.name])]
    plugins = [part for name in ("benches.run", "reports.page") for part in ("-p", f"triptych.{name}.plugin")]
    patterns = ["-o", "python_files=bench_*.py", "-o", "python_functions=bench_*", "--import-mode=importlib"]
    files = sorted(map(str, (ROOT / "benches").glob("bench_*.py")))
    place = ["--rootdir", str(ROOT), "-c", config]
    code = pytest.main([*plugins, *place, *patterns, "--benchmark-only", *flags, *pytest_args, *files])
    codes = {0: Exit.FINE, 2: Exit.INTERRUPTED, 4: Exit.USAGE, 5: Exit.NOTHING, 143: Exit.TERMINATED}
    context.exit(codes.get(int(code), Exit.FAILED))


def _flags(flag: str, value: object) -> list[str]:
    """An option in pytest's spelling."""
    if isinstance(value, tuple):
        return [f"{flag}={one}" for one in value]
    if value is None or value is False:
        return []
    return [flag] if value is True else [f"{flag}={value}"]


cli.add_command(gate)
cli.add_command(cost)


@cli.command()
@click.argument("trainers", nargs=-1, required=True, metavar="TRAINER...")
@click.pass_context
def check(context: click.Context, trainers: tuple[str, ...]) -> None:
    """Check that trainers keep the laws of the protocol.

    A TRAINER is a name that `triptych list` shows, package.module:attribute or path/to/file.py:attribute.
    """
    from triptych.impls import registry

    with _exit_on(registry.RegistryError, Exit.USAGE):
        factories = [registry.load(trainer) for trainer in trainers]

    from triptych.impls.laws.conformance import LAWS
    from triptych.impls.laws.conformance import check as findings_of

    codes = {Exit.FINE}
    for trainer, factory in zip(trainers, factories, strict=True):
        click.echo(f"{trainer}:")
        findings = findings_of(factory)
        for one in findings:
            law, word = LAWS[one.law - 1], "BROKEN" if one.broken else "unsupported" if one.unsupported else "ok"
            word = "not applicable" if one.not_applicable else word
            click.echo(f"  {word:<14} {one.law}. {law.title}: {law.sentence}")
            if words := one.broken or one.not_applicable:
                click.echo(f"                 {words}")
        _tell_refused({task: reason for one in findings for task, reason in one.refused.items()})
        codes.add(Exit.FAILED if any(one.broken for one in findings) else Exit.FINE)
        codes.add(Exit.NOTHING if all(one.unsupported for one in findings) else Exit.FINE)
    context.exit(Exit.FAILED if Exit.FAILED in codes else max(codes))


def _tell_refused(refused: "dict[Task, str]") -> None:
    """What a trainer does not run, by the reasons that it gives."""
    from triptych.impls.laws.specimens import describe

    for reason in dict.fromkeys(refused.values()):
        tasks = [describe(task) for task in refused if refused[task] == reason]
        which = tasks[0] if len(tasks) == 1 else f"{len(tasks)} tasks, such as {tasks[0]}"
        click.echo(f"  does not run {which}: {reason}")


@cli.command("list")
@click.option("--devices", is_flag=True, help="Also look for devices; this starts jax.")
def list_(*, devices: bool) -> None:
    """List trainers, workloads, what can be compiled for and, if asked, devices."""
    from triptych.benches.record.targets import NAMES
    from triptych.benches.workloads.published import describe
    from triptych.benches.workloads.sizes import BASES, announced
    from triptych.impls import registry
    from triptych.impls.styles import STYLES

    click.echo("trainers")
    for name in registry.names():
        style = STYLES.get(name)
        click.echo(f"  {name:<18} {registry.missing(name) or (style.sentence if style else 'announced')}")
    click.echo("workloads")
    for workload in map(describe, BASES.values()):
        click.echo(f"  {workload.name:<14} {workload.network}; {workload.loss}; {workload.optimizer}; ", nl=False)
        click.echo(f"batches of {workload.batch_size}, {workload.steps:,} steps")
        click.echo(f"  {'':<14} {workload.source}")
    for name, reference in announced().items():
        click.echo(f"  {name:<14} announced as {reference}")
    click.echo("\n  ".join(["devices that need not be there (--compile-for)", *NAMES]))
    if devices:
        from triptych.benches.arms.process import WorkerLost, find_platforms

        with _exit_on(WorkerLost, Exit.NOTHING):
            click.echo("\n  ".join(["devices", *find_platforms()]))


@cli.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--output", default="reports/latest", type=click.Path(path_type=Path), help="Folder of the page.")
@click.option("--markdown", is_flag=True, help="Print the report as Markdown instead of writing the page.")
@click.option("--open", "open_", is_flag=True, help="Show the page in a browser.")
def report(results: tuple[Path, ...], output: Path, *, markdown: bool, open_: bool) -> None:
    """Write the page of result files: one, several side by side, or a folder of them.

    RESULTS are files that `triptych run` or `pytest --benchmark-json` wrote.
    """
    click.echo(f"Reading {', '.join(map(str, results))}", err=True)
    from triptych.benches.record.files import RecordError
    from triptych.reports.view.load import load
    from triptych.reports.view.report import NothingMeasured

    with _exit_on(RecordError, Exit.NOTHING):
        runs = load(results)
    if markdown:
        from triptych.reports.page.terminal import markdown as markdown_of

        with _exit_on(NothingMeasured, Exit.NOTHING):
            click.echo(markdown_of(runs))
        return
    from triptych.reports.page.page import write_report

    with _exit_on(OSError, Exit.USAGE), _exit_on(NothingMeasured, Exit.NOTHING):
        paths = write_report(runs, output)
    click.echo(f"Wrote {paths[0]} and its figures beside it")
    if open_:
        webbrowser.open(paths[0].resolve().as_uri())


@cli.command("new-trainer")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def new_trainer(path: Path) -> None:
    """Write a file to begin a trainer of your own with; it passes `check` for what it supports."""
    from triptych.benches.arms.arm import ROOT

    if path.suffix != ".py" or path.exists():
        what = "is there already" if path.exists() else "is no Python file"
        raise click.UsageError(f"{path} {what}; give the path of a new file that ends in .py")
    with _exit_on(OSError, Exit.USAGE):
        path.write_text((ROOT / "impls" / "template.py").read_text(encoding="utf-8"), encoding="utf-8")
    click.echo(f"Wrote {path}. Next: triptych check {path}:Trainer")
    click.echo(f"then: triptych run --quick --trainer treemap --trainer {path}:Trainer")


@contextmanager
def _exit_on(expected: type[Exception], code: int) -> Generator[None]:
    """On the expected error its sentence on standard error and that exit code."""
    try:
        yield
    except expected as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(code)
