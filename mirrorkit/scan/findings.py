"""What a reader finds: an image as it is written, or text that only something else can complete."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mirrorkit.oci.reference import Reference
from mirrorkit.scan.variables import NAME_MAX, expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEXT_MAX: Final = 300
"""Characters shown of what could not be resolved."""

_OPEN: Final = re.compile(r"\$|`|\{\{|\{%|<%")
"""Where a shell or a template still has to put something."""

# `image:` also names pictures (a page's cover); no registry has such a repository.
_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico")


@dataclass(frozen=True, slots=True)
class Finding:
    """One image in one text; the line counts from 1."""

    text: str
    line: int
    is_resolved: bool = True


def judged(text: str, line: int) -> Iterator[Finding]:
    """Yield what this text says where an image is expected: one finding, or none at all.

    A default written beside a variable (`${TAG:-1.2}`) counts, as the default of an ARG does.
    """
    text = text.strip()
    name = expand(text, {})
    if _OPEN.search(name):
        yield unresolved(text, line)
    elif len(name) <= NAME_MAX and _is_image(name):
        yield Finding(name, line)


def unresolved(text: str, line: int) -> Finding:
    """Return the finding for text that does not say which image it is."""
    is_long = len(text) > TEXT_MAX
    return Finding(text[:TEXT_MAX] + "…" if is_long else text, line, is_resolved=False)


def moved(findings: Iterable[Finding], lines: int) -> Iterator[Finding]:
    """Yield findings of a text that stands so many lines down in another."""
    for finding in findings:
        yield replace(finding, line=finding.line + lines)


def _is_image(text: str) -> bool:
    try:
        Reference.parse(text)
    except ValueError:
        return False
    return not text.endswith(_PICTURES)
