"""Small edits to a YAML text: its comments, order, quoting and line ends stay as they are.

Places come from PyYAML's nodes, whose marks count characters. A block's own end mark lies past the
comments that follow it, so ends are taken from its last leaf.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BREAKS: Final = "\n\r\N{NEXT LINE}\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
_BREAK: Final = re.compile(rf"\r\n|[{_BREAKS}]")
_COLON: Final = re.compile(r"\s*:")
_COMMA: Final = re.compile(rf"(?:\s|(?<=\s)#[^{_BREAKS}]*+)*+,")
_REST_OF_LINE: Final = re.compile(r"[ \t]*,?[ \t]*(?:#.*)?\Z")
_DASH: Final = re.compile(r" *- +\Z")
# What YAML 1.1 reads as plain text wherever it stands; anything else is quoted.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9./_-]*(?::[A-Za-z0-9./_-]+)*\Z")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class UnusualError(Exception):
    """The text is laid out in a way that is not edited; a person can."""


class Edit(NamedTuple):
    """Replace the characters from start to end."""

    start: int
    end: int
    text: str


class Entry(NamedTuple):
    """A new item of a list, as it is written in brackets and as lines."""

    flow: str
    block: tuple[str, ...]


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Make edits that do not overlap; two at one place stand in the order given."""
    parts, done = [], 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join((*parts, text[done:]))


def spelled(text: str, style: str | None = None) -> str:
    """Write text as a scalar, in the quotes of its neighbours if they have any."""
    if style == "'" and "'" not in text:
        return f"'{text}'"
    is_plain = _PLAIN.match(text) and text.lower() not in _WORDS
    return text if is_plain and style != '"' else json.dumps(text)


def value_of(mapping: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return a key and its value."""
    return next((pair for pair in mapping.value if pair[0].value == key), None)


def style_of(node: yaml.Node) -> str | None:
    """Return the quotes of a list's last item, or of a mapping's first key."""
    near = None
    if isinstance(node, yaml.SequenceNode) and node.value:
        near = node.value[-1]
    elif isinstance(node, yaml.MappingNode) and node.value:
        near = node.value[0][0]
    return near.style if isinstance(near, yaml.ScalarNode) else None


def append(text: str, sequence: yaml.Node, entries: Sequence[Entry]) -> list[Edit]:
    """Put entries behind the last item of a list, in the list's own style."""
    if not isinstance(sequence, yaml.SequenceNode):
        raise UnusualError
    if not sequence.flow_style:
        return [_append_lines(text, sequence, entries)]
    if not sequence.value:
        place = _start(sequence) + 1
        return [Edit(place, place, _joined(entries))]
    return _append_flow(text, sequence, entries)


def append_key(
    text: str, mapping: yaml.MappingNode, key: str, entries: Sequence[Entry]
) -> list[Edit]:
    """Put a key that holds a new list behind the last key of a mapping."""
    key = spelled(key, style_of(mapping))
    end = _end(_leaf(mapping.value[-1][1]))
    if mapping.flow_style:
        return [Edit(end, end, f", {key}: [{_joined(entries)}]")]
    listed = [line for entry in entries for line in _item(entry, 2)]
    return [_insert_lines(text, end, _indented([f"{key}:", *listed], _column(mapping)))]


def without(text: str, key: yaml.Node, sequence: yaml.Node, index: int) -> list[Edit]:
    """Take one item out of a list, with the comment on its line; the last one leaves `[]`."""
    if not isinstance(sequence, yaml.SequenceNode):
        raise UnusualError
    if sequence.flow_style:
        return _without_flow(text, sequence.value, index)
    node = sequence.value[index]
    if not _DASH.match(text[_line_start(text, _start(node)) : _start(node)]):
        raise UnusualError
    edits = [_whole_lines(text, _start(node), _end(node))]
    colon = _COLON.match(text, _end(key))
    if len(sequence.value) > 1:
        return edits
    if colon is None:
        raise UnusualError
    return [Edit(colon.end(), colon.end(), " []"), *edits]


def replaced(node: yaml.Node, value: str) -> Edit:
    """Put another value in the place of one that stands on its key's line."""
    return Edit(_start(node), _end(node), value)


def _append_lines(text: str, sequence: yaml.SequenceNode, entries: Iterable[Entry]) -> Edit:
    lines = [line for entry in entries for line in _item(entry, _column(sequence))]
    return _insert_lines(text, _end(_leaf(sequence)), lines)


def _append_flow(text: str, sequence: yaml.SequenceNode, entries: Sequence[Entry]) -> list[Edit]:
    """Go on as the last item stands: on a line of its own, or behind others."""
    last = sequence.value[-1]
    end, comma = _end(last), _comma_after(text, _end(last))
    if not _is_alone(text, last):
        if comma is None:
            return [Edit(end, end, f", {_joined(entries)}")]
        return [Edit(comma + 1, comma + 1, f" {_joined(entries)},")]
    indent = text[_line_start(text, _start(last)) : _start(last)]
    lines = [f"{indent}{entry.flow}," for entry in entries]
    if comma is None:
        lines[-1] = lines[-1].removesuffix(",")
    edits = [Edit(end, end, ",")] if comma is None else []
    return [*edits, _insert_lines(text, end, lines)]


def _without_flow(text: str, items: Sequence[yaml.Node], index: int) -> list[Edit]:
    node = items[index]
    start, end = _start(node), _end(node)
    comma = _comma_after(text, end)
    before = _end(items[index - 1]) if index else None
    after = _start(items[index + 1]) if index + 1 < len(items) else None
    if _is_alone(text, node):
        spare = _comma_after(text, before) if before is not None and comma is None else None
        edits = [Edit(spare, spare + 1, "")] if spare is not None else []
        return [*edits, _whole_lines(text, start, end)]
    if before is not None and not _BREAK.search(text, before, start):
        return [Edit(before, end, "")]
    if after is not None and not _BREAK.search(text, end, after):
        return [Edit(start, after, "")]
    return [Edit(start, end if comma is None else comma + 1, "")]


def _item(entry: Entry, column: int) -> list[str]:
    """Write one item of a block list, its dash at a column."""
    first, *rest = entry.block
    return _indented([f"- {first}", *(f"  {line}" for line in rest)], column)


def _indented(lines: Iterable[str], column: int) -> list[str]:
    return [" " * column + line for line in lines]


def _joined(entries: Iterable[Entry]) -> str:
    return ", ".join(entry.flow for entry in entries)


def _insert_lines(text: str, place: int, lines: Iterable[str]) -> Edit:
    """Insert lines below the one that a place is on; a last line without an end keeps none."""
    end = _line_end(text, place)
    newline = _BREAK.match(text, end) or _BREAK.search(text)
    ending = newline.group() if newline else "\n"
    return Edit(end, end, "".join(f"{ending}{line}" for line in lines))


def _whole_lines(text: str, start: int, end: int) -> Edit:
    """Take out the lines that a range touches; the inverse of inserting them."""
    first, last = _line_start(text, start), _line_end(text, end)
    if ending := _BREAK.match(text, last):
        return Edit(first, ending.end(), "")
    is_pair = text[first - 2 : first] == "\r\n"
    return Edit(max(first - (2 if is_pair else 1), 0), last, "")


def _is_alone(text: str, node: yaml.Node) -> bool:
    """Say whether nothing but a comma and a comment shares an item's lines."""
    start, end = _start(node), _end(node)
    is_first = not text[_line_start(text, start) : start].strip(" \t")
    return is_first and _REST_OF_LINE.match(text[end : _line_end(text, end)]) is not None


def _comma_after(text: str, place: int) -> int | None:
    """Return where the next comma is, if blanks and comments alone stand before it."""
    found = _COMMA.match(text, place)
    return found.end() - 1 if found else None


def _line_start(text: str, place: int) -> int:
    return max(text.rfind(char, 0, place) for char in _BREAKS) + 1


def _line_end(text: str, place: int) -> int:
    found = _BREAK.search(text, place)
    return found.start() if found else len(text)


def _leaf(node: yaml.Node) -> yaml.Node:
    """Return the last thing written inside a node; its end mark is exact."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node


def _start(node: yaml.Node) -> int:
    if node.start_mark is None:
        raise UnusualError
    return node.start_mark.index


def _end(node: yaml.Node) -> int:
    if node.end_mark is None:
        raise UnusualError
    return node.end_mark.index


def _column(node: yaml.Node) -> int:
    if node.start_mark is None:
        raise UnusualError
    return node.start_mark.column
