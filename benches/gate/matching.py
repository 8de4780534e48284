"""What base and head both have to offer, and what only one of them has: asked of a worker of each."""

from collections.abc import Callable
from pathlib import Path

from triptych.benches.arms.arm import Arm
from triptych.benches.arms.process import START_TIMEOUT_S, Worker, WorkerLost
from triptych.benches.gate.policy import Policy, missing, renamed
from triptych.benches.gate.scope import LEFT_OUT, Scope
from triptych.benches.gate.verdict import Finding, Judgement
from triptych.benches.record.run import Cell, WorkloadRecord
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS
from triptych.benches.worker import messages


class NotComparable(Exception):
    """Base and head cannot be measured against each other; the message says why."""


def survey(arm: Arm, start: Callable[[Arm], Worker], scope: Scope, folder: Path, repo: Path) -> messages.Surveyed:
    """Asks a worker of the arm, a copy of the repository, for its trainers and workloads, whose data it writes.

    Raises:
        NotComparable: If the checkout does not answer as this one would, or what it runs is not its own.
    """
    place = folder / f"data-{arm.name}"
    place.mkdir()
    request = messages.Survey(list(scope.trainers), list(scope.workloads), str(place), str(repo))
    try:
        with start(arm) as worker:
            answer = worker.ask(request, START_TIMEOUT_S)
    except WorkerLost as error:
        raise NotComparable(f"the {arm.name} has no worker that answers this gate: {error}") from error
    if not isinstance(answer, messages.Surveyed):
        raise NotComparable(f"the {arm.name} cannot say what it has: {getattr(answer, 'reason', answer)}")
    if answer.protocol != messages.PROTOCOL:
        raise NotComparable(f"the {arm.name} speaks protocol {answer.protocol}, this gate {messages.PROTOCOL}")
    if answer.astray:
        raise NotComparable(
            f"the {arm.name} imports {answer.astray[0]} from the working tree instead of its own copy; keep packages "
            "in the root of the repository or in src, and set no PYTHONPATH"
        )
    return answer


def match(
    base: messages.Surveyed, head: messages.Surveyed, scope: Scope, policy: Policy
) -> tuple[list[Cell], Judgement]:
    """The cells that both sides have, defined alike, and what is to be said of all others.

    Raises:
        NotComparable: If both sides lack something that was asked for by name.
    """
    _refuse_unknown(base, head, scope)
    offered, candidates = ({cell.id: cell for cell in _cells(side, scope.device)} for side in (base, head))
    changed = {old.name: _changes(old, new) for old in base.workloads for new in head.workloads if old.name == new.name}
    findings, notes = missing(offered, candidates, policy, lambda name: _lacking(offered[name], base, head))
    cells: list[Cell] = []
    for name, cell in offered.items():
        file = head.outside.get(cell.trainer)
        if name not in candidates:
            continue
        if not scope.trainers and (cell.trainer, cell.workload) == LEFT_OUT:
            notes.append(f"{name} is left out, being slow; name the trainers to have it measured.")
        elif changes := changed[cell.workload]:
            words = f"the workload itself changed ({changes}), so the sides would train different things"
            findings.append(Finding("workload", name, "incomparable", words))
        elif file and (base.outside.get(cell.trainer), base.python) == (file, head.python):
            words = f"both sides would run one {Path(file).name}, which is not in this repository"
            findings.append(Finding("presence", name, "incomparable", f"{words}; name one that is: --trainer"))
        else:
            cells.append(cell)
    if not scope.trainers and scope.workloads == DEFAULT_WORKLOADS:  # else a pattern without a match is no mistake
        notes += policy.unused({*offered, *candidates})
    return cells, Judgement(tuple(findings), tuple(name for name in candidates if name not in offered), tuple(notes))


def _refuse_unknown(base: messages.Surveyed, head: messages.Surveyed, scope: Scope) -> None:
    if refused := [name for name in scope.trainers if name in base.refused and name in head.refused]:
        raise NotComparable(f"neither side has the trainer {refused[0]}: {head.refused[refused[0]]}")
    known = {name for side in (base, head) for one in side.workloads for name in (one.name, one.reference)}
    for name in scope.workloads:
        if name not in known:
            raise NotComparable(f"neither side has a workload {name!r}; see triptych list")


def _cells(side: messages.Surveyed, device: str) -> list[Cell]:
    return [Cell(workload.name, trainer, device) for workload in side.workloads for trainer in side.trainers]


def _lacking(cell: Cell, base: messages.Surveyed, head: messages.Surveyed) -> str:
    """What of a cell of the base the head lacks."""
    lacks, hint = f"trainer {cell.trainer!r}", ""
    if cell.workload not in {workload.name for workload in head.workloads}:
        lacks = f"workload {cell.workload!r}"
    elif reason := head.refused.get(base.trainers[cell.trainer]):
        hint = f": {reason}"
    elif new := renamed(cell.trainer, head.trainers):
        hint = f" (renamed to {new}?)"
    return f"the base has it, but the head has no {lacks}{hint}; where that is meant, add it to allowed_missing"


def _changes(old: WorkloadRecord, new: WorkloadRecord) -> str:
    """What differs between two definitions of one workload, in words; nothing if they train and are judged alike."""
    counted = [name for name in WorkloadRecord.__struct_fields__ if name not in ("source", "target_loss")]
    fields = [name for name in counted if getattr(old, name) != getattr(new, name)]
    return ", ".join(f"{name} {getattr(old, name)} \N{RIGHTWARDS ARROW} {getattr(new, name)}" for name in fields)
