"""The lock: exactly which bytes a class needs (`images.lock.yaml`), read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mirrorkit.documents.pins import (
    EXPECTED,
    FIRST_SIGHT,
    PROVEN,
    Lock,
    PinnedChild,
    PinnedFile,
    PinnedImage,
    PinnedSource,
    Unpinned,
)
from mirrorkit.documents.values import file_path, tagged, web_url
from mirrorkit.documents.yaml import Document, Field, each, required, values, version_one
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import KUBERNETES, KUBERNETES_OLD

if TYPE_CHECKING:
    from collections.abc import Callable

    from mirrorkit.oci.reference import Reference

_LOCK_KEYS: Final = frozenset(
    {"version", "wish", "platforms", "images", "files", "unpinned", "lessons"}
)
_IMAGE_KEYS: Final = frozenset(
    {"name", "digest", "platforms", "also", "sources", "needed_by", "known"}
)
_CHILD_KEYS: Final = frozenset({"digest", "image_id", "size", "known"})
_SOURCE_KEYS: Final = frozenset({"name", "digest"})
_FILE_KEYS: Final = frozenset({"path", "sha256", "size", "urls", "needed_by", "known"})
_UNPINNED_KEYS: Final = frozenset({"name", "path", "urls", "needed_by", "reason"})
_KNOWN: Final = frozenset({PROVEN, EXPECTED})


def parse_lock(data: bytes, name: str = "images.lock.yaml") -> Lock:
    """Read a lock; DocumentError lists every mistake with `name:line:column`."""
    document, root = Document.open(name, data)
    fields = root.mapping(known=_LOCK_KEYS)
    version_one(root, fields.get("version"))
    wish = fields["wish"].parsed(Digest) if "wish" in fields else None
    platforms = _platforms(fields.get("platforms"))
    images = each(fields.get("images"), lambda item: _image(item, platforms))
    files = each(fields.get("files"), _file)
    unpinned = each(fields.get("unpinned"), _unpinned)
    lessons = values(each(fields.get("lessons"), Field.text))
    _refuse_name_clashes(images)
    _refuse_file_clashes(files)
    document.finish()
    return Lock(
        images=values(images),
        files=values(files),
        unpinned=values(unpinned),
        platforms=platforms,
        lessons=lessons,
        wish=wish,
        text=data,
    )


def _platforms(field: Field | None) -> tuple[Platform, ...]:
    if field is None:
        return ()
    found = values(each(field, lambda item: item.parsed(Platform.parse)))
    if not found:
        field.wrong("name at least one platform, or leave the key out to hold all of them")
    return tuple(dict.fromkeys(found))


def _image(field: Field, default: tuple[Platform, ...]) -> PinnedImage | None:
    fields = field.mapping(known=_IMAGE_KEYS)
    reference = required(field, fields, "name", tagged)
    digest = required(field, fields, "digest", Digest)
    children = _children(fields.get("platforms"))
    also = values(each(fields.get("also"), lambda item: item.parsed(tagged)))
    sources = _sources(fields.get("sources"))
    needed_by, known = _notes(fields)
    if reference is None or digest is None:
        return None
    canonical = reference.canonical
    old = [canonical.on(KUBERNETES_OLD)] if canonical.registry == KUBERNETES else []
    there = [source.name for source in sources.values() if source.digest in (None, digest)]
    return PinnedImage(
        name=canonical,
        digest=digest,
        platforms=frozenset(children) or frozenset(default) or None,
        required=frozenset(children),
        also=tuple(name for name in dict.fromkeys((*old, *also)) if name != canonical),
        origins=tuple(dict.fromkeys((canonical, *old, *there))),
        children=children,
        sources=sources,
        needed_by=needed_by,
        known=known,
    )


def _children(field: Field | None) -> dict[Platform, PinnedChild]:
    """Read what the lock knows of each platform."""
    children: dict[Platform, PinnedChild] = {}
    for platform, child in field.keys_parsed(Platform.parse) if field else ():
        fields = child.mapping(known=_CHILD_KEYS)
        _, known = _notes(fields)
        found = PinnedChild(
            digest=fields["digest"].parsed(Digest) if "digest" in fields else None,
            image_id=fields["image_id"].parsed(Digest) if "image_id" in fields else None,
            size=fields["size"].size() if "size" in fields else None,
            known=known,
        )
        if platform in children:
            child.wrong_key(f"{platform} stands twice")
        elif platform is not None:
            children[platform] = found
    return children


def _sources(field: Field | None) -> dict[str, PinnedSource]:
    """Read where each source has an image."""
    sources: dict[str, PinnedSource] = {}
    for source, entry in (field.mapping() if field else {}).items():
        fields = entry.mapping(known=_SOURCE_KEYS)
        name = required(entry, fields, "name", tagged)
        digest = fields["digest"].parsed(Digest) if "digest" in fields else None
        if name is not None:
            sources[source] = PinnedSource(name, digest)
    return sources


def _file(field: Field) -> PinnedFile | None:
    fields = field.mapping(known=_FILE_KEYS)
    path = required(field, fields, "path", file_path)
    digest = required(field, fields, "sha256", lambda text: Digest(f"sha256:{text}"))
    size = fields["size"].size() if "size" in fields else None
    urls = values(each(fields.get("urls"), lambda item: item.parsed(web_url)))
    needed_by, known = _notes(fields, _known_of_file)
    if path is None or digest is None:
        return None
    return PinnedFile(path, digest, size, urls, needed_by, known)


def _unpinned(field: Field) -> Unpinned | None:
    fields = field.mapping(known=_UNPINNED_KEYS)
    key = "path" if "path" in fields else "name"
    name = required(field, fields, key, file_path if key == "path" else _image_name)
    reason = fields["reason"].text() if "reason" in fields else ""
    urls = values(each(fields.get("urls"), lambda item: item.parsed(web_url)))
    needed_by, _ = _notes(fields)
    return Unpinned(name, key == "path", reason, urls, needed_by) if name else None


def _known(text: str) -> str:
    if text not in _KNOWN:
        raise ValueError("`proven` or `expected` is expected here")
    return text


def _known_of_file(text: str) -> str:
    return text if text == FIRST_SIGHT else _known(text)


def _notes(
    fields: dict[str, Field], parse: Callable[[str], str] = _known
) -> tuple[tuple[str, ...], str | None]:
    """Read the keys that explain a pin to people and change nothing in what is held."""
    known = fields["known"].parsed(parse) if "known" in fields else None
    return values(each(fields.get("needed_by"), Field.text)), known


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
