"""Manifests and indexes, OCI and Docker schema 2, read strictly."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

import msgspec

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.mediatypes import INDEXES, MANIFESTS, OCI_INDEX, OCI_MANIFEST
from mirrorkit.oci.platform import Platform

DOCUMENT_MAX: Final = 8 * 1024 * 1024
"""Bytes a manifest may have; distribution-spec asks registries to take at least 4 MB."""

_SCHEMA_VERSION: Final = 2
_SIZE_MAX: Final = 1 << 50


class PlatformFields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The platform object of a descriptor as it is written (image-spec, image index)."""

    os: str = ""
    architecture: str = ""
    variant: str | None = None


class Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Points at content: media type, digest, size in bytes (image-spec, content descriptors)."""

    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None
    platform: PlatformFields | None = None

    def __post_init__(self) -> None:
        """Refuse sizes no content can have."""
        if not 0 <= self.size <= _SIZE_MAX:
            raise ValueError(f"size {self.size} is not one a blob can have")

    @property
    def runs_on(self) -> Platform | None:
        """The platform in normal form, or None where the descriptor names none."""
        fields = self.platform
        if fields is None or not (fields.os and fields.architecture):
            return None
        try:
            said = (fields.os, fields.architecture, fields.variant)
            return Platform.parse("/".join(filter(None, said)))
        except ValueError:  # it would be printed on terminals
            return None


class Manifest(msgspec.Struct, frozen=True):
    """One image for one platform, or an artifact: a config and layers."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: dict[str, str] | None


class Index(msgspec.Struct, frozen=True):
    """Several manifests under one digest, one for each platform."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: dict[str, str] | None


Document: TypeAlias = Manifest | Index


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """What either document may hold; which of the two it is, is decided after decoding."""

    schema_version: int
    media_type: str | None = None
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] | None = None
    manifests: tuple[Descriptor, ...] | None = None
    subject: Descriptor | None = None
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None


def decode_digest(kind: type, value: object) -> object:
    """Let msgspec read digests by their strict grammar."""
    if kind is Digest and isinstance(value, str):
        return Digest(value)
    raise TypeError(f"{kind} expected")


_KEYS: Final = frozenset(_Wire.__struct_encode_fields__)
_LOWER_KEYS: Final = frozenset(key.lower() for key in _KEYS)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=decode_digest)


def parse_document(data: bytes, content_type: str | None = None) -> Document:
    """Read a manifest or index from its bytes.

    A document that could be taken for both is refused, and so is one whose Content-Type says
    otherwise than the document (CVE-2021-41190). ValueError says what is wrong.
    """
    if len(data) > DOCUMENT_MAX:
        raise ValueError(f"manifest of {len(data)} bytes; at most {DOCUMENT_MAX} are read")
    try:
        _refuse_ambiguity(data)
        wire = _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"not a manifest: {error}") from error
    if wire.schema_version != _SCHEMA_VERSION:
        raise ValueError("Docker schema 1 manifests are not supported")
    media_type = _media_type(wire)
    if content_type is not None and content_type != media_type:
        raise ValueError(f"sent as {content_type[:100]!r} but is {media_type}")
    if wire.manifests is not None:
        return Index(media_type, wire.manifests, wire.subject, wire.artifact_type, wire.annotations)
    if wire.config is None:
        raise ValueError("manifest without a config")
    return Manifest(
        media_type,
        wire.config,
        wire.layers or (),
        wire.subject,
        wire.artifact_type,
        wire.annotations,
    )


def _refuse_ambiguity(data: bytes) -> None:
    """Refuse what two readers could read differently: doubled keys, keys alike but for case."""
    root = json.loads(data.decode(), object_pairs_hook=_once)
    keys = root if isinstance(root, dict) else ()
    if any(key not in _KEYS and key.lower() in _LOWER_KEYS for key in keys):
        raise ValueError("a key is spelled in another case")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _media_type(wire: _Wire) -> str:
    """Decide what the document is by its content, and hold its mediaType against that."""
    is_index = wire.manifests is not None
    if is_index == (wire.config is not None or wire.layers is not None):
        raise ValueError("document is neither clearly a manifest nor clearly an index")
    if wire.media_type is None:
        return OCI_INDEX if is_index else OCI_MANIFEST
    if wire.media_type not in (INDEXES if is_index else MANIFESTS):
        raise ValueError(f"mediaType {wire.media_type[:100]!r} does not fit the content")
    return wire.media_type


def encode(value: object) -> bytes:
    """Write a descriptor, or anything holding some, as JSON."""
    return msgspec.json.encode(value, enc_hook=str)
