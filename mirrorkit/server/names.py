"""From the many ways clients spell a repository to the one canonical name (design: Names)."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from mirrorkit.catalog.below import meant_below
from mirrorkit.oci.reference import DOCKER_HUB, canonical_host, is_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.documents.layout import LayoutIndex
    from mirrorkit.documents.pins import Lock
    from mirrorkit.oci.manifest import Descriptor

IMAGE_REPOSITORY: Final = "k8s/"
"""The path below which minikube's `--image-repository` looks for everything."""

# Below --image-repository minikube keeps a name's path and drops its host; where two hosts have
# the same path, the one kubeadm means comes first.
_HOST_ORDER: Final = ("registry.k8s.io", "gcr.io", DOCKER_HUB, "quay.io", "ghcr.io")


class Names:
    """Every repository that can be pulled, with its tags; made anew whenever something changed."""

    def __init__(self, index: LayoutIndex, locks: Sequence[Lock]) -> None:
        self.repositories: dict[str, dict[str, Descriptor]] = {}
        self.pinned: set[str] = set()
        """Canonical `name:tag`s of the locks, held or not."""
        self.unpinned = {one.name for lock in locks for one in lock.unpinned if not one.is_file}
        """Canonical `name:tag`s that are wanted and whose digest nobody knows yet."""
        self.substituted = index.substitutes.keys() - index.roots.keys()
        """Pinned digests whose images are held in other bytes: not to be had by digest."""
        for name, descriptor in index.names.items():
            self.repositories.setdefault(name.name, {})[name.tag or ""] = descriptor
        for lock in reversed(locks):  # so that the first lock has the last word
            self._add_lock(lock, index)
        self._flat = self._flatten()

    def _add_lock(self, lock: Lock, index: LayoutIndex) -> None:
        """Let a lock decide what its names stand for: its digest, or nothing until that is held.

        The same image in other bytes stands in for it; it is served under the tag alone, for by
        its pinned digest nobody can be given other bytes.
        """
        for image in lock.images:
            root = index.roots.get(image.digest) or index.substitutes.get(image.digest)
            for name in (image.name, *image.also):
                self.pinned.add(str(name))
                tags = self.repositories.setdefault(name.name, {})
                if root is not None:
                    tags[name.tag or ""] = root
                else:
                    tags.pop(name.tag or "", None)

    def _flatten(self) -> dict[str, list[str]]:
        """Index repositories by their path without host, then by its last part alone.

        kubeadm asks for `coredns` where the image is `coredns/coredns`, and minikube for
        `kindnetd` where it is `kindest/kindnetd` (kubeadm GetDNSImage; minikube images.go).
        """
        ranked = sorted(self.repositories, key=_rank)
        flat: dict[str, list[str]] = {}
        for name in ranked:
            flat.setdefault(_path(name), []).append(name)
        for name in ranked:
            flat.setdefault(_path(name).rpartition("/")[2], []).append(name)
        return flat

    def canonical(self, path: str, ns: str | None, tag: str | None = None) -> str:
        """Return the canonical repository a client means, known here or not.

        Where a path may mean several, the first that has the tag is meant: two weeks' locks may
        hold CoreDNS under its old name and its new one. What minikube means by a path of which
        nothing is known here, the catalog says.
        """
        spellings = list(self._spellings(path, ns))
        known = [name for name in spellings if name in self.repositories]
        tagged = (name for name in known if tag in self.repositories[name])
        found = next(tagged, next(iter(known), None))
        return found or _meant(path, ns, tag) or spellings[0]

    def _spellings(self, path: str, ns: str | None) -> Iterator[str]:
        """Yield what a path may mean, the most explicit first.

        `ns` is the registry containerd asks on behalf of; it only chooses among names held and is
        never dialled.
        """
        if ns is not None:
            yield _join(canonical_host(ns), path) if is_host(ns) else path
            return
        if path.startswith(IMAGE_REPOSITORY):
            inner = path.removeprefix(IMAGE_REPOSITORY)
            yield from self._below_image_repository(inner)
        first, slash, rest = path.partition("/")
        if slash and "." in first:
            yield _join(canonical_host(first), rest)
        yield _join(DOCKER_HUB, path)

    def _below_image_repository(self, path: str) -> Iterator[str]:
        """Yield what minikube means by a path below `--image-repository` (facts: §1.3)."""
        first, slash, rest = path.partition("/")
        if slash and "." in first:  # minikube ≤ v1.26.1 leaves a host inside some addons' names
            yield _join(canonical_host(first), rest)
        yield from self._flat.get(path, ())
        yield _join(_HOST_ORDER[0], path)

    def tags(self, name: str) -> dict[str, Descriptor]:
        """Return the tags of a canonical repository that can be pulled."""
        return self.repositories.get(name, {})

    def nearest(self, name: str) -> str | None:
        """Return the held repository whose name is most like an unknown one."""
        held = {_likeness(known): known for known, tags in self.repositories.items() if tags}
        near = difflib.get_close_matches(_likeness(name), held, n=1, cutoff=0.75)
        return held[near[0]] if near else None

    def nearest_tagged(self, name: str, tag: str | None) -> str | None:
        """Return the held `name:tag` most like one that is not held."""
        near = name if self.tags(name) else self.nearest(name)
        if near is None:
            return None
        tags = sorted(self.tags(near))
        best = difflib.get_close_matches(tag or "", tags, n=1, cutoff=0.0)
        return f"{near}:{(best or tags)[0]}"


def _meant(path: str, ns: str | None, tag: str | None) -> str | None:
    is_below = ns is None and path.startswith(IMAGE_REPOSITORY)
    return meant_below(path.removeprefix(IMAGE_REPOSITORY), tag) if is_below else None


def _join(host: str, path: str) -> str:
    is_short = host == DOCKER_HUB and "/" not in path
    return f"{host}/library/{path}" if is_short else f"{host}/{path}"


def _path(name: str) -> str:
    return name.partition("/")[2]


def _likeness(name: str) -> str:
    """Return what tells a name from others: `library/` would make any two of them alike."""
    return _path(name).removeprefix("library/")


def _rank(name: str) -> tuple[int, str]:
    host = name.partition("/")[0]
    return (_HOST_ORDER.index(host) if host in _HOST_ORDER else len(_HOST_ORDER), name)
