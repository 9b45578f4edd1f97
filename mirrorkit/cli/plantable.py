"""The table of `mirrorkit sync --plan`: what would be fetched, from whom, how much and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.cli.output import printable
from mirrorkit.progress import counted, listed, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.flows.preview import Line, Preview

_HEAD: Final = ("image or file", "source", "to fetch", "why")
_NAMED: Final = 2


def table(preview: Preview) -> list[str]:
    """Return the lines of a plan."""
    body = [_cells(line) for line in preview.lines]
    rows = [_HEAD, *body] if body else []
    return [*_aligned(rows), *_words(preview)]


def _cells(line: Line) -> tuple[str, ...]:
    source = printable((line.source or "none is known").partition("/")[0])
    return printable(line.name), source, readable(line.to_fetch), why(line)


def why(line: Line) -> str:
    """Say why so much is to fetch."""
    if line.resumed:
        here = line.size - line.to_fetch - line.shared
        parts = [f"partial, {readable(here)} of {readable(line.size)}"]
    elif line.held and line.held < line.size:
        parts = [f"{readable(line.held)} of {readable(line.size)} held"]
    elif line.to_fetch:
        parts = ["absent"]
    else:
        parts = [] if line.shared else ["held"]
    return ", ".join([*parts, *_sharing(line)])


def _sharing(line: Line) -> Iterator[str]:
    if not line.shared:
        return
    names = [printable(name.rpartition("/")[2]) for name in line.shared_with]
    yield f"{readable(line.shared)} shared with {listed(names, _NAMED)}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_laid(row, widths)).rstrip() for row in rows]


def _laid(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield f"{cell:>{width}}" if _HEAD[place] == "to fetch" else f"{cell:<{width}}"


def _words(preview: Preview) -> Iterator[str]:
    if preview.complete:
        yield f"complete already: {counted(len(preview.complete), 'item')}"
    for name in preview.unpinned:
        yield f"not pinned yet: {printable(name)}; `mirrorkit lock` does once a source answers"
    free = "" if preview.free is None else f"; {readable(preview.free)} free"
    least = "at least " if preview.failures else ""
    yield f"in all {least}{readable(preview.to_fetch)} to fetch{free}"
    if not preview.fits:
        yield "that is more than the disk has room for: free some, or use --store elsewhere"
