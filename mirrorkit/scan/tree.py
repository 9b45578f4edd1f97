"""YAML as a plain tree with lines, safe to build from any text.

Built from the parser's events, not composed: an alias stands for text or for nothing, so nothing
is ever shared or multiplied, and the depth is bounded before anybody walks it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml
from yaml.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEPTH_MAX: Final = 100
_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_tag_of: Final[Callable[[type[yaml.Node], str, tuple[bool, bool]], str]] = Resolver().resolve


class TooDeepError(yaml.YAMLError):
    """No manifest nests like this."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value; the line counts from 1."""

    value: str
    line: int
    tag: str | None
    is_literal: bool = False
    """Written as a block (`|`): its first line stands below."""

    @property
    def text(self) -> str | None:
        """Its value where that is text, not a number, a boolean or nothing."""
        tag = self.tag or _tag_of(yaml.ScalarNode, self.value, (True, False))
        return self.value if tag == _TEXT_TAG else None


@dataclass(slots=True)
class Sequence:
    """A list."""

    line: int
    children: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Keys and values; the column counts from 0."""

    line: int
    column: int
    children: list[Node] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple[str, Node]]:
        """Yield each key that is a scalar, with its value; a key may come twice."""
        for key, value in zip(self.children[::2], self.children[1::2], strict=False):
            if isinstance(key, Scalar):
                yield key.value, value

    def get(self, key: str) -> Node | None:
        """Return the first value of a key."""
        return next((value for name, value in self.pairs() if name == key), None)

    def value(self, key: str) -> str:
        """Return a key's value as it is written, or nothing."""
        node = self.get(key)
        return node.value if isinstance(node, Scalar) else ""


Node: TypeAlias = Scalar | Sequence | Mapping


def documents(text: str) -> list[Node]:
    """Read every document of a text; yaml.YAMLError or UnicodeError where it is no YAML."""
    builder = _Builder()
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        builder.add(event)
    return builder.roots


class _Builder:
    def __init__(self) -> None:
        self.roots: list[Node] = []
        self._open: list[Sequence | Mapping] = []
        self._anchors: dict[str, Scalar] = {}

    def add(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)

    def _node(self, event: yaml.NodeEvent) -> None:
        node = self._made(event)
        siblings = self._open[-1].children if self._open else self.roots
        siblings.append(node)
        if isinstance(node, Scalar):
            if event.anchor and not isinstance(event, yaml.AliasEvent):
                self._anchors[event.anchor] = node
        elif len(self._open) < _DEPTH_MAX:
            self._open.append(node)
        else:
            raise TooDeepError

    def _made(self, event: yaml.NodeEvent) -> Node:
        mark = event.start_mark
        line, column = (mark.line + 1, mark.column) if mark else (1, 0)
        if isinstance(event, yaml.MappingStartEvent):
            return Mapping(line, column)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(line)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, line, _tag(event), event.style == "|")
        return replace(self._anchors.get(event.anchor or "", _NOTHING), line=line)


_NOTHING: Final = Scalar("", 0, None)


def _tag(event: yaml.ScalarEvent) -> str | None:
    """Return the tag that is certain; a plain scalar's is guessed from its value, when asked."""
    if event.tag in {None, "!"}:
        return None if event.implicit[0] else _TEXT_TAG
    return str(event.tag)
