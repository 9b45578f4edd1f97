"""The OCI image layout's two small files (image-spec, "Image Layout")."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from mirrorkit.oci.manifest import Descriptor, decode_digest, encode
from mirrorkit.oci.mediatypes import OCI_INDEX
from mirrorkit.oci.reference import Reference

if TYPE_CHECKING:
    from mirrorkit.oci.digest import Digest

OCI_LAYOUT: Final = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME: Final = "org.opencontainers.image.ref.name"


class LayoutIndex(msgspec.Struct, frozen=True, rename="camel", dict=True):
    """What a layout's index.json names; each change makes a new value."""

    manifests: tuple[Descriptor, ...] = ()
    schema_version: int = 2
    media_type: str = OCI_INDEX

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

    def tagged(self, name: Reference, descriptor: Descriptor) -> LayoutIndex:
        """Name a root; what the name stood for before stays, without a name."""
        annotations = {REF_NAME: str(name)}
        new = msgspec.structs.replace(descriptor, annotations=annotations, platform=None)
        kept = []
        for old in self.manifests:
            is_moved = (old.annotations or {}).get(REF_NAME) == str(name)
            if not is_moved:
                kept.append(old)
            elif old.digest != descriptor.digest:
                kept.append(msgspec.structs.replace(old, annotations=None))
        kept = [old for old in kept if old.annotations or old.digest != descriptor.digest]
        return LayoutIndex((*kept, new))

    def encode(self) -> bytes:
        """Write it, one entry a line, so that it can be read and compared by people."""
        return msgspec.json.format(encode(self), indent=1) + b"\n"


_decoder: Final = msgspec.json.Decoder(LayoutIndex, dec_hook=decode_digest)


def parse_index(data: bytes) -> LayoutIndex:
    """Read an index.json; ValueError when it is none."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _reference(text: str) -> Reference | None:
    try:
        return Reference.parse(text)
    except ValueError:
        return None
