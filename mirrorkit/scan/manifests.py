"""YAML and JSON: manifests, compose files, Helm values, patches; everything with a key `image`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from mirrorkit.scan import kustomization
from mirrorkit.scan.dockerfile import read_dockerfile
from mirrorkit.scan.findings import judged, moved, unresolved
from mirrorkit.scan.lines import read_lines
from mirrorkit.scan.tree import Mapping, Scalar, Sequence, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mirrorkit.scan.findings import Finding
    from mirrorkit.scan.tree import Node

_DISKS: Final = frozenset({"rbd"})
"""Volumes whose `image` is a disk (Kubernetes API, RBDVolumeSource)."""


def read_yaml(text: str) -> list[Finding]:
    """Find the images of a YAML text; one that does not parse is read line by line."""
    return read_kustomization(text, named=False)


def read_kustomization(
    text: str, below: Iterable[str] = (), *, named: bool = True
) -> list[Finding]:
    """Find the images of a kustomization, and what it makes of those of its resources (`below`)."""
    roots = _documents(text)
    if roots is None:
        return read_lines(text)
    found = _Reader(text)
    for root in roots:
        found.read(root)
        custom = kustomization.parse(root, named=named)
        if custom is not None:
            found.findings.extend(custom.added(below))
            found.patches(root)
    return found.findings


def kustomization_of(text: str) -> kustomization.Kustomization | None:
    """Return the kustomization of a file that is called so."""
    for root in _documents(text) or ():
        return kustomization.parse(root, named=True)
    return None


def fault_of(text: str) -> str | None:
    """Return where and why a text is no YAML, as `:LINE:COLUMN: REASON`; None where it is some."""
    try:
        documents(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        return f"{place}: {error.problem}"
    except (yaml.YAMLError, UnicodeError):
        return ": it is not YAML"
    return None


def _documents(text: str) -> list[Node] | None:
    try:
        return documents(text)
    except (yaml.YAMLError, UnicodeError):
        return None


def _read_patch(text: str) -> list[Finding]:
    """Read a document inside another; what stands inside that one is left alone."""
    roots = _documents(text)
    if roots is None:
        return read_lines(text)
    found = _Reader(text)
    for root in roots:
        found.read(root)
    return found.findings


class _Reader:
    """Walks the tree of one text; its depth is bounded by `documents`."""

    def __init__(self, text: str) -> None:
        self.findings: list[Finding] = []
        self._lines = text.split("\n")

    def read(self, node: Node, above: str = "") -> None:
        """Note every image at or below a node that is the value of the key `above`."""
        if isinstance(node, Sequence):
            for item in node.children:
                self.read(item, above)
        elif isinstance(node, Mapping):
            self.findings.extend(_patched(node))
            for key, value in node.pairs():
                if key == "image" and above not in _DISKS:
                    self.findings.extend(self._image(value))
                elif key == "dockerfile_inline":
                    self.findings.extend(_inside(value, read_dockerfile))
                self.read(value, key)

    def patches(self, node: Node) -> None:
        """Read the patches that a kustomization holds as text (`patch: |`)."""
        if isinstance(node, Scalar):
            self.findings.extend(_inside(node, _read_patch))
        else:
            for child in node.children:
                self.patches(child)

    def _image(self, value: Node) -> Iterator[Finding]:
        if isinstance(value, Scalar):
            yield from judged(value.text or "", value.line)
        elif isinstance(value, Mapping):
            written = self._lines[value.line - 1][value.column :]
            if written.startswith("{{"):  # a template that happens to be YAML
                yield unresolved(written, value.line)
            else:
                yield from _parts(value)


def _parts(value: Mapping) -> Iterator[Finding]:
    """Put together what Helm's values keep apart, and read an image volume's `reference`.

    Without a tag a chart takes its own version, which is not written here.
    """
    place = value.get("repository") or value.get("reference")
    if not isinstance(place, Scalar) or not place.text:
        return
    registry, tag, digest = (value.value(key) for key in ("registry", "tag", "digest"))
    name = f"{registry}/{place.text}" if registry else place.text
    if not (tag or digest or value.get("reference")):
        yield unresolved(name, place.line)
        return
    yield from judged(
        name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else ""), place.line
    )


def _patched(node: Mapping) -> Iterator[Finding]:
    """Read one operation of a JSON patch (RFC 6902) that sets an image."""
    value = node.get("value")
    if isinstance(value, Scalar) and node.value("path").endswith("/image"):
        yield from judged(value.text or "", value.line)


def _inside(node: Node, read: Callable[[str], list[Finding]]) -> Iterator[Finding]:
    """Read a document that stands as a literal block in another."""
    if isinstance(node, Scalar) and node.is_literal:
        yield from moved(read(node.value), node.line)
