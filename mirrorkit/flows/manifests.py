"""Manifests from a shelf: checked against their digest, parsed once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from mirrorkit.errors import IntegrityError, SurroundingsError
from mirrorkit.oci.manifest import DOCUMENT_MAX, Descriptor, parse_document

if TYPE_CHECKING:
    from mirrorkit.content import Shelf
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Document

_CACHED_BYTES: Final = 64 << 20


class HeldManifest(NamedTuple):
    """A manifest or index that is held, with its bytes."""

    data: bytes
    document: Document
    digest: Digest

    @property
    def descriptor(self) -> Descriptor:
        """What points at it."""
        return Descriptor(self.document.media_type, self.digest, len(self.data))


class Manifests:
    """Reads manifests of a shelf, keeping the recent ones; used from several threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._cache: OrderedDict[Digest, HeldManifest] = OrderedDict()
        self._cached_bytes = 0
        self._lock = Lock()

    def get(self, digest: Digest) -> HeldManifest | None:
        """Return a manifest, or None when it is not held or the blob is no manifest.

        IntegrityError when the bytes on the shelf are not those of the digest. The size is looked
        at each time, so that a file lost or cut short behind our back is noticed.
        """
        size = self._shelf.size(digest)
        if size is None or size > DOCUMENT_MAX:
            return None
        with self._lock:
            held = self._cache.get(digest)
            if held is not None and len(held.data) == size:
                self._cache.move_to_end(digest)
                return held
        return self._read(digest)

    def _read(self, digest: Digest) -> HeldManifest | None:
        try:
            data = self._shelf.read(digest)
        except FileNotFoundError:
            return None
        except SurroundingsError as error:
            raise IntegrityError(f"the store's file of {digest} cannot be read") from error
        if not digest.matches(data):
            raise IntegrityError(f"the store's file of {digest} holds other bytes")
        try:
            held = HeldManifest(data, parse_document(data), digest)
        except ValueError:
            return None
        with self._lock:
            self._keep(held)
        return held

    def _keep(self, held: HeldManifest) -> None:
        old = self._cache.pop(held.digest, None)
        self._cached_bytes += len(held.data) - (len(old.data) if old else 0)
        self._cache[held.digest] = held
        while self._cached_bytes > _CACHED_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached_bytes -= len(dropped.data)
