"""The lock: exactly which bytes a class needs (`images.lock.yaml`, read side)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from mirrorkit.documents.values import file_path, tagged, web_url
from mirrorkit.documents.yaml import Document, Field
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mirrorkit.oci.reference import Reference

T = TypeVar("T")

VERSION: Final = "1"

_LOCK_KEYS: Final = frozenset({"version", "platforms", "images", "files", "unpinned", "lessons"})
_IMAGE_KEYS: Final = frozenset(
    {"name", "digest", "platforms", "also", "sources", "needed_by", "known"}
)
_CHILD_KEYS: Final = frozenset({"digest", "image_id", "size", "known"})
_SOURCE_KEYS: Final = frozenset({"name", "digest"})
_FILE_KEYS: Final = frozenset({"path", "sha256", "size", "urls", "needed_by", "known"})
_UNPINNED_KEYS: Final = frozenset({"name", "path", "urls", "needed_by", "reason"})
_KNOWN: Final = frozenset({"proven", "expected"})
_DIGEST_KEYS: Final = frozenset({"digest", "image_id"})


@dataclass(frozen=True, slots=True)
class PinnedImage:
    """One image: its canonical name, the digest served byte for byte, and what is known of it."""

    name: Reference
    digest: Digest
    platforms: frozenset[Platform] | None = None
    """Platforms held of an index; None means all of them."""
    required: frozenset[Platform] = frozenset()
    """Platforms this image itself must have; one that only the class would like may be absent."""
    also: tuple[Reference, ...] = ()
    """Other names the class may ask for it under."""
    origins: tuple[Reference, ...] = ()
    """Names it can be fetched by, in the order they are asked."""
    size: int | None = None
    """Bytes of all it needs, where the lock says so."""


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One plain file: where it is served, its hash, and where it can be fetched."""

    path: str
    digest: Digest
    size: int | None
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unpinned:
    """Something wanted that nobody has published a digest for."""

    name: str
    is_file: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock."""

    images: tuple[PinnedImage, ...]
    files: tuple[PinnedFile, ...] = ()
    unpinned: tuple[Unpinned, ...] = ()
    text: bytes = dataclasses.field(default=b"", compare=False, repr=False)
    """What was read, for the copy that the store keeps."""


def parse_lock(data: bytes, name: str = "images.lock.yaml") -> Lock:
    """Read a lock; DocumentError lists every mistake with `name:line:column`."""
    document, root = Document.open(name, data)
    fields = root.mapping(known=_LOCK_KEYS)
    _version(root, fields.get("version"))
    platforms = _platforms(fields.get("platforms"))
    images = _each(fields.get("images"), lambda item: _image(item, platforms))
    files = _each(fields.get("files"), _file)
    unpinned = _each(fields.get("unpinned"), _unpinned)
    _each(fields.get("lessons"), Field.text)
    _refuse_name_clashes(images)
    _refuse_file_clashes(files)
    document.finish()
    return Lock(_values(images), _values(files), _values(unpinned), data)


def _each(field: Field | None, read: Callable[[Field], T]) -> list[tuple[Field, T]]:
    return [(item, read(item)) for item in field.sequence()] if field else []


def _values(pairs: Iterable[tuple[Field, T | None]]) -> tuple[T, ...]:
    return tuple(value for _, value in pairs if value is not None)


def _version(root: Field, version: Field | None) -> None:
    if version is None:
        if root.is_mapping:
            root.wrong("`version: 1` is missing")
    else:
        version.parsed(_version_one)


def _version_one(text: str) -> str:
    if text != VERSION:
        raise ValueError(f"version {text[:20]!r} is not known; this mirrorkit reads 1")
    return text


def _platforms(field: Field | None) -> frozenset[Platform] | None:
    if field is None:
        return None
    found = frozenset(_values(_each(field, lambda item: item.parsed(Platform.parse))))
    if not found:
        field.wrong("name at least one platform, or leave the key out to hold all of them")
    return found


def _image(field: Field, default: frozenset[Platform] | None) -> PinnedImage | None:
    fields = field.mapping(known=_IMAGE_KEYS)
    reference = _required(field, fields, "name", tagged)
    digest = _required(field, fields, "digest", Digest)
    platforms, size = _children(fields.get("platforms"))
    also = _values(_each(fields.get("also"), lambda item: item.parsed(tagged)))
    sources = _sources(fields.get("sources"), digest)
    _notes(fields)
    if reference is None or digest is None:
        return None
    canonical = reference.canonical
    old = [canonical.on(KUBERNETES_OLD)] if canonical.registry == KUBERNETES else []
    return PinnedImage(
        name=canonical,
        digest=digest,
        platforms=platforms or default,
        required=platforms or frozenset(),
        also=tuple(name for name in dict.fromkeys((*old, *also)) if name != canonical),
        origins=tuple(dict.fromkeys((canonical, *old, *sources))),
        size=size,
    )


def _required(
    field: Field, fields: dict[str, Field], key: str, parse: Callable[[str], T]
) -> T | None:
    if key in fields:
        return fields[key].parsed(parse)
    if field.is_mapping:
        field.wrong(f"`{key}` is missing")
    return None


def _children(field: Field | None) -> tuple[frozenset[Platform] | None, int | None]:
    """Read what the lock knows of each platform; a total needs the size of every one."""
    if field is None:
        return None, None
    platforms: set[Platform] = set()
    sizes: list[int | None] = []
    for platform, child in field.keys_parsed(Platform.parse):
        fields = child.mapping(known=_CHILD_KEYS)
        for key in _DIGEST_KEYS & fields.keys():
            fields[key].parsed(Digest)
        _notes(fields)
        sizes.append(fields["size"].size() if "size" in fields else None)
        if platform in platforms:
            child.wrong_key(f"{platform} stands twice")
        elif platform is not None:
            platforms.add(platform)
    known = [size for size in sizes if size is not None]
    return frozenset(platforms) or None, sum(known) if known and len(known) == len(sizes) else None


def _sources(field: Field | None, pinned: Digest | None) -> list[Reference]:
    """Read where each source has it; one that holds other bytes is no origin of these."""
    origins: list[Reference] = []
    for entry in (field.mapping() if field else {}).values():
        fields = entry.mapping(known=_SOURCE_KEYS)
        name = _required(entry, fields, "name", tagged)
        digest = fields["digest"].parsed(Digest) if "digest" in fields else pinned
        if name is not None and digest == pinned:
            origins.append(name)
    return origins


def _file(field: Field) -> PinnedFile | None:
    fields = field.mapping(known=_FILE_KEYS)
    path = _required(field, fields, "path", file_path)
    digest = _required(field, fields, "sha256", lambda text: Digest(f"sha256:{text}"))
    size = fields["size"].size() if "size" in fields else None
    urls = _values(_each(fields.get("urls"), lambda item: item.parsed(web_url)))
    _notes(fields)
    if path is None or digest is None:
        return None
    return PinnedFile(path, digest, size, urls)


def _unpinned(field: Field) -> Unpinned | None:
    fields = field.mapping(known=_UNPINNED_KEYS)
    key = "path" if "path" in fields else "name"
    name = _required(field, fields, key, file_path if key == "path" else _image_name)
    reason = fields["reason"].text() if "reason" in fields else ""
    _each(fields.get("urls"), lambda item: item.parsed(web_url))
    _notes(fields)
    return Unpinned(name, key == "path", reason) if name else None


def _notes(fields: dict[str, Field]) -> None:
    """Check the keys that explain a pin to people and change nothing in what is held."""
    if "known" in fields:
        fields["known"].parsed(_known)
    _each(fields.get("needed_by"), lambda item: item.text())


def _known(text: str) -> str:
    if text not in _KNOWN:
        raise ValueError("`proven` or `expected` is expected here")
    return text


def _image_name(text: str) -> str:
    return str(tagged(text))


def _refuse_name_clashes(images: list[tuple[Field, PinnedImage | None]]) -> None:
    owners: dict[Reference, PinnedImage] = {}
    for field, image in images:
        if image is None:
            continue
        for name in (image.name, *image.also):
            owner = owners.setdefault(name, image)
            if owner is not image:
                field.wrong(f"{name} already stands for {owner.name}")
                break


def _refuse_file_clashes(files: list[tuple[Field, PinnedFile | None]]) -> None:
    """Refuse one hash for two files: the sign of a wrongly copied checksum table."""
    paths: dict[str, Field] = {}
    hashes: dict[Digest, str] = {}
    for field, file in files:
        if file is None:
            continue
        if file.path in paths:
            field.wrong(f"{file.path} stands twice")
        elif file.digest in hashes:
            field.wrong(f"has the same sha256 as {hashes[file.digest]}")
        paths[file.path] = field
        hashes[file.digest] = file.path
