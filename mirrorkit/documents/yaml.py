"""YAML read so that every mistake can be named by its line and column.

A document is composed into PyYAML's nodes, which know their places, and read through `Field`.
Mistakes are collected, not raised one by one; `Document.finish` raises them all together.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

import yaml

from mirrorkit.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


class _Mark(Protocol):
    """A place in the text; PyYAML has two classes of it."""

    line: int
    column: int


VERSION: Final = "1"
DOCUMENT_MAX: Final = 4 * 1024 * 1024
"""Bytes a document may have: ten times what a large course needs."""

_DEPTH_MAX: Final = 30
_BROKEN: Final = (
    "look at that line and those above it for a bracket or quote that is not closed, a missing"
    " comma or colon, other blanks at the beginning"
)
_MISTAKES_SHOWN: Final = 20


@dataclass
class Document:
    """One text under reading, and the mistakes found in it so far."""

    name: str
    mistakes: list[tuple[int, int, str]] = field(default_factory=list)

    @classmethod
    def open(cls, name: str, data: bytes) -> tuple[Document, Field]:
        """Compose a text into its root field; DocumentError where it is no plain YAML."""
        document = cls(name)
        try:
            text = data.decode("utf-8-sig")
            _refuse_tricks(text, data)
            root = yaml.compose(text, Loader=yaml.CSafeLoader)
        except _TrickError as error:
            raise DocumentError(f"{name}{error}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            place = _mark(getattr(error, "problem_mark", None))
            hint = _BROKEN if place else None
            raise DocumentError(f"{name}{place}: {_reason_of(error)}", hint=hint) from error
        if root is None:
            raise DocumentError(f"{name} is empty", hint="the first line is `version: 1`")
        return document, Field(document, root, "")

    def mistake(self, node: yaml.Node, path: str, text: str) -> None:
        """Note one mistake at a node."""
        mark = node.start_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        where = f"{path}: " if path else ""
        self.mistakes.append((line, column, f"{self.name}{_mark(mark)}: {where}{text}"))

    def finish(self) -> None:
        """Raise DocumentError if anything was wrong."""
        if not self.mistakes:
            return
        count = len(self.mistakes)
        shown = [text for _, _, text in sorted(self.mistakes)][:_MISTAKES_SHOWN]
        if count > len(shown):
            shown.append(f"… and {count - len(shown)} more")
        plural = "mistake" if count == 1 else "mistakes"
        raise DocumentError(f"{self.name} has {count} {plural}:", mistakes=shown)


@dataclass(frozen=True)
class Field:
    """A node of the document with the path that leads to it.

    Readers note what is wrong and return None or nothing; `Document.finish` stops the reading
    before anybody could use the rest.
    """

    document: Document
    node: yaml.Node
    path: str
    key: yaml.Node | None = None
    """Where its own key stands, if it has one."""

    def wrong(self, text: str) -> None:
        """Note that this field is wrong."""
        self.document.mistake(self.node, self.path, text)

    def wrong_key(self, text: str) -> None:
        """Note that the key it stands under is wrong."""
        self.document.mistake(self.key or self.node, self.path, text)

    @property
    def is_text(self) -> bool:
        """Say whether it is a single word or line."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_mapping(self) -> bool:
        """Say whether keys can be read from it."""
        return isinstance(self.node, yaml.MappingNode)

    def mapping(self, *, known: frozenset[str] | None = None) -> dict[str, Field]:
        """Read a mapping; keys must be strings, stand once, and be known where a set is given."""
        if not isinstance(self.node, yaml.MappingNode):
            self.wrong("a mapping (key: value) is expected here")
            return {}
        fields: dict[str, Field] = {}
        for key_node, value_node in self.node.value:
            key = key_node.value
            if not isinstance(key, str):
                self.document.mistake(key_node, self.path, "a key must be plain text")
            elif key in fields:
                self.document.mistake(key_node, self.path, f"duplicate key {key[:60]!r}")
            elif known is not None and key not in known:
                self.document.mistake(key_node, self.path, self._unknown(key, known))
            else:
                fields[key] = Field(self.document, value_node, _join(self.path, key), key_node)
        return fields

    def _unknown(self, key: str, known: frozenset[str]) -> str:
        """Guess what was meant, as long as anybody will read it."""
        is_shown = len(self.document.mistakes) < _MISTAKES_SHOWN
        near = difflib.get_close_matches(key[:60], known, n=1) if is_shown else []
        meant = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(known))}"
        return f"unknown key {key[:60]!r}; {meant}"

    def sequence(self) -> Iterator[Field]:
        """Read a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.wrong("a list (- item) is expected here")
            return
        for number, node in enumerate(self.node.value):
            yield Field(self.document, node, f"{self.path}[{number}]")

    def text(self) -> str:
        """Read text; a number or boolean that should have been quoted counts as text too."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value:
            self.wrong("text is expected here")
            return ""
        return cast("str", self.node.value)

    def parsed(self, parse: Callable[[str], T]) -> T | None:
        """Read text through a strict parser whose ValueError says what is wrong; then None."""
        text = self.text()
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.wrong(str(error))
            return None

    def size(self) -> int | None:
        """Read a count of bytes or of things: a whole number, zero or more."""
        return self.parsed(_whole)

    def keys_parsed(self, parse: Callable[[str], T]) -> Iterator[tuple[T | None, Field]]:
        """Read a mapping whose keys are values themselves, such as platforms."""
        for key, value in self.mapping().items():
            try:
                yield parse(key), value
            except ValueError as error:
                value.wrong_key(str(error))
                yield None, value


def each(field: Field | None, read: Callable[[Field], T]) -> list[tuple[Field, T]]:
    """Read every item of a list that may not be there, with its field."""
    return [(item, read(item)) for item in field.sequence()] if field else []


def values(pairs: Iterable[tuple[Field, T | None]]) -> tuple[T, ...]:
    """Keep what could be read."""
    return tuple(value for _, value in pairs if value is not None)


def required(
    field: Field, fields: dict[str, Field], key: str, parse: Callable[[str], T]
) -> T | None:
    """Read a key that must be there."""
    if key in fields:
        return fields[key].parsed(parse)
    if field.is_mapping:
        field.wrong(f"`{key}` is missing")
    return None


def version_one(root: Field, version: Field | None) -> None:
    """Refuse a document of another version than 1."""
    if version is not None:
        version.parsed(_one)
    elif root.is_mapping:
        root.wrong("`version: 1` is missing")


def _one(text: str) -> str:
    if text != VERSION:
        raise ValueError(f"version {text[:20]!r} is not known; this mirrorkit reads {VERSION}")
    return text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(1 << 63))):
        raise ValueError(f"{text[:40]!r} is not a whole number")
    return int(text)


class _TrickError(Exception):
    """The text uses YAML that these documents never need."""


def _refuse_tricks(text: str, data: bytes) -> None:
    """Refuse what would make reading slow or ambiguous, before any tree is built."""
    if len(data) > DOCUMENT_MAX:
        raise _TrickError(f" has {len(data)} bytes; at most {DOCUMENT_MAX} are read")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        place = f"{_mark(event.start_mark)}: "
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _TrickError(place + "anchors and aliases (&, *) are not used here")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _TrickError(place + "tags (!…) are not used here")
        if depth > _DEPTH_MAX:
            raise _TrickError(place + "nested too deeply")


def _mark(mark: _Mark | None) -> str:
    return f":{mark.line + 1}:{mark.column + 1}" if mark else ""


def _reason_of(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 text (byte {error.start})"
    return str(getattr(error, "problem", None) or error).splitlines()[0]


def _join(path: str, key: str) -> str:
    plain = key[:60] if key.isprintable() else ascii(key[:60])
    return f"{path}.{plain}" if path else plain
