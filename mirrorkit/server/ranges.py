"""Conditional and range requests (RFC 9110 §13, §14) for content that never changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.spans import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multidict import CIMultiDictProxy

_CONDITIONS: Final = ("If-Match", "If-None-Match", "If-Range", "Range")
# More ranges than anybody needs, or more bytes than the whole, cost us and help nobody (§14.2).
_RANGES_MAX: Final = 16
_RANGE: Final = re.compile(r"[ \t]*(\d{0,18})-(\d{0,18})[ \t]*\Z", re.ASCII)
_ETAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')


class Selection(NamedTuple):
    """What to answer: an HTTP status and, for 206, the parts asked."""

    status: int
    spans: tuple[Span, ...] = ()


def conditions(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Return the headers `select` looks at, those sent on several lines joined (§5.3)."""
    return {name: ", ".join(headers.getall(name)) for name in _CONDITIONS if name in headers}


def select(method: str, headers: Mapping[str, str], etag: str, size: int) -> Selection:
    """Evaluate the preconditions in the order of RFC 9110 §13.2.2; `etag` is the bare value."""
    if "If-Match" in headers and not _matches(headers["If-Match"], etag, weak=False):
        return Selection(412)
    if "If-None-Match" in headers and _matches(headers["If-None-Match"], etag, weak=True):
        return Selection(304)
    wanted = headers.get("Range")
    if wanted is None or method != "GET" or not _range_applies(headers, etag):
        return Selection(200)
    return _select_ranges(wanted, size)


def _matches(header: str, etag: str, *, weak: bool) -> bool:
    if header.strip() == "*":
        return True
    return any(value == etag and (weak or not mark) for mark, value in _ETAG.findall(header))


def _range_applies(headers: Mapping[str, str], etag: str) -> bool:
    """Hold If-Range against our strong tag; a date never matches, for we send none (§13.1.5)."""
    condition = headers.get("If-Range")
    return condition is None or condition.strip() == f'"{etag}"'


def _select_ranges(header: str, size: int) -> Selection:
    unit, equals, specs = header.partition("=")
    matches = [_RANGE.match(spec) for spec in specs.split(",")]
    if unit.strip().lower() != "bytes" or not equals or len(matches) > _RANGES_MAX:
        return Selection(200)
    spans: list[Span] = []
    for match in matches:
        if match is None or match[1] == match[2] == "":
            return Selection(200)  # not a range at all: ignored (§14.2)
        spans.extend(_span(match[1], match[2], size))
    if not spans:
        return Selection(416)
    if sum(span.length for span in spans) > size:
        return Selection(200)
    return Selection(206, tuple(spans))


def _span(first: str, last: str, size: int) -> list[Span]:
    """Return the bytes one range names, or none where it cannot be satisfied (§14.1.2).

    A range that ends before it starts counts as unsatisfiable, as OCI's conformance suite asks.
    """
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    return [Span(start, stop)] if start < stop else []
