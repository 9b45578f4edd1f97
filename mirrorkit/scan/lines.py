"""`image:` line by line, for templates and fragments that are no YAML yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.findings import judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.scan.findings import Finding

_IMAGE: Final = re.compile(r"""(?:^[ ]*(?:-[ ]+)*|[{,][ ]*)(?P<quote>["']?)image(?P=quote):[ ]+""")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*")
# A template's braces and what is quoted belong together; a comma or a bracket ends the rest.
_VALUE: Final = re.compile(
    r"""(?:"(?P<double>(?>\{\{.{0,300}?\}\}|[^"])*+)"|'(?P<single>[^']*)')(?=\s*(?:$|[,}]))"""
    r"""|(?P<plain>(?:\{\{.{0,300}?\}\}|[^,{}\[\]])+)"""
)


def read_lines(text: str) -> list[Finding]:
    """Find the value of every key `image` that stands on one line with it."""
    found: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        said = _COMMENT.sub("", line)
        for key in _IMAGE.finditer(said):
            found.extend(_value(said, key.end(), number))
    return found


def _value(line: str, start: int, number: int) -> Iterator[Finding]:
    value = _VALUE.match(line, start)
    if value is not None:
        text = value["double"] or value["single"] or value["plain"] or ""
        if not text.startswith(("*", "&", "|", ">")):
            yield from judged(text, number)
