"""The command `triptych cost`: what each style would add to a step of somebody's model, by the law that was measured.

Nothing heavy is imported before an answer is wanted, so that help and errors come at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from triptych.benches.exit_codes import Exit

if TYPE_CHECKING:
    from triptych.reports.words.cost import MeasuredLaw

GALLERY = Path(__file__).resolve().parent / "gallery" / "data"
"""Result files of every style, which come with the project."""


class Asked(NamedTuple):
    """What was typed."""

    arrays: int | None
    of: str | None
    optimizer: str | None
    step_ms: float
    law: Path | None
    as_measured: bool


@click.command()
@click.option(
    "--arrays", type=click.IntRange(min=1), metavar="N", help="Arrays of the state: parameters and optimizer state."
)
@click.option("--of", metavar="REFERENCE", help="Or module:params, file.py:params: count those of this pytree,")
@click.option("--optimizer", type=click.Choice(["adam", "sgd"]), help="and what this remembers of each.")
@click.option("--step-ms", type=float, required=True, metavar="MS", help="What a step of pure JAX takes.")
@click.option(
    "--law",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Result of a `run --law` (default: the gallery's).",
)
@click.option("--as-measured", is_flag=True, help="Do not time an empty call here; figures are the other machine's.")
def cost(**typed: object) -> None:
    """Say what each style would add to a step of your model.

    By the law that `triptych run --law` measures: so much a step, so much an array. Microseconds do not travel, so
    they are scaled by an empty call that is timed here, in some ten seconds.
    """
    asked = Asked(**typed)  # pyright: ignore[reportArgumentType]  click has checked them
    if (asked.arrays is None) == (asked.of is None):
        raise click.UsageError("give either --arrays or --of")
    if (asked.of is None) != (asked.optimizer is None):
        raise click.UsageError("--of counts parameters; say beside it, and only there, what --optimizer they have")
    from triptych.benches.analysis.cost import OutOfRange
    from triptych.benches.arms.process import WorkerLost
    from triptych.benches.record.files import RecordError
    from triptych.impls.registry import RegistryError

    try:
        click.echo(answer(asked))
    except (RecordError, RegistryError, OutOfRange, RuntimeError, WorkerLost, OSError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(Exit.USAGE if isinstance(error, RegistryError | OutOfRange) else Exit.NOTHING)


def answer(asked: Asked) -> str:
    """What each style adds, and where the figures are from.

    Raises:
        RecordError: If there is no law.
        RegistryError: If the parameters cannot be loaded.
        OutOfRange: If a number is none that could be, or was not measured.
        RuntimeError: If no empty call can be timed here.
    """
    from triptych.reports import text
    from triptych.reports.words.cost import check_step

    step_s = asked.step_ms / 1e3
    check_step(step_s)
    law = law_of(asked.law)
    arrays = asked.arrays or arrays_of(str(asked.of), str(asked.optimizer))
    law.lines(arrays, step_s)  # before anything is timed
    here = law if asked.as_measured else scaled_here(law)
    lines = here.lines(arrays, step_s)
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    told = [f"{text.count(arrays, 'array')}, a step of {text.seconds(step_s)}: what each style adds"]
    for one in lines:
        cells = (word.ljust(width) for word, width in zip(one, widths, strict=False))
        told.append(f"  {'  '.join(cells)}  under 1 % from {one.hidden_from}")
    return "\n".join([*told, here.origin])


def law_of(path: Path | None) -> "MeasuredLaw":
    """The law of a result file, or else of the gallery.

    Raises:
        RecordError: If there is none.
    """
    from triptych.benches.record.files import RecordError
    from triptych.reports.view.load import load
    from triptych.reports.view.sources import harmless
    from triptych.reports.words.cost import laws_of

    files = [path] if path else sorted(GALLERY.glob("*.json.gz"))
    for run in map(harmless, load(files) if files else ()):
        for law in laws_of(run):
            return law._replace(origin=f"Measured on {_machine(law)}; as it is, for no empty call was timed here.")
    where = f"{path} holds" if path else "no gallery comes with this copy, and there is"
    raise RecordError(f"{where} no law; measure one with triptych run --law and give its result with --law FILE")


def scaled_here(law: "MeasuredLaw") -> "MeasuredLaw":
    """The same by an empty call that is timed on this machine, in some ten seconds.

    Raises:
        RuntimeError: If it cannot be timed here, or was not there.
    """
    from triptych.benches.analysis.cost import empty_calls
    from triptych.benches.run.empty_call import CALLED, empty_call_s
    from triptych.reports import text

    there = empty_calls(law.run, law.arm.name).get(CALLED.workload)
    if there is None:
        raise RuntimeError(f"that law was measured without an empty call on {CALLED.workload}; add --as-measured")
    here = empty_call_s()
    words = f"Measured on {_machine(law)}, where an empty call on 97 arrays took {text.seconds(there)}; scaled by "
    return law._replace(scale=here / there, origin=f"{words}the {text.seconds(here)} that it takes here.")


def _machine(law: "MeasuredLaw") -> str:
    from triptych.reports import text

    found = law.arm.fingerprint
    return f"{found.cpu_model}, jax {found.jax}, on {text.when(law.run.created)}" if found else "an unknown machine"


def arrays_of(reference: str, optimizer: str) -> int:
    """Arrays of the state of somebody's parameters.

    Raises:
        RegistryError: If they cannot be loaded.
        OutOfRange: If there is no array in them, or they are a function that raises.
    """
    from triptych.benches.analysis.cost import OF_STATE, OutOfRange
    from triptych.impls import registry
    from triptych.impls.laws.pytree import n_arrays

    value, _ = registry.value_of(reference)
    each, more = OF_STATE[optimizer]
    try:
        parameters = n_arrays(value)
    except Exception as error:  # a stranger's function may raise anything
        said = f"{type(error).__name__}: {error}"
        raise OutOfRange(f"{reference} raised {said}; expected a pytree, or a function of no argument") from error
    if not parameters:
        raise OutOfRange(
            f"{reference} is of type {type(value).__name__}, with no array in it; expected a pytree of some"
        )
    return each * parameters + more
