"""What a kustomization builds on: the images of its resources, after the changes made below it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from mirrorkit.scan.files import read_text
from mirrorkit.scan.kustomization import NAMES
from mirrorkit.scan.manifests import kustomization_of, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEPTH_MAX: Final = 10
"""Bases of bases that are followed; people write two or three."""


class Resources:
    """What has been read below the kustomizations of one survey: each file and folder once."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}

    def below(self, folder: Path, text: str, depth: int = 0) -> list[str]:
        """Return the images that the resources of a folder's kustomization come to."""
        custom = kustomization_of(text)
        images: dict[str, None] = {}
        for name in custom.resources if custom and depth < _DEPTH_MAX else ():
            try:
                images |= dict.fromkeys(self._images(folder, folder / name, depth))
            except (OSError, ValueError):  # a remote one, or no name for a file at all
                continue
        return list(images)

    def _images(self, folder: Path, resource: Path, depth: int) -> list[str]:
        key = os.path.realpath(resource)
        if key not in self._known:
            self._known[key] = []  # a circle ends here
            self._known[key] = list(self._read(folder, resource, depth))
        return self._known[key]

    def _read(self, folder: Path, resource: Path, depth: int) -> Iterator[str]:
        if resource.is_dir():
            for path in filter(_is_file, (resource / name for name in sorted(NAMES))):
                text = read_text(path, _be_silent) or ""
                custom = kustomization_of(text)
                if custom is not None:
                    yield from custom.result(self.below(resource, text, depth + 1))
        elif _is_below(folder, resource) and resource.is_file():
            text = read_text(resource, _be_silent) or ""
            yield from (found.text for found in read_yaml(text) if found.is_resolved)


def _is_file(path: Path) -> bool:
    return path.is_file()


def _is_below(folder: Path, resource: Path) -> bool:
    """Apply kustomize's own rule: a file has to be in or below the kustomization's folder."""
    root = os.path.realpath(folder)
    return os.path.commonpath([root, os.path.realpath(resource)]) == root


def _be_silent(_: str) -> None:
    """Tell nothing: the walk tells of what it cannot read."""
