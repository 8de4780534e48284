"""The gate on code: a base measured again beside the head, now, on this machine, and what that says of the change.

Every restart starts a worker of the base, one of the head and two canaries (the base again, for the reference trainer's
cells), all on one processor with one XLA thread, and lets them take turns. What then is undecided is measured again.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace as replace_cell

from triptych.benches.arms import checkout
from triptych.benches.arms.arm import ENV_OF_COMPILERS, Arm, copy_instrument, has_instrument, platform_arm
from triptych.benches.arms.checkout import Base, CheckoutError
from triptych.benches.arms.environment import CONSTRAINTS, ToolchainError, build, changed_constraints, not_installed
from triptych.benches.arms.process import WorkerLost, Workers
from triptych.benches.gate import sides
from triptych.benches.gate.looks import Seen, look_twice, unfit
from triptych.benches.gate.matching import NotComparable, match, survey
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.scope import Scope, from_root
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.gate.verdict import EVERY, Finding, Judgement, several, some, stopped
from triptych.benches.record.files import make_folder, scratch, write
from triptych.benches.record.modes import MODES
from triptych.benches.record.run import SCHEMA, ArmRecord, Cell, CellRecord, Run
from triptych.benches.schedule.defaults import reference_among
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.plan import TWO_SIDES, Rim
from triptych.benches.schedule.progress import command_line, follow, progress
from triptych.benches.schedule.rounds import measure
from triptych.benches.schedule.tally import everywhere
from triptych.benches.worker.messages import Spec, Surveyed

Tell = Callable[[str], None]  # takes sentences for whoever waits


def judge_checkout(
    folder: Path, reference: str | None, scope: Scope, policy: Policy, output: Path
) -> tuple[Run | None, Judgement]:
    """The gate of the repository around a folder, with progress and sentences on standard error.

    Without a reference the base is where the branch left main. Gives what was measured, if anything was, and is kept in
    the output folder, and what the head did to the base.

    Raises:
        CheckoutError: If there is no such repository or reference, or a trainer's file is not in it.
        OSError: If the output folder or the copies cannot be written.
    """
    repo = checkout.repository(folder)
    base = checkout.usual_base(repo, os.environ) if reference is None else checkout.resolve(repo, reference)
    trainers = tuple(from_root(name, repo, folder) for name in scope.trainers)
    workloads = tuple(from_root(name, repo, folder) for name in scope.workloads)
    scope = replace(scope, trainers=trainers, workloads=workloads)
    _refuse_unwritable(output)
    with scratch("gate") as copies, progress() as shown, Workers() as workers:
        began = time.monotonic()
        show = follow(shown, began)
        tell = partial(shown.console.print, highlight=False, markup=False, emoji=False, soft_wrap=True)
        try:
            arms, notes = _arms(repo, base, scope, copies, tell)
            offers = [survey(arm, workers.start, scope, copies, repo) for arm in arms]
            cells, unmatched = match(offers[0], offers[1], scope, policy)
        except (NotComparable, WorkerLost, ToolchainError) as error:
            return None, Judgement((Finding("base", EVERY, "incomparable", str(error)),))
        found = replace(unmatched, notes=(*notes, *unmatched.notes))
        if not cells:
            return None, found
        targets = _targets(arms, scope)
        arms = [replace(arm, env=arm.env | (ENV_OF_COMPILERS if targets else {})) for arm in arms]
        arms += [replace(arms[0], name=name) for name in CANARIES]
        cells += [replace_cell(cell, device=label, mode="compile") for label in targets for cell in cells]
        commits = {arm.name: base.commit[:12] for arm in arms} | {HEAD: checkout.head(repo)}
        run = _run(arms, cells, offers[1], scope, commits)
        tell(_plan(run, base.name, scope))
        save = partial(write, run, output / "result.json")
        rim, jobs = Rim(workers.start, save, show), jobs_of(run, offers[0], offers[1], targets)
        try:
            findings, remarks = _judged(run, partial(_look, run, arms, jobs, rim), policy, tell)
            run.status, run.duration_s = "complete", time.monotonic() - began
            save()
        except WorkerLost as lost:
            findings, remarks = [Finding("worker", EVERY, "incomparable", f"no worker can start: {lost}")], []
    measured = run if any(one.blocks for one in run.cells) else None
    return measured, replace(found, findings=(*found.findings, *findings), notes=(*found.notes, *remarks))


def _refuse_unwritable(folder: Path) -> None:
    """Finds out now, not after minutes, whether the folder can be written."""
    try:
        make_folder(folder)
    except BlockingIOError:
        raise
    except OSError as error:
        words = f"the result cannot be written to {folder} ({error.strerror}); give another folder with --output"
        raise CheckoutError(words) from error


def _arms(repo: Path, base: Base, scope: Scope, folder: Path, tell: Tell) -> tuple[list[Arm], list[str]]:
    """Base and head, each a copy in a folder of its own, and what is to be said of them."""
    folders = {name: folder / name for name in (BASE, HEAD)}
    for copy in folders.values():
        copy.mkdir()
    checkout.export(repo, base.commit, folders[BASE])
    checkout.snapshot(repo, folders[HEAD])
    if has_instrument(folders[HEAD]) and not has_instrument(folders[BASE]):
        raise NotComparable(f"the base {base.name} has no worker of ours: it is older than the instrument")
    changed = checkout.uncommitted(repo)
    notes = [f"The + of the head stands for uncommitted work: {some(changed)}."] if changed else []
    python = scope.base_python
    if python is None and (changed := changed_constraints(folders[BASE], folders[HEAD])):
        if lacking := not_installed(changed):
            words = f"the constraints changed, and of those of the head {'; '.join(lacking)} here"
            raise ToolchainError(f"{words}; install them first: pip install -c {CONSTRAINTS} -e .")
        tell(f"The constraints changed ({', '.join(changed)}): building the base's own environment.")
        notes.append(f"Toolchain changed: {', '.join(changed)}; the base ran in an environment of its own.")
        python = build(folders[BASE], folder / "environment")
    instrument = copy_instrument(folder / "instrument")
    pinned = replace(platform_arm(scope.device, scope.cpus), instrument=instrument)
    arms = [replace(pinned, name=name, checkout=copy) for name, copy in folders.items()]
    return [replace(arms[0], python=python or arms[0].python), arms[1]], notes


def _targets(arms: Sequence[Arm], scope: Scope) -> dict[str, str]:
    """By label, the devices that both sides can compile for though they are not there."""
    own = [arm.checkout for arm in arms if arm.checkout and has_instrument(arm.checkout)]
    if scope.device != "cpu" or not all((folder / "benches" / "worker" / "aim.py").is_file() for folder in own):
        return {}
    return {one.target.label: one.target.name for one in everywhere()[0] if one.target}


def _run(arms: list[Arm], cells: list[Cell], head: Surveyed, scope: Scope, commits: Mapping[str, str]) -> Run:
    reference = reference_among(cells)
    canary = [cell for cell in cells if cell.trainer == reference and MODES[cell.mode].timed]
    own = [ArmRecord(arm.name, arm.device, arm.env, commit=commits[arm.name], cpus=list(arm.cpus)) for arm in arms]
    records = [CellRecord(cell, arm.name) for arm in arms for cell in (canary if arm.name in CANARIES else cells)]
    created, commit, settings = datetime.now(UTC).isoformat(timespec="seconds"), commits[HEAD], scope.settings
    workloads, references = head.workloads, head.trainers
    return Run(SCHEMA, created, command_line(), commit, settings, reference, own, workloads, records, references)


def _plan(run: Run, base: str, scope: Scope) -> str:
    commits = {arm.name: arm.commit or "" for arm in run.arms}
    plus = " (with uncommitted work)" if commits[HEAD].endswith("+") else ""
    many = f"{several(len(sides.pairs(run)), 'cell')}, {several(run.settings.restarts, 'restart')}"
    where = f"processor {', '.join(map(str, scope.cpus))}" if scope.cpus else "all processors"
    words = f"Base {commits[BASE]} ({base}) against head {commits[HEAD]}{plus}: {many}, {where}"
    return f"{words}. It takes some minutes; what is undecided then is measured once more."


def jobs_of(run: Run, base: Surveyed, head: Surveyed, targets: Mapping[str, str]) -> list[Job]:
    """Each cell with the trainer and the data of its side, and its device's target; canaries run what the base runs."""
    jobs: list[Job] = []
    for record in run.cells:
        cell, side = record.cell, head if record.arm == HEAD else base
        data, workload = side.data_paths[cell.workload], run.workload(cell.workload).reference
        trainer, target = side.trainers[cell.trainer], targets.get(cell.device, "")
        jobs.append(Job(record, Spec(cell, trainer, data, workload, target)))
    return jobs


def _look(run: Run, arms: list[Arm], jobs: list[Job], rim: Rim, cells: Collection[str]) -> Seen:
    """Measures cells as often as one look does, after what was measured before; gives all that was seen since."""
    first = 1 + max((block.restart for one in run.cells for block in one.blocks), default=-1)
    measure(run, arms, [job for job in jobs if job.spec.cell.id in cells], rim, TWO_SIDES._replace(first=first))
    return Seen(sides.seen(run), sides.seen(run, *CANARIES), sides.levels(run))


def _judged(
    run: Run, look: Callable[[Collection[str]], Seen], policy: Policy, tell: Tell
) -> tuple[list[Finding], list[str]]:
    """What two looks find, of times only where nothing else of a cell speaks against comparing them, and remarks."""

    def again(cells: set[str]) -> Seen:
        tell(f"Undecided so far: {', '.join(sorted(cells))}; a second look.")
        return look(cells)

    seen = look({one.cell.id for one in run.cells})
    unlike = stopped(sides.settled(run))
    first = seen._replace(heads={one: logs for one, logs in seen.heads.items() if one.cell not in unlike})
    timed, canaries = look_twice(first, again, policy, run.settings.restarts)
    settled = sides.settled(run)
    unlike = stopped(settled)
    others = [*timed, *sides.untimed(run, sides.seen(run)), *sides.counts_compared(run)]
    findings = [*settled, *(one for one in others if one.cell not in unlike)]
    if run.cut_short and not any(one.blocks for one in run.cells):
        words = "nothing was measured, every restart lost a worker; triptych run says why, with the same --device"
        findings = [Finding("worker", EVERY, "incomparable", words)]
    return findings, _remarks(run, canaries)


def _remarks(run: Run, canaries: Sequence[Finding]) -> list[str]:
    """What limits the findings, or vouches for them."""
    machine, lost = unfit(canaries), len(run.cut_short)
    return [
        *([f"Unfit: {machine}."] if machine else []),
        *(f"The base against itself, {one.cell}, {one.metric}: {one.sentence}." for one in canaries),
        *([f"{several(lost, 'restart')} lost a worker and {'does' if lost == 1 else 'do'} not count."] if lost else []),
    ]
