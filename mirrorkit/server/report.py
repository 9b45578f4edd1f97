"""What a student's setup.sh reports: a seat's random id, its step, and what it found."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.classroom.findings import State, plain, read_finding

if TYPE_CHECKING:
    from mirrorkit.classroom.findings import Finding

REPORT_BYTES: Final = 8 << 10
"""The most a report may have."""
_FINDINGS_MOST: Final = 16
_NAME_MOST: Final = 40
_ID: Final = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")
_STATES: Final = frozenset(State)


class Step(StrEnum):
    """How far a seat is."""

    CHECK = "check"
    DOWNLOAD = "download"
    START = "start"
    READY = "ready"
    STUCK = "stuck"
    GONE = "gone"
    """Everything that setup.sh placed was taken away again."""


_STEPS: Final = frozenset(Step)


class Report(NamedTuple):
    """One report."""

    id: str
    """Made up by the machine; who knows it may report again, so it is never shown."""
    step: Step
    name: str = ""
    """What the student calls the seat, if anything."""
    findings: tuple[Finding, ...] = ()
    """What is not as it should be."""


def parse_report(body: bytes) -> Report:
    """Read `id<TAB>…`, `step<TAB>…`, perhaps `name<TAB>…`, and lines of findings.

    Lines that are none of these are for a later version. ValueError where it is no report.
    """
    fields: dict[str, str] = {}
    findings: list[Finding] = []
    for line in body.decode("utf-8", "replace").split("\n"):
        key, _, value = line.rstrip("\r").partition("\t")
        if key in _STATES:
            findings.append(read_finding(line))
        else:
            fields.setdefault(key, value)
    if not _ID.match(fields.get("id", "")):
        raise ValueError("a report has a line `id`, a tab, and 8 to 64 letters and digits")
    if fields.get("step") not in _STEPS:
        raise ValueError(f"a report has a line `step`, a tab, and one of {', '.join(Step)}")
    wrong = [finding for finding in findings if finding.state is not State.OK]
    wrong.sort(key=lambda finding: finding.state is not State.FAIL)
    return Report(
        fields["id"],
        Step(fields["step"]),
        plain(fields.get("name", ""), _NAME_MOST),
        tuple(wrong[:_FINDINGS_MOST]),
    )
