"""The command line of `triptych gate`: its four questions, each with the options that it accepts and no others."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from triptych.reports.gate.answers import Question
FILE = click.Path(path_type=Path, dir_okay=False)
PRESENT = click.Path(path_type=Path, dir_okay=False, exists=True)
Command = Callable[..., None]


class ManyAfter(click.Command):
    """A command whose --after takes all files up to the next option, as a shell expands them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeats the option before each of its files, which is what click understands."""
        repeated: list[str] = []
        after = False
        for argument in args:
            name, _, value = argument.partition("=")
            if argument.startswith("-"):
                after = name == "--after"
                repeated += [] if argument == "--after" else [name, value] if after else [argument]
            else:
                repeated += ["--after", argument] if after else [argument]
        return super().parse_args(ctx, repeated)


POLICY = click.option("--policy", type=PRESENT, help="With [tool.triptych.gate]; ./pyproject.toml by default.")
OUTPUT = click.option(
    "--output", default="reports/latest/gate", show_default=True, type=click.Path(path_type=Path),
    help="Folder of page and result.",
)  # fmt: skip


def outputs(command: Command) -> Command:
    """The options that say where findings go."""
    for kind, whom in (("json", "for programs"), ("junit", "as test cases"), ("markdown", "for a pull request")):
        command = click.option(f"--{kind}", type=FILE, help=f"Write the findings {whom}.")(command)
    return OUTPUT(command)


@click.group(invoke_without_command=True, subcommand_metavar="[files | counts | test]")
@click.option("--base", metavar="REF", help="Commit to measure against; by default where the branch left main.")
@click.option("--trainer", multiple=True, metavar="NAME", help="As for `run`; every built-in one by default.")
@click.option("--workload", multiple=True, metavar="NAME", help="See `triptych list`; xor and digits by default.")
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu, cuda or tpu.")
@click.option("--restarts", type=click.IntRange(min=1), help="Of every side and look; 10 by default.")
@click.option("--seed", type=int, help="Seed of the run order.")
@click.option("--cpus", metavar="LIST", help="Processors of the workers, such as 0,1, or all; by default the last.")
@click.option("--base-python", metavar="FILE", help="The base's interpreter, if it needs another.")
@POLICY
@outputs
@click.pass_context
def gate(context: click.Context, **options: Any) -> None:
    """Say whether a change made training slower.

    By itself it measures a base again, now, in turns with the working tree as it stands: triptych gate --base main.
    With a word after it, it answers another question: triptych gate files --help.

    Every finding is regressed, improved, ok, undecided, incomparable or missing, and the worst gives the exit code:
    1 regressed; 4 missing, incomparable, unusable or nothing measured; 3 undecided; 0 otherwise; 2 wrong usage.
    With GITHUB_ACTIONS set it annotates, and with GITHUB_STEP_SUMMARY it adds the Markdown to that file.
    """
    if (command := context.invoked_subcommand) is not None:
        _refuse_typed(context, f"before {command!r} would change nothing; see triptych gate {command} --help")
    else:
        _answer(context, "code", options)


def _answer(context: click.Context, question: "Question", options: Mapping[str, Any]) -> None:
    """Ends with the exit code of a question; nothing heavy is imported before, so that help and errors come at once."""
    from triptych.reports.gate import answers

    context.exit(answers.answered(question, options))


def _refuse_typed(context: click.Context, words: str, but: tuple[str, ...] = ()) -> None:
    """Refuses the options that were typed, but for some, where they would change nothing."""
    typed = click.core.ParameterSource.COMMANDLINE
    names = [one for one in context.params if one not in but and context.get_parameter_source(one) is typed]
    if names:
        raise click.UsageError(f"{', '.join('--' + name.replace('_', '-') for name in names)} {words}")


@gate.command(cls=ManyAfter, short_help="Compare result files from before and after a change.")
@click.argument("before", nargs=-1, type=PRESENT, metavar="BEFORE...")
@click.option("--after", multiple=True, type=PRESENT, metavar="AFTER...", help="Results after the change.")
@POLICY
@outputs
@click.pass_context
def files(context: click.Context, **options: Any) -> None:
    """Compare pytest-benchmark JSON of any project, from before and after a change.

    Several files of a side are its restarts; one benchmark needs 3 of each, twelve need 5: triptych gate files
    before-*.json --after after-*.json
    """
    if not (options["before"] and options["after"]):
        raise click.UsageError("result files need both sides: triptych gate files BEFORE... --after AFTER...")
    _answer(context, "files", options)


@gate.command(short_help="Compare exact counts with the golden ones; time nothing.")
@click.option("--update", is_flag=True, help="Record the counts as golden instead.")
@click.option("--file", type=FILE, help="The golden counts; those of this checkout by default.")
@outputs
@click.pass_context
def counts(context: click.Context, **options: Any) -> None:
    """Compare exact counts of the built-in trainers with the golden ones; nothing is timed.

    After a meant change of a trainer, or a new jax, record them: triptych gate counts --update
    """
    if options["update"]:
        _refuse_typed(context, "would change nothing beside --update; leave it out", but=("update", "file"))
    _answer(context, "counts", options)


@gate.command("test", short_help="Record a long series, then say how good the gate is here.")
@click.option("--load", is_flag=True, help="Beside a competing process.")
@click.option("--restarts", type=click.IntRange(min=1), help="Of the series; 60 by default.")
@POLICY
@OUTPUT
@click.pass_context
def test_of_the_gate(context: click.Context, **options: Any) -> None:
    """Record a long series (twenty minutes), then say how good the gate is here.

    A series that was stopped is gone on with.
    """
    _answer(context, "itself", options)
