"""The OCI image layout's two small files (image-spec, "Image Layout")."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor, decode_digest, encode
from mirrorkit.oci.mediatypes import OCI_INDEX
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Iterable

OCI_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME: Final = "org.opencontainers.image.ref.name"
STANDS_FOR: Final = "vnd.mirrorkit.stands-for"
"""The digest that a lock pins, on an entry that is the same image in other bytes."""

_HEAD: Final = {"schemaVersion": 2, "mediaType": OCI_INDEX}


@dataclass(frozen=True)
class LayoutIndex:
    """What a layout's index.json names; each change makes a new value.

    Entries are kept as they are written, so that what other tools say there is never lost.
    """

    entries: tuple[dict[str, Any], ...] = ()
    head: dict[str, Any] = field(default_factory=lambda: dict(_HEAD))
    """Everything beside `manifests`."""

    @cached_property
    def manifests(self) -> tuple[Descriptor, ...]:
        """The entries, read."""
        return tuple(
            msgspec.convert(entry, Descriptor, dec_hook=decode_digest) for entry in self.entries
        )

    @cached_property
    def names(self) -> dict[Reference, Descriptor]:
        """Every canonical name with what it stands for; other tools' short names are left out."""
        found: dict[Reference, Descriptor] = {}
        for descriptor in self.manifests:
            text = (descriptor.annotations or {}).get(REF_NAME, "")
            name = _reference(text)
            if name is not None and str(name) == text:
                found[name] = descriptor
        return found

    @cached_property
    def roots(self) -> dict[Digest, Descriptor]:
        """Everything that was once complete, named or not, by digest."""
        return {descriptor.digest: descriptor for descriptor in self.manifests}

    @cached_property
    def substitutes(self) -> dict[Digest, Descriptor]:
        """What stands for a pinned digest: the same image in other bytes, by that digest."""
        found: dict[Digest, Descriptor] = {}
        for descriptor in self.manifests:
            with suppress(ValueError):
                found[Digest((descriptor.annotations or {}).get(STANDS_FOR, ""))] = descriptor
        return found

    def tagged(
        self, name: Reference, descriptor: Descriptor, stands_for: Digest | None = None
    ) -> LayoutIndex:
        """Name a root; what the name stood for before stays, without a name.

        `stands_for` is the digest it is a substitute for. The digest itself, and another
        substitute, take that part from the one before.
        """
        notes = {REF_NAME: str(name)} | ({STANDS_FOR: str(stands_for)} if stands_for else {})
        new = msgspec.structs.replace(descriptor, annotations=notes)
        replaced = ((REF_NAME, str(name)), (STANDS_FOR, stands_for or descriptor.digest))
        entries = [_without(entry, replaced) for entry in self.entries]
        kept = [e for e in entries if e.get("annotations") or e["digest"] != descriptor.digest]
        return LayoutIndex((*kept, json.loads(encode(new))), self.head)

    def encode(self) -> bytes:
        """Write it with one fact a line, so that people can read and compare it."""
        whole = {**self.head, "manifests": list(self.entries)}
        return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n"


EMPTY: Final = LayoutIndex()


def parse_index(data: bytes) -> LayoutIndex:
    """Read an index.json; ValueError when it is none."""
    try:
        head = json.loads(data.decode())
        entries = head.pop("manifests")
        if head.get("schemaVersion") != _HEAD["schemaVersion"]:
            raise ValueError("schemaVersion is not 2")
        if head.get("mediaType", OCI_INDEX) != OCI_INDEX:
            raise ValueError("mediaType is not an OCI index's")
        index = LayoutIndex(tuple(entries), head)
        _ = index.manifests, index.encode()
    except (KeyError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError("its form is not an index's") from error
    return index


def _without(entry: dict[str, Any], notes: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Take annotations away from an entry that has them with these values."""
    before = entry.get("annotations") or {}
    gone = dict(notes)
    rest = {key: value for key, value in before.items() if gone.get(key) != value}
    if len(rest) == len(before):
        return entry
    bare = {key: value for key, value in entry.items() if key != "annotations"}
    return {**bare, "annotations": rest} if rest else bare


def _reference(text: str) -> Reference | None:
    try:
        return Reference.parse(text)
    except ValueError:
        return None
