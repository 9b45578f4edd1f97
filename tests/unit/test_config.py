"""An image's config is somebody else's text: whatever it says, nothing else than ours escapes."""

from __future__ import annotations

import pytest

from mirrorkit.oci.config import diff_ids, platform_of
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor, PlatformFields
from mirrorkit.oci.platform import Platform

HOSTILE = [
    b"",
    b"\xff",
    b"null",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"os": 1, "architecture": 2, "rootfs": 3}',
    b'{"os": "linux", "architecture": null, "rootfs": {"diff_ids": null}}',
    b'{"os": "linux\\u001b[2J", "architecture": "amd64", "rootfs": {"diff_ids": [1]}}',
    b'{"os": "linux", "architecture": "a\\nb", "rootfs": {"diff_ids": ["sha256:x"]}}',
]


@pytest.mark.parametrize("config", HOSTILE)
def test_what_says_no_platform_has_none(config: bytes) -> None:
    assert platform_of(config) is None


@pytest.mark.parametrize("config", HOSTILE)
def test_what_does_not_name_its_layers_is_refused(config: bytes) -> None:
    with pytest.raises(ValueError, match="does not name its layers"):
        diff_ids(config)


def test_platform_and_layers_are_read() -> None:
    layer = Digest.of(b"layer")
    config = (
        b'{"os": "linux", "architecture": "arm", "variant": "v6", "rootfs": {"diff_ids": ["%s"]}}'
    )
    assert platform_of(config) == Platform("linux", "arm", "v6")
    assert diff_ids(config % layer.encode()) == [layer]


@pytest.mark.parametrize("fields", [("linux\x1b[2J", "amd64"), ("linux", "a\nb"), ("a/b/c", "d")])
def test_a_platform_that_would_steer_a_terminal_is_none(fields: tuple[str, str]) -> None:
    said = PlatformFields(*fields)
    assert Descriptor("x", Digest.of(b""), 0, platform=said).runs_on is None
