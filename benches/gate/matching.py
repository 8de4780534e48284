"""What base and head both have to offer, and what only one of them has: asked of a worker of each."""

import difflib
from pathlib import Path
from typing import NamedTuple

from triptych.benches.arms.process import START_TIMEOUT_S, Arm, Worker, WorkerLost
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.scope import LEFT_OUT, Scope
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.gate.verdict import Finding
from triptych.benches.record.run import Cell, WorkloadRecord
from triptych.benches.schedule.defaults import DEFAULT_WORKLOADS
from triptych.benches.worker import messages


class NotComparable(Exception):
    """Base and head cannot be measured against each other; the message says why."""


class Matched(NamedTuple):
    """What can be measured on both sides.

    Attributes:
        findings: What cannot, cell by cell.
        added: Cells of the head alone.
        references: What the registry loads, by arm and label.
        data_paths: By arm and workload.
    """

    cells: list[Cell]
    findings: list[Finding]
    added: tuple[str, ...]
    notes: tuple[str, ...]
    workloads: list[WorkloadRecord]
    references: dict[str, dict[str, str]]
    data_paths: dict[str, dict[str, str]]


def survey(arm: Arm, scope: Scope, folder: Path, repo: Path) -> messages.Surveyed:
    """Asks a worker of the arm, a copy of the repository, for its trainers and workloads, whose data it writes.

    Raises:
        NotComparable: If the checkout does not answer as this one would, or what it runs is not its own.
    """
    place = folder / f"data-{arm.name}"
    place.mkdir()
    request = messages.Survey(list(scope.trainers), list(scope.workloads), str(place), str(repo))
    try:
        with Worker(arm) as worker:
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


def match(base: messages.Surveyed, head: messages.Surveyed, scope: Scope, policy: Policy) -> Matched:
    """The cells that both sides have, defined alike, and a finding for each that the head lacks or defines anew.

    Raises:
        NotComparable: If both sides lack something that was asked for by name.
    """
    _refuse_unknown(base, head, scope)
    workloads = {workload.name: workload for workload in head.workloads}
    offered, candidates = (_cells(side, scope.device) for side in (base, head))
    left_out = [] if scope.trainers else [cell for cell in offered if (cell.trainer, cell.workload) == LEFT_OUT]
    missing = [cell for cell in offered if cell not in candidates]
    changed = {old.name: _changes(old, workloads[old.name]) for old in base.workloads if old.name in workloads}
    common = [cell for cell in offered if cell in candidates and cell not in left_out]
    same = {
        trainer: file
        for trainer, file in head.outside.items()
        if base.outside.get(trainer) == file and base.python == head.python
    }
    alike = [cell for cell in common if not changed[cell.workload]]
    return Matched(
        cells=[cell for cell in alike if cell.trainer not in same],
        findings=[
            *(_missing(cell, base, head) for cell in missing if not policy.may_be_missing(cell.id)),
            *(_changed(cell, changed[cell.workload]) for cell in common if changed[cell.workload]),
            *(_same(cell, same[cell.trainer]) for cell in alike if cell.trainer in same),
        ],
        added=tuple(cell.id for cell in candidates if cell not in offered),
        notes=(
            *(f"{cell.id} is missing, as the policy allows." for cell in missing if policy.may_be_missing(cell.id)),
            *(f"{cell.id} is left out, being slow; name the trainers to have it measured." for cell in left_out),
            *(policy.unused({cell.id for cell in (*offered, *candidates)}) if _is_everything(scope) else []),
        ),
        workloads=head.workloads,
        references={BASE: base.trainers, HEAD: head.trainers, **dict.fromkeys(CANARIES, base.trainers)},
        data_paths={BASE: base.data_paths, HEAD: head.data_paths, **dict.fromkeys(CANARIES, base.data_paths)},
    )


def _is_everything(scope: Scope) -> bool:
    """Whether nothing was picked, so that a pattern without a match is a mistake."""
    return not scope.trainers and scope.workloads == DEFAULT_WORKLOADS


def _refuse_unknown(base: messages.Surveyed, head: messages.Surveyed, scope: Scope) -> None:
    for name in scope.trainers:
        if name in base.refused and name in head.refused:
            raise NotComparable(f"neither side has the trainer {name}: {head.refused[name]}")
    known = {name for side in (base, head) for one in side.workloads for name in (one.name, one.reference)}
    for name in scope.workloads:
        if name not in known:
            raise NotComparable(f"neither side has a workload {name!r}; see triptych list")


def _cells(side: messages.Surveyed, device: str) -> list[Cell]:
    return [Cell(workload.name, trainer, device) for workload in side.workloads for trainer in side.trainers]


def _missing(cell: Cell, base: messages.Surveyed, head: messages.Surveyed) -> Finding:
    if cell.workload not in {workload.name for workload in head.workloads}:
        words = f"the base has it, but the head has no workload {cell.workload!r}"
    else:
        close = difflib.get_close_matches(cell.trainer, head.trainers, n=1, cutoff=0.5)
        reason = head.refused.get(base.trainers[cell.trainer])
        words = f"the base has it, but the head has no trainer {cell.trainer!r}"
        words += f": {reason}" if reason else f" (renamed to {close[0]}?)" if close else ""
    return Finding("presence", cell.id, "missing", f"{words}; where that is meant, add it to allowed_missing")


def _changes(old: WorkloadRecord, new: WorkloadRecord) -> str:
    """What differs between two definitions of one workload, in words; nothing if they train and are judged alike."""
    counted = [name for name in WorkloadRecord.__struct_fields__ if name not in ("source", "target_loss")]
    fields = [name for name in counted if getattr(old, name) != getattr(new, name)]
    return ", ".join(f"{name} {getattr(old, name)} \N{RIGHTWARDS ARROW} {getattr(new, name)}" for name in fields)


def _changed(cell: Cell, changes: str) -> Finding:
    words = f"the workload itself changed ({changes}), so the sides would train different things"
    return Finding("workload", cell.id, "incomparable", words)


def _same(cell: Cell, file: str) -> Finding:
    words = f"both sides would run one {Path(file).name}, which is not in this repository; name one that is: --trainer"
    return Finding("presence", cell.id, "incomparable", words)
