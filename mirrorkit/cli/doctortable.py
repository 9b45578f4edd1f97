"""What doctor found, for people: in groups on a terminal, a line each elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.classroom.findings import State
from mirrorkit.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.classroom.doctor.examination import Section
    from mirrorkit.classroom.findings import Finding


def grouped(sections: Iterable[Section]) -> Iterator[str]:
    """Yield a heading a section with what is right of it, and below what is not."""
    for section in sections:
        right = dict.fromkeys(one.code for one in section.findings if one.state is State.OK)
        wrong = [one for one in section.findings if one.state is not State.OK]
        yield f"{section.title}{': ok ' if right else ':'}{' '.join(right)}"
        for finding in sorted(wrong, key=lambda one: one.state is not State.FAIL):
            yield f"  {finding.state:<4}  {finding.code}  {printable(finding.sentence)}"
            if finding.command:
                yield f"        → {printable(finding.command)}"


def lines(sections: Iterable[Section]) -> Iterator[str]:
    """Yield every finding as a line."""
    findings = [finding for section in sections for finding in section.findings]
    width = max((len(finding.code) for finding in findings), default=0)
    for finding in findings:
        yield _line(finding, width)


def _line(finding: Finding, width: int) -> str:
    command = f"  → {printable(finding.command)}" if finding.command else ""
    return f"{finding.state:<4}  {finding.code:<{width}}  {printable(finding.sentence)}{command}"
