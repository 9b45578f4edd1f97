"""What an image's config says (image-spec, config.md); it is somebody else's text until checked."""

from __future__ import annotations

import json
from typing import Final

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform

CONFIG_MAX: Final = 4 << 20
"""Bytes a config may have; real ones have some kilobytes."""

_NOT_SAID: Final = (ValueError, RecursionError, LookupError, TypeError)


def platform_of(config: bytes) -> Platform | None:
    """Return what an image runs on; None for an artifact, and for the oldest images."""
    try:
        fields = json.loads(config)
        said = (fields["os"], fields["architecture"], fields.get("variant"))
        return Platform.parse("/".join(filter(None, said)))
    except (*_NOT_SAID, AttributeError):
        return None


def diff_ids(config: bytes) -> list[Digest]:
    """Return what each layer unpacks to, in order; ValueError where that is not said."""
    try:
        return [Digest(diff_id) for diff_id in json.loads(config)["rootfs"]["diff_ids"]]
    except _NOT_SAID as error:
        raise ValueError("its config does not name its layers") from error
