"""Kustomizations: what their `images:` make of the images below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.findings import judged
from mirrorkit.scan.tree import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mirrorkit.scan.findings import Finding
    from mirrorkit.scan.tree import Node

NAMES: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_KINDS: Final = frozenset({"Kustomization", "Component"})
_BELOW: Final = ("resources", "bases", "components")


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of `images:`."""

    line: int
    name: str
    new_name: str
    new_tag: str
    digest: str

    def applied(self, image: str) -> str | None:
        """Return what it makes of an image; None for one it does not name.

        As kustomize's ImageTagTransformer does: names are compared as written, and a new tag or
        digest replaces both.
        """
        name, tag, digest = _split(image)
        if name != self.name:
            return None
        if self.new_tag or self.digest:
            tag, digest = self.new_tag, self.digest
        return _joined(self.new_name or name, tag, digest)

    def alone(self) -> str:
        """Return what it says by itself, where the images it changes are not known."""
        return _joined(self.new_name or self.name, self.new_tag, self.digest)


@dataclass(frozen=True, slots=True)
class Kustomization:
    """What matters of a kustomization."""

    resources: tuple[str, ...]
    changes: tuple[Change, ...]

    def added(self, below: Iterable[str]) -> Iterator[Finding]:
        """Yield what a build makes of the images below, at the entry that had the last word.

        An entry that meets none of them is taken by its word: they may not all be known.
        """
        met: set[Change] = set()
        for image in dict.fromkeys(below):
            made = self._changed(image)
            met.update(change for change, _ in made)
            if made:
                last, result = made[-1]
                yield from judged(result, last.line)
        for change in self.changes:
            if change not in met:
                yield from judged(change.alone(), change.line)

    def result(self, below: Iterable[str]) -> list[str]:
        """Return the images that a build of it names."""
        return [made[-1][1] if (made := self._changed(image)) else image for image in below]

    def _changed(self, image: str) -> list[tuple[Change, str]]:
        """Return each entry that names the image, with what it makes of it; one after the other."""
        made: list[tuple[Change, str]] = []
        for change in self.changes:
            result = change.applied(image)
            if result is not None:
                made.append((change, result))
                image = result
        return made


def parse(root: Node, *, named: bool) -> Kustomization | None:
    """Read a document as a kustomization: its file's name says so, or its own text."""
    if not isinstance(root, Mapping):
        return None
    changes = tuple(_changes(root.get("images")))
    is_one = named or root.value("kind") in _KINDS
    if not is_one and not any(change.new_name or change.new_tag for change in changes):
        return None
    return Kustomization(tuple(_resources(root)), changes)


def _changes(node: Node | None) -> Iterator[Change]:
    for entry in node.children if isinstance(node, Sequence) else ():
        if isinstance(entry, Mapping):
            keys = ("name", "newName", "newTag", "digest")
            change = Change(entry.line, *(entry.value(key) for key in keys))
            if change.name and (change.new_name or change.new_tag or change.digest):
                yield change


def _resources(root: Mapping) -> Iterator[str]:
    for key in _BELOW:
        node = root.get(key)
        for item in node.children if isinstance(node, Sequence) else ():
            if isinstance(item, Scalar):
                yield item.value


def _split(image: str) -> tuple[str, str, str]:
    name, _, digest = image.partition("@")
    head, colon, tail = name.rpartition(":")
    return (head, tail, digest) if colon and "/" not in tail else (name, "", digest)


def _joined(name: str, tag: str, digest: str) -> str:
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
