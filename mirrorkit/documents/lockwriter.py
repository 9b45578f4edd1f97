"""Writing a lock: stable order, one fact a line, so that people can read and compare it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.documents.edits import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mirrorkit.documents.pins import (
        Lock,
        PinnedChild,
        PinnedFile,
        PinnedImage,
        PinnedSource,
        Unpinned,
    )


def write_lock(lock: Lock, heading: str = "") -> bytes:
    """Return the lock as YAML; what is read back is equal to what was written."""
    lines = [*(f"# {line}" for line in heading.splitlines()), "version: 1"]
    if lock.wish:
        lines.append(f"wish: {lock.wish}")
    if lock.platforms:
        lines.append(f"platforms: {_flow(lock.platforms)}")
    if lock.lessons:
        lines.append(f"lessons: {_flow(lock.lessons)}")
    lines += _section("images", (_image(image) for image in lock.images))
    lines += _section("files", (_file(file) for file in lock.files))
    lines += _section("unpinned", (_unpinned(entry) for entry in lock.unpinned))
    return ("\n".join(lines) + "\n").encode()


def _section(name: str, entries: Iterable[Iterable[str]]) -> Iterator[str]:
    is_first = True
    for entry in entries:
        if is_first:
            yield f"{name}:"
            is_first = False
        first, *rest = entry
        yield f"  - {first}"
        yield from (f"    {line}" for line in rest)


def _image(image: PinnedImage) -> Iterator[str]:
    yield f"name: {_text(image.name)}"
    yield f"digest: {image.digest}"
    if image.known:
        yield f"known: {image.known}"
    if image.children:
        yield "platforms:"
        for platform, child in sorted(image.children.items()):
            yield f"  {platform}: {_braces(_child(child))}"
    if image.also:
        yield f"also: {_flow(image.also)}"
    if image.sources:
        yield "sources:"
        for source, there in sorted(image.sources.items()):
            yield f"  {_text(source)}: {_braces(_source(there))}"
    if image.needed_by:
        yield f"needed_by: {_flow(image.needed_by)}"


def _child(child: PinnedChild) -> dict[str, object]:
    return {
        "digest": child.digest,
        "image_id": child.image_id,
        "size": child.size,
        "known": child.known,
    }


def _source(source: PinnedSource) -> dict[str, object]:
    return {"name": source.name, "digest": source.digest}


def _file(file: PinnedFile) -> Iterator[str]:
    yield f"path: {_text(file.path)}"
    yield f"sha256: {_text(file.digest.hex)}"
    if file.size is not None:
        yield f"size: {file.size}"
    if file.known:
        yield f"known: {file.known}"
    yield from _urls(file.urls)
    if file.needed_by:
        yield f"needed_by: {_flow(file.needed_by)}"


def _unpinned(entry: Unpinned) -> Iterator[str]:
    yield f"{'path' if entry.is_file else 'name'}: {_text(entry.name)}"
    if entry.reason:
        yield f"reason: {_text(entry.reason)}"
    yield from _urls(entry.urls)
    if entry.needed_by:
        yield f"needed_by: {_flow(entry.needed_by)}"


def _urls(urls: Iterable[str]) -> Iterator[str]:
    is_first = True
    for url in urls:
        if is_first:
            yield "urls:"
            is_first = False
        yield f"  - {_text(url)}"


def _braces(facts: Mapping[str, object]) -> str:
    known = {key: value for key, value in facts.items() if value is not None}
    return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in known.items()) + "}"


def _flow(items: Iterable[object]) -> str:
    return "[" + ", ".join(_text(item) for item in items) + "]"


def _text(value: object) -> str:
    """Write a value so that YAML reads it as the same text."""
    return str(value) if isinstance(value, int) else spelled(str(value))
