"""Setting keys of a JSON object in its text: every other byte stays as it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mirrorkit.documents.edits import Edit, applied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_INDENT: Final = re.compile(r"(?P<ending>\r?\n)(?P<indent>[ \t]*)\Z")
_DECODER: Final = json.JSONDecoder()


class _Member(NamedTuple):
    """A key of the object and its value, which stands from start to end."""

    key: str
    value: Any
    begin: int
    """Where the key itself begins."""
    start: int
    end: int


def with_lists(text: str, lists: Mapping[str, Sequence[str]]) -> str:
    """Set keys of an object to lists of strings; ValueError where the text is no such object."""
    if not text.strip():
        return json.dumps({key: list(value) for key, value in lists.items()}, indent=2) + "\n"
    members = list(_members(text))
    keys = [member.key for member in members]
    if len(set(keys)) < len(keys):
        raise ValueError("a key stands twice")
    layout = _INDENT.search(text, 0, members[0].begin) if members else None
    here = {member.key: member for member in members}
    new = {key: list(value) for key, value in lists.items()}
    edits = [
        Edit(here[key].start, here[key].end, _written(value, layout))
        for key, value in new.items()
        if key in here and here[key].value != value
    ]
    added = {key: value for key, value in new.items() if key not in here}
    edits += [_addition(text, members, added, layout)] if added else []
    done = applied(text, edits)
    if json.loads(done) != {**json.loads(text), **new}:
        raise ValueError("its layout is not understood")
    return done


def _members(text: str) -> Iterator[_Member]:
    """Yield the members of the object that a text is; its grammar is checked along."""
    if not isinstance(json.loads(text), dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - one kind of error for the caller
    place = _skip(text, 0) + 1
    while text[place := _skip(text, place)] != "}":
        begin = place
        key, place = _DECODER.raw_decode(text, begin)
        start = _skip(text, _skip(text, place) + 1)
        value, place = _DECODER.raw_decode(text, start)
        yield _Member(key, value, begin, start, place)
        place = _skip(text, place)
        place += text[place] == ","


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _written(value: Sequence[str], layout: re.Match[str] | None) -> str:
    """Write a list as its neighbours are written: on one line, or an item a line."""
    if layout is None or not value:
        return json.dumps(value)
    indent = layout["indent"] or "  "
    return json.dumps(value, indent=indent).replace("\n", f"{layout['ending']}{layout['indent']}")


def _addition(
    text: str,
    members: Sequence[_Member],
    added: Mapping[str, Sequence[str]],
    layout: re.Match[str] | None,
) -> Edit:
    """Put keys behind the last one, in lines of their own where the others have theirs."""
    lines = [f"{json.dumps(key)}: {_written(value, layout)}" for key, value in added.items()]
    if not members:
        inside = ",\n  ".join(lines)
        return Edit(text.index("{") + 1, text.rindex("}"), f"\n  {inside}\n")
    gap = f"{layout['ending']}{layout['indent']}" if layout else " "
    return Edit(members[-1].end, members[-1].end, "".join(f",{gap}{line}" for line in lines))
