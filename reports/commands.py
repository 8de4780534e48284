"""The front door: `triptych run | gate | report | check | list`.

Exit codes, the same everywhere: 0 fine, 1 a cell failed, regressed or a law is broken, 2 wrong usage, 3 undecided,
4 nothing measured or not comparable. What is heavy is imported by the command that needs it, so that help and errors
come at once.
"""

import sys
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from triptych.reports.gate.command import gate

PASSED, FAILED, USAGE, NOTHING, INTERRUPTED = 0, 1, 2, 4, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """One network trained in three ways in JAX, side by side: what does the abstraction cost?

    Exit codes: 0 fine; 1 a cell failed, regressed or a law is broken; 2 wrong usage; 3 undecided; 4 nothing measured
    or not comparable.
    """


@cli.command()
@click.option("--trainer", multiple=True, metavar="NAME", help="Name, module:attribute or file.py:attribute.")
@click.option("--workload", multiple=True, metavar="NAME", help="See `triptych list`.")
@click.option("--device", multiple=True, metavar="NAME", help="cpu, cuda or tpu; every one present by default.")
@click.option("--mode", multiple=True, metavar="NAME", help="step (the default), scan, eager or floor.")
@click.option("--restarts", type=click.IntRange(min=1), help="Fresh workers per device: the n of every interval.")
@click.option("--seed", type=int, help="Seed of the run order.")
@click.option("--quick", is_flag=True, help="A look in half a minute, without intervals.")
@click.option("--thorough", is_flag=True, help="Many restarts, long trainings.")
@click.option("--ladder", is_flag=True, help="Also every rung from naive to the fastest, one change at a time.")
@click.option("--sweep", multiple=True, metavar="AXIS=FROM:TO", help="In other sizes: width=16:4096, depth, batch.")
@click.option("--sweep-budget", type=float, metavar="SECONDS", help="A sweep leaves out what takes longer (180).")
@click.option("--seeds", type=click.IntRange(min=1), help="Train to the target loss from so many starting values.")
@click.option("--start-up", is_flag=True, help="Also time fresh processes from their start to the first step.")
@click.option("--output", metavar="DIR", help="Where the result and the page are written; reports/latest by default.")
@click.argument("pytest_args", nargs=-1)
@click.pass_context
def run(context: click.Context, pytest_args: tuple[str, ...], **options: object) -> None:
    """Measure trainers side by side and write the page.

    This is `pytest --benchmark-only` with the options above; what follows `--` goes to pytest as it is, for
    instance `triptych run -- --benchmark-json=result.json`.
    """
    import pytest

    from triptych.benches.arms.process import ROOT

    click.echo("Starting; the first figures come with the first restart.", err=True)
    files = sorted(map(str, (ROOT / "benches").glob("bench_*.py")))
    flags = [flag for name, value in options.items() for flag in _flags(name, value)]
    plugins = [
        "-p",
        "triptych.benches.run.plugin",
        "-p",
        "triptych.reports.page.plugin",
        "--rootdir",
        str(ROOT),
        "-c",
        _config(ROOT),
    ]
    patterns = ["-o", "python_files=bench_*.py", "-o", "python_functions=bench_*", "--import-mode=importlib"]
    code = pytest.main([*plugins, *patterns, "--benchmark-only", *flags, *pytest_args, *files])
    codes = {0: PASSED, 1: FAILED, 2: INTERRUPTED, 3: FAILED, 4: USAGE, 5: NOTHING}
    context.exit(codes.get(int(code), FAILED))


def _config(checkout: Path) -> str:
    """The checkout's configuration; an installed copy has none and needs none."""
    own = checkout / "pyproject.toml"
    return str(own) if own.is_file() else "/dev/null"


def _flags(name: str, value: object) -> list[str]:
    """An option in pytest's spelling."""
    name = name.replace("_", "-")
    if isinstance(value, tuple):
        return [f"--{name}={one}" for one in value]
    if value is None or value is False:
        return []
    return [f"--{name}"] if value is True else [f"--{name}={value}"]


cli.add_command(gate)


@cli.command()
@click.argument("trainers", nargs=-1, required=True, metavar="TRAINER...")
@click.pass_context
def check(context: click.Context, trainers: tuple[str, ...]) -> None:
    """Check that trainers keep the laws of the protocol.

    A TRAINER is a name that `triptych list` shows, package.module:attribute or path/to/file.py:attribute.
    """
    from triptych.impls import registry

    with _exit_on(registry.RegistryError, USAGE):
        factories = [registry.load(trainer) for trainer in trainers]

    from triptych.impls.laws.conformance import check as findings_of
    from triptych.impls.protocol import LAWS

    broken = False
    for trainer, factory in zip(trainers, factories, strict=True):
        click.echo(f"{trainer}:")
        for finding in findings_of(factory):
            broken = broken or finding.broken is not None
            click.echo(f"  {'ok    ' if finding.broken is None else 'BROKEN'} {finding.law}. {LAWS[finding.law - 1]}")
            if finding.broken is not None:
                click.echo(f"         {finding.broken}")
    context.exit(FAILED if broken else PASSED)


@cli.command("list")
@click.option("--devices", is_flag=True, help="Also look for devices; this starts jax.")
def list_(*, devices: bool) -> None:
    """List trainers, workloads and, if asked, devices."""
    from triptych.benches.workloads.published import describe
    from triptych.benches.workloads.sizes import BASES
    from triptych.impls import registry

    click.echo("trainers")
    for name in registry.names():
        click.echo(f"  {name}")
    click.echo("workloads")
    for workload in map(describe, BASES.values()):
        click.echo(f"  {workload.name:<14} {workload.network}; {workload.loss}; {workload.optimizer}; ", nl=False)
        click.echo(f"batches of {workload.batch_size}, {workload.steps:,} steps")
        click.echo(f"  {'':<14} {workload.source}")
    if devices:
        from triptych.benches.arms.process import WorkerLost, find_platforms

        click.echo("devices")
        with _exit_on(WorkerLost, NOTHING):
            names = find_platforms()
        for name in names:
            click.echo(f"  {name}")


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

    with _exit_on(RecordError, NOTHING):
        runs = load(results)
    if markdown:
        from triptych.reports.page.terminal import markdown as markdown_of

        with _exit_on(NothingMeasured, NOTHING):
            click.echo(markdown_of(runs))
        return
    from triptych.reports.page.page import write_report

    with _exit_on(OSError, USAGE), _exit_on(NothingMeasured, NOTHING):
        paths = write_report(runs, output)
    click.echo(f"Wrote {paths[0]} and its figures beside it")
    if open_:
        webbrowser.open(paths[0].resolve().as_uri())


@contextmanager
def _exit_on(expected: type[Exception], code: int) -> Generator[None]:
    """On the expected error its sentence on standard error and that exit code."""
    try:
        yield
    except expected as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(code)


def main() -> None:
    """What the `triptych` script calls."""
    cli()


if __name__ == "__main__":
    main()
