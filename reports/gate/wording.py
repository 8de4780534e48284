"""The findings of the gate as text: for a terminal, for Markdown, for GitHub, for JUnit, for programs."""

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from triptych.benches.exit_codes import WORDS
from triptych.benches.gate.verdict import EXIT_CODES, Finding, Judgement, Verdict
from triptych.reports import text

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA = 1  # of the JSON text; raised whenever an older reader could misread a newer one
SYMBOLS: dict[Verdict, str] = {
    "regressed": "✗", "missing": "✗", "incomparable": "!", "undecided": "?", "improved": "✓", "ok": "✓",
}  # fmt: skip
LONG = 2000  # the characters of a sentence that are shown
TITLES = ("verdict", "benchmark", "metric", "finding")


def headline(judgement: Judgement) -> str:
    """How many findings of each kind there are, and what that means."""
    counts = Counter(finding.verdict for finding in judgement.findings)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in EXIT_CODES if counts[verdict])
    return f"{WORDS[judgement.exit_code].gate.capitalize()}: {said or 'nothing was measured'}."


def notes(judgement: Judgement) -> list[str]:
    """What the findings do not say, sentence by sentence."""
    added = ", ".join(text.name(name) for name in judgement.added)
    first = [f"In the candidate only, and not judged: {added}."] if added else []
    return [*first, *(text.name(note, LONG) for note in judgement.notes)]


def reasons(judgement: Judgement) -> list[str]:
    """What may be behind the findings and how to measure them again, a line each, where anything can be said."""
    found = in_order(judgement)
    return [f"On {text.name(one.cell)}, {one.metric}: {text.name(why, LONG)}" for one in found for why in one.why]


def plain(judgement: Judgement) -> list[str]:
    """For a log: the headline, what is not in order, verdict first, why, the notes."""
    rows = ((one, _row(one)) for one in in_order(judgement) if one.verdict != "ok")
    lines = [f"{one.verdict}: {cell}, {metric}: {words}" for one, (_, cell, metric, words) in rows]
    return [headline(judgement), *lines, *reasons(judgement), *notes(judgement)]


def in_order(judgement: Judgement) -> list[Finding]:
    """The worst findings first, otherwise as they came."""
    return sorted(judgement.findings, key=lambda finding: list(EXIT_CODES).index(finding.verdict))


def _row(finding: Finding) -> tuple[str, str, str, str]:
    """What all tables say of a finding, under `TITLES`; a symbol beside the verdict, never colour alone."""
    verdict = f"{SYMBOLS[finding.verdict]} {finding.verdict}"
    return verdict, text.name(finding.cell), finding.metric, text.name(finding.sentence, LONG)


def _whole(finding: Finding) -> str:
    """The sentence, and why."""
    return f"{finding.sentence}. {' '.join(finding.why)}" if finding.why else finding.sentence


def table(judgement: Judgement) -> "Table":
    """Every finding as a row of a rich table, the headline as its title; the caller prints it."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(headline(judgement)), title_justify="left", title_style="bold")
    for title in TITLES:
        made.add_column(title, overflow="fold")
    for finding in in_order(judgement):
        made.add_row(*map(Text, _row(finding)))
    return made


def markdown(judgement: Judgement) -> str:
    """For a pull request: the headline, what is not in order as a table, the rest folded, why, the notes."""
    findings = in_order(judgement)
    shown, quiet = ([_row(one) for one in findings if (one.verdict == "ok") is fine] for fine in (False, True))
    parts = [f"**{text.escaped(headline(judgement))}**"]
    parts += [text.table([TITLES, *shown])] if shown else []
    parts += (
        [text.folded(f"{text.count(len(quiet), 'finding')} in order", text.table([TITLES, *quiet]))] if quiet else []
    )
    return "\n\n".join([*parts, *map(text.escaped, [*reasons(judgement), *notes(judgement)])]) + "\n"


def annotations(judgement: Judgement) -> list[str]:
    """GitHub's workflow commands: an error for what shuts the gate, a warning for what it cannot tell.

    References:
        GitHub, "Workflow commands for GitHub Actions", "Setting an error message".
    """
    levels: dict[Verdict, str] = {"undecided": "warning", "improved": "notice"}
    lines: list[str] = []
    for one in in_order(judgement):
        said = (f"{one.verdict}: {one.cell}, {one.metric}", _whole(one))
        title, words = (text.name(part, LONG).replace("%", "%25") for part in said)
        title = title.replace(":", "%3A").replace(",", "%2C")
        lines += [f"::{levels.get(one.verdict, 'error')} title={title}::{words}"] if one.verdict != "ok" else []
    return lines


def junit(judgement: Judgement) -> str:
    """A test case per finding: regressed and missing fail, incomparable is an error, undecided is skipped."""
    tags: dict[Verdict, str] = dict.fromkeys(("regressed", "missing"), "failure")
    tags |= {"incomparable": "error", "undecided": "skipped"}
    counts = Counter(tags.get(finding.verdict, "") for finding in judgement.findings)
    totals = {"failures": counts["failure"], "errors": counts["error"], "skipped": counts["skipped"]}
    numbers = {name: str(number) for name, number in {"tests": counts.total(), **totals}.items()}
    suite = ElementTree.Element("testsuite", {"name": "triptych gate", **numbers})
    for finding in judgement.findings:
        case = ElementTree.SubElement(suite, "testcase", classname=text.name(finding.cell), name=finding.metric)
        sentence = text.name(_whole(finding), LONG)
        if finding.verdict in tags:
            ElementTree.SubElement(case, tags[finding.verdict], message=sentence, type=finding.verdict)
        else:
            ElementTree.SubElement(case, "system-out").text = f"{finding.verdict}: {sentence}"
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_json(judgement: Judgement) -> str:
    """Everything, for programs; what cannot be said is null."""
    content = {
        "schema": SCHEMA,
        "exit_code": judgement.exit_code,
        "headline": headline(judgement),
        "findings": [_finding(finding) for finding in judgement.findings],
        "added": judgement.added,
        "notes": judgement.notes,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    """All of it but the remark, with which the sentence ends."""
    told = asdict(finding)
    del told["remark"]
    estimate = told.pop("estimate")
    return told | {"ratio": estimate and {name: getattr(estimate, name) for name in ("value", "low", "high")}}
