"""This machine's own checks: they stand once, in setup.sh, and doctor runs that very text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.classroom.doctor.program import printed
from mirrorkit.classroom.findings import Finding, State, read_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.classroom.words import Say

_SECONDS: Final = 90.0
# Of these doctor knows more than a script can.
_OURS: Final = frozenset({"MIRROR", "START", "MINIKUBE", "KUBECTL", "PROFILE"})


async def machine_findings(
    script: str, words: Sequence[str], say: Say, seconds: float = _SECONDS
) -> tuple[Finding, ...]:
    """Run setup.sh's checks on this machine for a start with these words; nothing is changed.

    They get so many seconds.
    """
    asked = ("--check", "--porcelain", "--no-report", "start", *words)
    found = await printed("sh", "-s", "--", *asked, seconds=seconds, script=script)
    if found is None or found.status is None:
        sentence = say("the checks of this machine did not end within {n} seconds", n=int(seconds))
        return (Finding(State.FAIL, "CHECKS", sentence, "docker info"),)
    findings = tuple(_findings(found.text))
    if not findings:
        sentence = say("the checks of this machine said nothing (status {n})", n=found.status)
        return (Finding(State.FAIL, "CHECKS", sentence),)
    return findings


def _findings(text: str) -> Iterator[Finding]:
    """Yield the findings; another line is some program's chatter."""
    for line in text.splitlines():
        try:
            finding = read_finding(line)
        except ValueError:
            continue
        if finding.code not in _OURS:
            yield finding
