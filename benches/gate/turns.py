"""The gate on code: a base measured again beside the head, now, on this machine, and what that says of the change.

Every restart starts a worker of the base, one of the head and two canaries (the base's code again, for the reference
trainer's cells), all on the same processor with one XLA thread, and lets them take turns block by block. What is
undecided after the first look is measured once more, each look at half the error rate.
"""

import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from triptych.benches.arms import checkout
from triptych.benches.arms.checkout import Base, CheckoutError
from triptych.benches.arms.environment import CONSTRAINTS, ToolchainError, build, changed_constraints, not_installed
from triptych.benches.arms.process import Arm, Worker, WorkerLost, copy_instrument, has_instrument, pinned_arm
from triptych.benches.gate import bands, sides
from triptych.benches.gate.bands import Bands
from triptych.benches.gate.looks import Seen, look_twice, unfit
from triptych.benches.gate.matching import Matched, NotComparable, match, survey
from triptych.benches.gate.policy import Policy
from triptych.benches.gate.scope import Scope, from_root
from triptych.benches.gate.sides import BASE, CANARIES, HEAD
from triptych.benches.gate.verdict import EVERY, Finding, Judgement, several, some
from triptych.benches.record import run
from triptych.benches.record.files import make_folder, write
from triptych.benches.record.run import ArmRecord, CellRecord, Run
from triptych.benches.schedule.defaults import reference_among
from triptych.benches.schedule.job import Job
from triptych.benches.schedule.progress import command_line, progress
from triptych.benches.schedule.rounds import TWO_SIDES, Rim, measure
from triptych.benches.worker.messages import Spec

SAVE_EVERY_S = 10.0


@dataclass(frozen=True)
class Gate:
    """One gate at work.

    Attributes:
        repo: The repository, whose working tree is the head.
        bands: Learned on some machine, perhaps this one.
        folder: Where the copies of base and head go; the caller removes it.
        result: The file that keeps what was measured.
        tell: Takes sentences for whoever waits.
        advance: Takes what is being done, and which share of a look that is.
    """

    repo: Path
    base: Base
    scope: Scope
    policy: Policy
    bands: Bands | None
    folder: Path
    result: Path
    tell: Callable[[str], None]
    advance: Callable[[str, float], None]

    def judge(self) -> tuple[Run | None, Judgement]:
        """Measures both sides and says what the head did to the base; no run where nothing could be measured.

        Raises:
            OSError: If a copy, or the file of what was measured, cannot be written.
        """
        try:
            arms, notes = self._arms()
            offers = {arm.name: survey(arm, self.scope, self.folder, self.repo) for arm in arms}
            matched = match(offers[BASE], offers[HEAD], self.scope, self.policy)
        except (NotComparable, WorkerLost, ToolchainError) as error:
            return None, Judgement((Finding("base", EVERY, "incomparable", str(error)),))
        if not matched.cells:
            return None, Judgement(tuple(matched.findings), matched.added, (*notes, *matched.notes))
        arms += [replace(arms[0], name=name) for name in CANARIES]
        run = self._run(arms, matched)
        self.tell(self._plan(run))
        try:
            findings, remarks = self._look_twice(run, arms, matched)
        except WorkerLost as lost:
            findings, remarks = [Finding("worker", EVERY, "incomparable", f"no worker can start: {lost}")], []
        else:
            if run.cut_short and not any(one.blocks for one in run.cells):
                words = (
                    "nothing was measured, every restart lost a worker; triptych run says why, with the same --device"
                )
                findings = [Finding("worker", EVERY, "incomparable", words)]
        measured = run if any(one.blocks for one in run.cells) else None
        return measured, Judgement((*matched.findings, *findings), matched.added, (*notes, *matched.notes, *remarks))

    def _arms(self) -> tuple[list[Arm], list[str]]:
        """Base and head, each a copy in a folder of its own, and what is to be said of them."""
        folders = {name: self.folder / name for name in (BASE, HEAD)}
        for folder in folders.values():
            folder.mkdir()
        checkout.export(self.repo, self.base.commit, folders[BASE])
        checkout.snapshot(self.repo, folders[HEAD])
        if has_instrument(folders[HEAD]) and not has_instrument(folders[BASE]):
            raise NotComparable(f"the base {self.base.name} has no worker of ours: it is older than the instrument")
        changed = checkout.uncommitted(self.repo)
        notes = [f"The + of the head stands for uncommitted work: {some(changed)}."] if changed else []
        python = self.scope.base_python
        if python is None and (changed := changed_constraints(folders[BASE], folders[HEAD])):
            if lacking := not_installed(changed):
                words = f"the constraints changed, but of the head's {'; '.join(lacking)} here"
                raise ToolchainError(f"{words}; install them first: pip install -c {CONSTRAINTS} -e .")
            self.tell(f"The constraints changed ({', '.join(changed)}): building the base's own environment.")
            notes.append(f"Toolchain changed: {', '.join(changed)}; the base ran in an environment of its own.")
            python = build(folders[BASE], self.folder / "environment")
        pinned = replace(
            pinned_arm(self.scope.device, self.scope.threads, self.scope.cpus),
            instrument=copy_instrument(self.folder / "instrument"),
        )
        arms = [replace(pinned, name=name, checkout=folder) for name, folder in folders.items()]
        return [replace(arms[0], python=python or arms[0].python), arms[1]], notes

    def _run(self, arms: list[Arm], matched: Matched) -> Run:
        reference = reference_among(matched.cells)
        canary = [cell for cell in matched.cells if cell.trainer == reference]
        commits = {arm.name: self.base.commit[:12] for arm in arms} | {HEAD: checkout.head(self.repo)}
        return Run(
            schema=run.SCHEMA,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command_line(),
            commit=commits[HEAD],
            settings=self.scope.settings,
            reference=reference,
            arms=[ArmRecord(arm.name, arm.device, arm.env, commit=commits[arm.name]) for arm in arms],
            workloads=matched.workloads,
            cells=[
                *(CellRecord(cell, arm) for arm in (BASE, HEAD) for cell in matched.cells),
                *(CellRecord(cell, arm) for arm in CANARIES for cell in canary),
            ],
            references=matched.references[HEAD],
        )

    def _plan(self, run: Run) -> str:
        cells = several(len(sides.pairs(run)), "cell")
        commits = {arm.name: arm.commit for arm in run.arms}
        plus = " (with uncommitted work)" if (commits[HEAD] or "").endswith("+") else ""
        cpus = ", ".join(map(str, self.scope.cpus)) or "any"
        return (
            f"Base {commits[BASE]} ({self.base.name}) against head {commits[HEAD]}{plus}: {cells}, "
            f"{several(run.settings.restarts, 'restart')}, CPU {cpus}, XLA threads: {self.scope.threads}. "
            "It takes some minutes; what is undecided then is measured once more."
        )

    def _look_twice(self, run: Run, arms: list[Arm], matched: Matched) -> tuple[list[Finding], list[str]]:
        began = time.monotonic()
        rim = Rim(Worker, _now_and_then(partial(write, run, self.result)), self.advance)
        jobs = [
            Job(one, Spec(cell, matched.references[one.arm][cell.trainer], data[cell.workload], workload.reference))
            for one in run.cells
            for cell, data in [(one.cell, matched.data_paths[one.arm])]
            for workload in [run.workload(cell.workload)]
        ]

        def again(cells: set[str]) -> Seen:
            self.tell(f"Undecided so far: {', '.join(sorted(cells))}; a second look.")
            first = 1 + max((block.restart for one in run.cells for block in one.blocks), default=0)
            due = [job for job in jobs if job.spec.cell.id in cells]
            measure(run, arms, due, rim, TWO_SIDES._replace(first=first))
            return _seen(run)

        measure(run, arms, jobs, rim, TWO_SIDES)
        policy, wider = bands.widened(self.policy, bands.fitting(self.bands, run.arms[0].fingerprint))
        seen, stopped = _seen(run), _stopped(sides.settled(run))
        first = seen._replace(heads={one: logs for one, logs in seen.heads.items() if one.cell not in stopped})
        heads, canaries = look_twice(first, again, policy, run.settings.restarts)
        run.status, run.duration_s = "complete", time.monotonic() - began
        write(run, self.result)
        return _findings(run, heads), _remarks(run, canaries, wider)


def _seen(run: Run) -> Seen:
    return Seen(sides.seen(run), sides.seen(run, *CANARIES))


def _findings(run: Run, timed: Sequence[Finding]) -> list[Finding]:
    """All of them, of times only where nothing else of the cell speaks against comparing them."""
    settled = sides.settled(run)
    stopped = _stopped(settled)
    others = [*timed, *sides.untimed(run, sides.seen(run)), *sides.counts_compared(run)]
    return [*settled, *(one for one in others if one.cell not in stopped)]


def _remarks(run: Run, canaries: Sequence[Finding], wider: Mapping[str, float]) -> list[str]:
    """What limits the findings, or vouches for them."""
    machine = unfit(canaries)
    lost = len(run.cut_short)
    return [
        *([f"Unfit: {machine}."] if machine else []),
        *(f"The base against itself, {one.cell}, {one.metric}: {one.sentence}." for one in canaries),
        *([f"{several(lost, 'restart')} lost a worker and {'does' if lost == 1 else 'do'} not count."] if lost else []),
        *(
            f"The margin of {cell}, is {100 * width:.1f} %, the noise band learned on this machine."
            for cell, width in wider.items()
        ),
    ]


def _stopped(settled: Collection[Finding]) -> set[str]:
    """The cells of which no times are compared."""
    return {finding.cell for finding in settled if finding.verdict != "ok"}


def _now_and_then(save: Callable[[], None]) -> Callable[[], None]:
    """Saves at most every few seconds, so that writing does not disturb what is timed."""
    saved = 0.0

    def save_if_due() -> None:
        nonlocal saved
        if time.monotonic() - saved > SAVE_EVERY_S:
            save()
            saved = time.monotonic()

    return save_if_due


def judge_checkout(
    folder: Path, reference: str | None, scope: Scope, policy: Policy, output: Path
) -> tuple[Run | None, Judgement]:
    """The gate of the repository around a folder, with progress and sentences on standard error.

    Args:
        folder: Anywhere in the repository.
        reference: Of the base; None for where the branch left main.
        scope: What to compare, and how.
        policy: Of the project.
        output: Where the measurements are kept.

    Raises:
        CheckoutError: If there is no such repository or reference, or a trainer's file is not in it.
        RecordError: If the noise bands beside the measurements cannot be read.
        OSError: If the output folder or the copies cannot be written.
    """
    repo = checkout.repository(folder)
    known = bands.read(output / bands.FILE)
    base = checkout.usual_base(repo, os.environ) if reference is None else checkout.resolve(repo, reference)
    trainers, workloads = (
        tuple(from_root(name, repo, folder) for name in given) for given in (scope.trainers, scope.workloads)
    )
    scope = replace(scope, trainers=trainers, workloads=workloads)
    _make_ready(output)
    with tempfile.TemporaryDirectory(prefix="triptych-gate-") as copies, progress() as shown:
        atexit.register(shutil.rmtree, copies, ignore_errors=True)  # if a signal comes while they are removed
        bar = shown.add_task("starting", total=1.0)
        gate = Gate(
            repo,
            base,
            scope,
            policy,
            known,
            Path(copies),
            output / "result.json",
            tell=lambda words: shown.console.print(words, highlight=False, markup=False, emoji=False, soft_wrap=True),
            advance=lambda doing, share: shown.update(bar, description=doing, advance=share),
        )
        return gate.judge()


def _make_ready(output: Path) -> None:
    """Finds out now, not after minutes, whether the folder can be written."""
    try:
        make_folder(output)
        tempfile.TemporaryFile(dir=output).close()
    except OSError as error:
        words = f"the result cannot be written to {output} ({error.strerror}); give another folder with --output"
        raise CheckoutError(words) from error
