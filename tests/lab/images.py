"""Made-up images in memory: manifests, configs and indexes, OCI and Docker schema 2."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.lab.layers import Layer, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CREATED = "2022-01-26T00:00:00Z"
IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Format:
    """The media types and the way of writing JSON of one family of manifests."""

    manifest: str
    index: str
    config: str
    layer: str
    indent: int | None


OCI = Format(
    manifest="application/vnd.oci.image.manifest.v1+json",
    index="application/vnd.oci.image.index.v1+json",
    config="application/vnd.oci.image.config.v1+json",
    layer="application/vnd.oci.image.layer.v1.tar+gzip",
    indent=None,
)
DOCKER = Format(
    manifest="application/vnd.docker.distribution.manifest.v2+json",
    index="application/vnd.docker.distribution.manifest.list.v2+json",
    config="application/vnd.docker.container.image.v1+json",
    layer="application/vnd.docker.image.rootfs.diff.tar.gzip",
    # Docker indents by three; whoever parses and writes again is found out by the digest.
    indent=3,
)


@dataclass(frozen=True, slots=True)
class Made:
    """A manifest or index with everything it points at."""

    media_type: str
    data: bytes
    digest: str
    children: tuple[Made, ...] = ()
    blobs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    platform: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def descriptor(self) -> dict[str, Any]:
        """Return what a parent index says about this."""
        found = _descriptor(self.media_type, self.data)
        if self.platform:
            found["platform"] = _platform(self.platform)
        if self.annotations:
            found["annotations"] = dict(self.annotations)
        return found

    def manifests(self) -> list[Made]:
        """Return every manifest, children before parents."""
        below = [made for child in self.children for made in child.manifests()]
        return list({made.digest: made for made in [*below, self]}.values())

    def all_blobs(self) -> dict[str, bytes]:
        """Return the configs and layers of every manifest by digest."""
        return {d: data for made in self.manifests() for d, data in made.blobs.items()}

    def size(self) -> int:
        """Return the bytes of everything, each counted once."""
        blobs = sum(map(len, self.all_blobs().values()))
        return blobs + sum(len(made.data) for made in self.manifests())

    def for_platform(self, platform: str) -> Made:
        """Return the manifest of one platform; a name without variant matches any."""
        for made in self.manifests():
            if made.platform == platform or made.platform.startswith(f"{platform}/"):
                return made
        raise KeyError(platform)


def image(
    layers: Sequence[Layer],
    platform: str = "linux/amd64",
    *,
    kind: Format = OCI,
    label: str = "",
    path: str = "/bin",
) -> Made:
    """Make an image of one platform that would run `sh`."""
    config = _json(kind, _config(layers, platform, label, path))
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind.manifest,
        "config": _descriptor(kind.config, config),
        "layers": [_descriptor(kind.layer, layer.data) for layer in layers],
    }
    blobs = {digest_of(config): config} | {layer.digest: layer.data for layer in layers}
    data = _json(kind, manifest)
    return Made(kind.manifest, data, digest_of(data), (), blobs, platform)


def packed_anew(
    made: Made, layers: Sequence[tuple[str, bytes]], *, label: Mapping[str, Any] = {}
) -> Made:
    """Make another manifest of the same config: layers by media type and bytes.

    `label` goes into each layer's descriptor.
    """
    config = next(iter(made.blobs))
    document = json.loads(made.data)
    document["layers"] = [_descriptor(kind, data) | dict(label) for kind, data in layers]
    blobs = {config: made.blobs[config]} | {digest_of(data): data for _, data in layers}
    data = _json(OCI, document)
    return Made(made.media_type, data, digest_of(data), (), blobs, made.platform)


def index(children: Sequence[Made], *, kind: Format = OCI) -> Made:
    """Make an index (or a manifest list) of several platforms."""
    listed = [child.descriptor for child in children]
    data = _json(kind, {"schemaVersion": 2, "mediaType": kind.index, "manifests": listed})
    return Made(kind.index, data, digest_of(data), tuple(children))


def attestation(subject: Made) -> Made:
    """Make the provenance that buildkit adds to an index for one of its images."""
    about = {"name": "lab", "digest": {"sha256": subject.digest.removeprefix("sha256:")}}
    statement = _json(OCI, {"_type": "https://in-toto.io/Statement/v0.1", "subject": [about]})
    # buildkit's config names the statement itself as the only diff_id.
    layer = Layer(statement, digest_of(statement), digest_of(statement))
    config = _json(OCI, _config([layer], "unknown/unknown", ""))
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": _descriptor(OCI.config, config),
        "layers": [_descriptor(IN_TOTO, statement)],
    }
    data = _json(OCI, manifest)
    note = {
        "vnd.docker.reference.digest": subject.digest,
        "vnd.docker.reference.type": "attestation-manifest",
    }
    blobs = {digest_of(config): config, layer.digest: statement}
    return Made(OCI.manifest, data, digest_of(data), (), blobs, "unknown/unknown", note)


def _config(
    layers: Sequence[Layer], platform: str, label: str, path: str = "/bin"
) -> dict[str, Any]:
    return {
        **_platform(platform),
        "created": CREATED,
        "config": {
            "Env": [f"PATH={path}"],
            "Cmd": ["sh"],
            # Docker writes null where there is none.
            "Labels": {"org.opencontainers.image.title": label} if label else None,
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": CREATED, "created_by": "mirrorkit lab"} for _ in layers],
    }


def _platform(text: str) -> dict[str, str]:
    """Read `os/architecture[/variant][:os.version]`, the last for Windows."""
    where, _, version = text.partition(":")
    parts = dict(zip(("os", "architecture", "variant"), where.split("/"), strict=False))
    return parts | ({"os.version": version} if version else {})


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _json(kind: Format, document: dict[str, Any]) -> bytes:
    separators = None if kind.indent else (",", ":")
    return json.dumps(document, indent=kind.indent, separators=separators).encode()
