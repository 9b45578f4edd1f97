"""Images as the catalog knows them: names, published digests, who needs them, who asks how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from mirrorkit.catalog import data
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mirrorkit.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Child:
    """What an index is published to hold for one platform; size in bytes, of all it needs."""

    platform: Platform
    digest: Digest
    size: int | None


@dataclass(frozen=True, slots=True)
class Published:
    """A digest somebody published for a name: expected, until its bytes are seen."""

    digest: Digest
    children: tuple[Child, ...] = ()
    presets: tuple[str, ...] = ()
    """`course` or `current`: of which of the two classes it is."""
    moving: bool = False
    """Whether the name is known to stand for other bytes at other times."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image a class needs."""

    name: Reference
    """The canonical name; without a tag, it is only ever asked by digest."""
    digest: Digest | None
    children: tuple[Child, ...] = ()
    also: tuple[Reference, ...] = ()
    """Other names the class may ask it under."""
    below: tuple[str, ...] = ()
    """Repositories below `--image-repository` where minikube and kubeadm look for it."""
    needed_by: tuple[str, ...] = ()
    by_digest: bool = False
    """Whether minikube itself names it by its digest."""


def made(
    name: Reference,
    needed_by: str,
    *,
    also: Iterable[Reference] = (),
    below: tuple[str, ...] = (),
) -> Image:
    """Make an image of the name that somebody asks for: canonical, with what is published.

    A digest in the name wins over every other, for it is what will be asked for.
    """
    canonical = name.canonical
    bare = replace(canonical, digest=None) if canonical.tag else canonical
    known = published(canonical)
    pinned = [one for one in known if one.digest == name.digest] if name.digest else known
    only = pinned[0] if len(pinned) == 1 else None
    names = [replace(other, digest=None) for other in (name, *also) if other.tag]
    return Image(
        name=bare,
        digest=name.digest or (only.digest if only else None),
        children=only.children if only else (),
        also=tuple(other for other in dict.fromkeys(names) if other != bare),
        below=below,
        needed_by=(needed_by,),
        by_digest=name.digest is not None,
    )


def merged(images: Iterable[Image]) -> tuple[Image, ...]:
    """Make one image of those with one name: it answers to all their names and needs."""
    found: dict[Reference, Image] = {}
    for image in images:
        first = found.get(image.name)
        found[image.name] = image if first is None else _both(first, image)
    return tuple(found.values())


def _both(one: Image, other: Image) -> Image:
    if one.digest != other.digest and one.digest and other.digest:
        raise ValueError(f"{one.name} is needed as {one.digest} and as {other.digest}")
    return Image(
        name=one.name,
        digest=one.digest or other.digest,
        children=one.children or other.children,
        also=tuple(dict.fromkeys(one.also + other.also)),
        below=tuple(dict.fromkeys(one.below + other.below)),
        needed_by=tuple(dict.fromkeys(one.needed_by + other.needed_by)),
        by_digest=one.by_digest or other.by_digest,
    )


def published(name: Reference) -> tuple[Published, ...]:
    """Return the digests published for a name, by digest.

    None are known for most names. Several are for a tag that moves: which one is meant, a preset
    or a release's own pin decides.
    """
    return _published().get(_key(name), ())


@cache
def _published() -> dict[str, tuple[Published, ...]]:
    """Put images.json and what releases pin into one table."""
    found: dict[str, dict[Digest, Published]] = {}
    for key, rows in data.images().items():
        found[key] = {row.digest: _row(row) for row in rows}
    for reference in _pins():
        if reference.digest:
            known = found.setdefault(_key(reference), {})
            known.setdefault(reference.digest, Published(reference.digest))
    return {key: _by_digest(known) for key, known in found.items()}


def _by_digest(known: dict[Digest, Published]) -> tuple[Published, ...]:
    """Put them in order; of a name that had two digests each says that it moves."""
    moves = len(known) > 1
    return tuple(replace(one, moving=one.moving or moves) for _, one in sorted(known.items()))


def _pins() -> Iterable[Reference]:
    table = data.minikube()
    for release in table.releases.values():
        yield Reference.parse(release.kicbase)
    for changes in table.addons.values():
        for addon in filter(None, changes.values()):
            yield from map(spelled, addon.values())
    for network in table.networks["cilium"].values():
        yield from map(Reference.parse, network or ())


def spelled(image: data.AddonImage) -> Reference:
    """Join an addon's image as minikube does without `--image-repository`."""
    return Reference.parse("/".join(filter(None, (image.registry, image.image))))


def _row(row: data.PublishedRow) -> Published:
    children = tuple(
        Child(Platform.parse(platform), child.digest, child.size)
        for platform, child in row.platforms.items()
    )
    return Published(row.digest, children, row.presets, row.moving)


def _key(name: Reference) -> str:
    return str(name.canonical).partition("@")[0]
