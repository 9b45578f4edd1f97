"""Items put into lists of a YAML text and taken out of them, in each list's own style.

A block's own end mark lies past the comments that follow it, so ends are taken from its last leaf.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import yaml

from mirrorkit.documents.edits import (
    BREAK,
    BREAKS,
    Edit,
    UnusualError,
    column_of,
    end_of,
    insert_lines,
    line_end,
    line_start,
    spelled,
    start_of,
    whole_lines,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COLON: Final = re.compile(r"\s*:")
_COMMA: Final = re.compile(rf"(?:\s|(?<=\s)#[^{BREAKS}]*+)*+,")
_REST_OF_LINE: Final = re.compile(r"[ \t]*,?[ \t]*(?:#.*)?\Z")
_DASH: Final = re.compile(r" *- +\Z")


class Entry(NamedTuple):
    """A new item of a list, as it is written in brackets and as lines."""

    flow: str
    block: tuple[str, ...]


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
        place = start_of(sequence) + 1
        return [Edit(place, place, _joined(entries))]
    return _append_flow(text, sequence, entries)


def append_key(
    text: str, mapping: yaml.MappingNode, key: str, entries: Sequence[Entry]
) -> list[Edit]:
    """Put a key that holds a new list behind the last key of a mapping."""
    key = spelled(key, style_of(mapping))
    end = end_of(_leaf(mapping.value[-1][1]))
    if mapping.flow_style:
        return [Edit(end, end, f", {key}: [{_joined(entries)}]")]
    listed = [line for entry in entries for line in _item(entry, 2)]
    return [insert_lines(text, end, _indented([f"{key}:", *listed], column_of(mapping)))]


def without(text: str, key: yaml.Node, sequence: yaml.Node, index: int) -> list[Edit]:
    """Take one item out of a list, with the comment on its line; the last one leaves `[]`."""
    if not isinstance(sequence, yaml.SequenceNode):
        raise UnusualError
    if sequence.flow_style:
        return _without_flow(text, sequence.value, index)
    node = sequence.value[index]
    if not _DASH.match(text[line_start(text, start_of(node)) : start_of(node)]):
        raise UnusualError
    edits = [whole_lines(text, start_of(node), end_of(node))]
    colon = _COLON.match(text, end_of(key))
    if len(sequence.value) > 1:
        return edits
    if colon is None:
        raise UnusualError
    return [Edit(colon.end(), colon.end(), " []"), *edits]


def _append_lines(text: str, sequence: yaml.SequenceNode, entries: Iterable[Entry]) -> Edit:
    lines = [line for entry in entries for line in _item(entry, column_of(sequence))]
    return insert_lines(text, end_of(_leaf(sequence)), lines)


def _append_flow(text: str, sequence: yaml.SequenceNode, entries: Sequence[Entry]) -> list[Edit]:
    """Go on as the last item stands: on a line of its own, or behind others."""
    last = sequence.value[-1]
    end, comma = end_of(last), _comma_after(text, end_of(last))
    if not _is_alone(text, last):
        if comma is None:
            return [Edit(end, end, f", {_joined(entries)}")]
        return [Edit(comma + 1, comma + 1, f" {_joined(entries)},")]
    indent = text[line_start(text, start_of(last)) : start_of(last)]
    lines = [f"{indent}{entry.flow}," for entry in entries]
    if comma is None:
        lines[-1] = lines[-1].removesuffix(",")
    edits = [Edit(end, end, ",")] if comma is None else []
    return [*edits, insert_lines(text, end, lines)]


def _without_flow(text: str, items: Sequence[yaml.Node], index: int) -> list[Edit]:
    node = items[index]
    start, end = start_of(node), end_of(node)
    comma = _comma_after(text, end)
    before = end_of(items[index - 1]) if index else None
    after = start_of(items[index + 1]) if index + 1 < len(items) else None
    if _is_alone(text, node):
        spare = _comma_after(text, before) if before is not None and comma is None else None
        edits = [Edit(spare, spare + 1, "")] if spare is not None else []
        return [*edits, whole_lines(text, start, end)]
    if before is not None and not BREAK.search(text, before, start):
        return [Edit(before, end, "")]
    if after is not None and not BREAK.search(text, end, after):
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


def _is_alone(text: str, node: yaml.Node) -> bool:
    """Say whether nothing but a comma and a comment shares an item's lines."""
    start, end = start_of(node), end_of(node)
    is_first = not text[line_start(text, start) : start].strip(" \t")
    return is_first and _REST_OF_LINE.match(text[end : line_end(text, end)]) is not None


def _comma_after(text: str, place: int) -> int | None:
    """Return where the next comma is, if blanks and comments alone stand before it."""
    found = _COMMA.match(text, place)
    return found.end() - 1 if found else None


def _leaf(node: yaml.Node) -> yaml.Node:
    """Return the last thing written inside a node; its end mark is exact."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node
