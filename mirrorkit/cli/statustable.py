"""The table of `mirrorkit status`: a line a group, and below it what is missing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from mirrorkit.cli.output import printable
from mirrorkit.documents.pins import FIRST_SIGHT
from mirrorkit.flows.check import Level, State
from mirrorkit.flows.lessons import groups
from mirrorkit.progress import counted, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mirrorkit.flows.check import Completeness, Item
    from mirrorkit.flows.lessons import Group

_NAMED: Final = 3


def table(lock: str, whole: Completeness, *, names_all: bool) -> list[str]:
    """Return the lines for one lock; `names_all` names complete items too."""
    parted = [group._replace(name=printable(group.name)) for group in groups(whole)]
    width = max((len(group.name) for group in parted), default=0)
    lines = [line for group in parted for line in _lines(group, width, names_all=names_all)]
    words = same_images(whole)
    return [*lines, summary(lock, whole), *([f"{lock}: {words}"] if words else [])]


def summary(lock: str, whole: Completeness) -> str:
    """Say in one line how complete a lock is."""
    at = whole.verified_at if whole.is_complete else None
    verified = f", verified {_local(at)}" if at else ""
    return f"{lock}: {counts(whole)} complete, {_bytes(whole)}{verified}"


def _local(moment: str) -> str:
    """Write a moment as the clock on the wall had it."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"


def _lines(group: Group, width: int, *, names_all: bool) -> Iterator[str]:
    held = group.completeness
    yield f"{_state(held):<8}  {group.name:<{width}}  {counts(held)}, {_bytes(held)}"
    named = held.items if names_all else (*held.missing_items, *held.same_images)
    is_long = _state(held) == State.ABSENT and len(named) > _NAMED and not names_all
    for item in () if is_long else named:  # before the first sync its name says it all
        yield f"    {item.state:<8}  {item.name}{_part(item)}"
    if is_long:
        yield "    nothing of it is here; --all names what it needs"


def _state(held: Completeness) -> State:
    if held.is_complete:
        return State.COMPLETE
    is_absent = all(item.state is State.ABSENT for item in held.items)
    return State.ABSENT if is_absent else State.PARTIAL


def same_images(whole: Completeness) -> str:
    """Say how many images are complete in other bytes than the pinned, and what that means."""
    count = len(whole.same_images)
    if not count:
        return ""
    return (
        f"{counted(count, 'image')} {'is' if count == 1 else 'are'} held as the same image with"
        " layers packed anew: served by tag, not by the pinned digest; `mirrorkit sync"
        " --exact` looks for the pinned bytes again"
    )


def _part(item: Item) -> str:
    """Say how much of an item is there, where that is not all, or what there is to know of it."""
    if item.known == FIRST_SIGHT and item.state is State.COMPLETE:
        return "  pinned at first sight"
    if item.level is Level.SAME_IMAGE:
        return "  same image"
    if item.state is not State.PARTIAL or item.needed is None:
        return ""
    return f"  {readable(item.present)} of {readable(item.needed)}"


def counts(held: Completeness) -> str:
    """Say how many images and files, and of how many where some are missing."""
    both = [(held.count(kind), kind) for kind in ("image", "file")]
    said = [
        counted(count["total"], kind)
        if count["complete"] == count["total"]
        else f"{count['complete']} of {counted(count['total'], kind)}"
        for count, kind in both
        if count["total"]
    ]
    return ", ".join(said) or "nothing"


def _bytes(held: Completeness) -> str:
    bytes_ = held.bytes()
    present = readable(bytes_["present"] or 0)
    if bytes_["needed"] is None:
        return f"{present} of an unknown total"
    return present if held.is_complete else f"{present} of {readable(bytes_['needed'])}"
