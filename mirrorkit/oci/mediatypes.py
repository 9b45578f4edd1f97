"""Media types of what registries hold."""

from typing import Final

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"

INDEXES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
DOCUMENTS: Final = INDEXES | MANIFESTS

IMAGE_CONFIGS: Final = frozenset(
    {
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    }
)
"""Configs that say what a container runs, and whose digest is the image id."""

TAR_LAYERS: Final = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar",
    }
)
GZIP_LAYERS: Final = frozenset(
    {
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    }
)
# Docker's own spelling of zstd is left out: containerd 1.6, podman and skopeo refuse it.
ZSTD_LAYERS: Final = frozenset({"application/vnd.oci.image.layer.v1.tar+zstd"})
LAYERS: Final = TAR_LAYERS | GZIP_LAYERS | ZSTD_LAYERS
"""Layers that may be handed on, by how they are packed (image-spec, layer.md)."""
PLAIN_LAYERS: Final = TAR_LAYERS | GZIP_LAYERS
"""Layers that every Docker Engine unpacks; what its owner forbids to hand on is not among them."""
