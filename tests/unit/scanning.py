"""How the tests of scan write down what a reader found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.scan.findings import Finding


def lines_of(findings: Iterable[Finding]) -> list[str]:
    """Write each finding as `LINE NAME`, in order; a `?` stands before what is unresolved."""
    ordered = sorted({(found.line, found.text, found.is_resolved) for found in findings})
    return [f"{line} {'' if known else '? '}{text}" for line, text, known in ordered]
