"""Adding images to a wish and removing them, in the teacher's own text.

What comes out is read again and must be the wish that was meant, else nothing comes out.
"""

from __future__ import annotations

import codecs
import difflib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import yaml

from mirrorkit.documents.edits import UnusualError, applied, replaced, spelled
from mirrorkit.documents.lists import Entry, append, append_key, style_of, value_of, without
from mirrorkit.documents.values import tagged
from mirrorkit.documents.wish import Lesson, Wish, parse_wish
from mirrorkit.documents.yaml import Document
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.oci.nearest import nearest
from mirrorkit.progress import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mirrorkit.documents.edits import Edit
    from mirrorkit.oci.reference import Reference

FILE: Final = "images.yaml"
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Addition:
    """A wish's text with more images: what was added, and what it had already."""

    data: bytes
    added: tuple[str, ...]
    already: tuple[str, ...]
    is_new_lesson: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """One image as it was written, and the lesson it stood under, if any."""

    image: str
    lesson: str | None


@dataclass(frozen=True, slots=True)
class Removal:
    """A wish's text with fewer images."""

    data: bytes
    removed: tuple[Removed, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """An image in the text: its list, the list's key, and its number there."""

    lesson: str | None
    key: yaml.Node
    sequence: yaml.SequenceNode
    index: int

    @property
    def image(self) -> str:
        return str(self.sequence.value[self.index].value)


def add_images(
    data: bytes, names: Iterable[str], *, lesson: str | None = None, name: str = FILE
) -> Addition:
    """Add images under `images` or under a lesson, which is begun where there is none.

    Without a lesson an image counts as wished wherever it stands; a lesson has its own list.
    DocumentError for a wish with mistakes, ValueError for a name that is none.
    """
    wish = parse_wish(data, name)
    there = {reference.canonical for reference in _wished(wish, lesson)}
    wanted: dict[Reference, str] = {}
    for text in names:
        wanted.setdefault(tagged(text).canonical, text)
    new = [text for reference, text in wanted.items() if reference not in there]
    already = tuple(text for reference, text in wanted.items() if reference in there)
    if not new:
        return Addition(data, (), already)
    meant, is_new_lesson = _with(wish, tuple(map(tagged, new)), lesson)
    edited = _edited(data, name, meant, lambda text: _added(text, new, lesson))
    return Addition(edited, tuple(new), already, is_new_lesson)


def remove_images(
    data: bytes, names: Iterable[str], *, lesson: str | None = None, name: str = FILE
) -> Removal:
    """Remove images wherever they stand, or from one lesson; any spelling of a name will do.

    UsageError, naming the nearest, for an image or lesson that is not there.
    """
    wish = parse_wish(data, name)
    if lesson is not None:
        _refuse_no_lesson(wish, lesson, name)
    there = {reference.canonical for reference in _wished(wish, lesson)}
    asked = {tagged(text).canonical: text for text in names}
    for reference, text in asked.items():
        if reference not in there:
            raise _not_there(text, reference, there, name)
    removed: list[Removed] = []
    meant = _less(wish, asked, lesson)
    edited = _edited(data, name, meant, lambda text: _taken(text, asked, lesson, removed))
    return Removal(edited, tuple(removed))


def set_values(data: bytes, texts: Mapping[str, str], meant: Wish) -> bytes:
    """Replace values that stand on their keys' lines, by keys; the rest of the text stays."""

    def change(text: str) -> str:
        root = _root(text)
        pairs = {key: value_of(root, key) for key in texts}
        return applied(text, [replaced(pair[1], texts[k]) for k, pair in pairs.items() if pair])

    return _edited(data, FILE, meant, change)


def _wished(wish: Wish, lesson: str | None) -> Iterator[Reference]:
    if lesson is None:
        yield from wish.images
    for one in wish.lessons:
        if lesson in (None, one.name):
            yield from one.images


def _with(wish: Wish, new: tuple[Reference, ...], lesson: str | None) -> tuple[Wish, bool]:
    """Return the wish that is meant by adding, and whether that begins a lesson."""
    if lesson is None:
        return replace(wish, images=wish.images + new), False
    place = next((n for n, one in enumerate(wish.lessons) if one.name == lesson), None)
    if place is None:
        return replace(wish, lessons=(*wish.lessons, Lesson(lesson, new))), True
    one = wish.lessons[place]
    more = replace(one, images=one.images + new)
    lessons = (*wish.lessons[:place], more, *wish.lessons[place + 1 :])
    return replace(wish, lessons=lessons), False


def _less(wish: Wish, unwanted: Collection[Reference], lesson: str | None) -> Wish:
    def kept(images: tuple[Reference, ...]) -> tuple[Reference, ...]:
        return tuple(image for image in images if image.canonical not in unwanted)

    lessons = tuple(
        replace(one, images=kept(one.images)) if lesson in (None, one.name) else one
        for one in wish.lessons
    )
    return replace(
        wish, images=kept(wish.images) if lesson is None else wish.images, lessons=lessons
    )


def _added(text: str, images: Sequence[str], lesson: str | None) -> str:
    root = _root(text)
    if lesson is None:
        return applied(text, _into(text, root, "images", images))
    pair = value_of(root, "lessons")
    nodes = pair[1].value if pair else []
    for node in nodes:
        named = value_of(node, "name")
        if named and named[1].value == lesson:
            return applied(text, _into(text, node, "images", images))
    entries = [_lesson(lesson, images, style_of(nodes[-1] if nodes else root))]
    if pair is None:
        return applied(text, append_key(text, root, "lessons", entries))
    return applied(text, append(text, pair[1], entries))


def _into(text: str, mapping: yaml.MappingNode, key: str, images: Sequence[str]) -> list[Edit]:
    """Put images into the list under a key, which may not be there yet."""
    pair = value_of(mapping, key)
    style = style_of(pair[1]) if pair and pair[1].value else style_of(mapping)
    entries = [Entry(flow, (flow,)) for flow in (spelled(image, style) for image in images)]
    if pair is None:
        return append_key(text, mapping, key, entries)
    return append(text, pair[1], entries)


def _lesson(name: str, images: Sequence[str], style: str | None) -> Entry:
    keys = [spelled(key, style) for key in ("name", "images")]
    title, *items = [spelled(word, style) for word in (name, *images)]
    flow = f"{{{keys[0]}: {title}, {keys[1]}: [{', '.join(items)}]}}"
    return Entry(flow, (f"{keys[0]}: {title}", f"{keys[1]}:", *(f"  - {item}" for item in items)))


def _taken(
    text: str, unwanted: Collection[Reference], lesson: str | None, removed: list[Removed]
) -> str:
    """Take images out one after the other: each edit makes new places of the rest."""
    count = sum(1 for _ in _items(_root(text), unwanted, lesson))
    for _ in range(count):
        item = next(_items(_root(text), unwanted, lesson), None)
        if item is None:
            raise UnusualError
        removed.append(Removed(item.image, item.lesson))
        text = applied(text, without(text, item.key, item.sequence, item.index))
    return text


def _items(
    root: yaml.MappingNode, unwanted: Collection[Reference], lesson: str | None
) -> Iterator[_Item]:
    for title, key, sequence in _lists(root):
        if lesson not in (None, title):
            continue
        for index, node in enumerate(sequence.value):
            if tagged(node.value).canonical in unwanted:
                yield _Item(title, key, sequence, index)


def _lists(
    root: yaml.MappingNode,
) -> Iterator[tuple[str | None, yaml.Node, yaml.SequenceNode]]:
    """Yield every list of images with its key and its lesson."""
    lessons = value_of(root, "lessons")
    mappings = [
        (None, root),
        *((_title(one), one) for one in (lessons[1].value if lessons else ())),
    ]
    for title, mapping in mappings:
        pair = value_of(mapping, "images")
        if pair and isinstance(pair[1], yaml.SequenceNode):
            yield title, pair[0], pair[1]


def _title(lesson: yaml.MappingNode) -> str | None:
    pair = value_of(lesson, "name")
    return str(pair[1].value) if pair else None


def _edited(data: bytes, name: str, meant: Wish, change: Callable[[str], str]) -> bytes:
    """Change the text; DocumentError unless it then says what is meant."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    with _by_hand(name):
        edited = mark + change(data.decode("utf-8-sig")).encode()
        if parse_wish(edited, name) != meant:
            raise UnusualError
    return edited


@contextmanager
def _by_hand(name: str) -> Iterator[None]:
    try:
        yield
    except (UnusualError, DocumentError, ValueError) as error:
        raise DocumentError(
            f"{name} is written in a way that mirrorkit does not edit; nothing was changed",
            hint="edit it by hand: one `- NAME` a line below `images:`",
        ) from error


def _root(text: str) -> yaml.MappingNode:
    _, root = Document.open(FILE, text.encode())
    if not isinstance(root.node, yaml.MappingNode):
        raise UnusualError
    return root.node


def _refuse_no_lesson(wish: Wish, lesson: str, name: str) -> None:
    titles = [one.name for one in wish.lessons]
    if lesson not in titles:
        near = difflib.get_close_matches(lesson, titles, n=1) or titles
        hint = f"{'the nearest is' if len(near) == 1 else 'it has'} {', '.join(near) or 'none'}"
        raise UsageError(f"{name} has no lesson {lesson[:60]!r}", hint=hint)


def _not_there(text: str, asked: Reference, there: Iterable[Reference], name: str) -> UsageError:
    known = sorted(there, key=str)
    near = nearest(asked, known)
    all_known = f"it has {listed([*map(str, known)], _SHOWN) or 'none'}"
    hint = f"the nearest is {near}" if near else all_known
    return UsageError(f"{name} has no image {text[:300]!r}", hint=hint)
