"""What changes from one lock to another, in words a change board can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mirrorkit.documents.pins import Lock

_SHOWN = 19


@dataclass(frozen=True, slots=True)
class Change:
    """One pin before and after; None where there is none. Digests, or `unpinned`."""

    name: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


def changes(before: Lock, after: Lock) -> tuple[Change, ...]:
    """Return what another lock pins differently, in its order; what goes stands last."""
    old, new = dict(_pins(before)), dict(_pins(after))
    return tuple(_changed(old, new, dict.fromkeys((*new, *old))))


def _changed(
    old: Mapping[str, str], new: Mapping[str, str], names: Iterable[str]
) -> Iterator[Change]:
    for name in names:
        if old.get(name) != new.get(name):
            yield Change(name, old.get(name), new.get(name))


def _pins(lock: Lock) -> Iterator[tuple[str, str]]:
    for image in lock.images:
        yield str(image.name), str(image.digest)
    for file in lock.files:
        yield file.path, str(file.digest)
    for entry in lock.unpinned:
        yield entry.name, "unpinned"


def to_text(found: Iterable[Change]) -> str:
    """Write changes as lines: `changed NAME OLD -> NEW`."""
    return "\n".join(
        f"{change.kind:<8} {change.name}  {_short(change.before)} -> {_short(change.after)}"
        for change in found
    )


def to_markdown(found: Iterable[Change]) -> str:
    """Write changes as a table with whole digests."""
    rows = ["| | what | before | after |", "|---|---|---|---|"]
    for change in found:
        cells = (change.kind, change.name, change.before or "", change.after or "")
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _short(digest: str | None) -> str:
    return digest[:_SHOWN] if digest else "nothing"
