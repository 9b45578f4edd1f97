"""The seal tells a lock that mirrorkit wrote from one that somebody edited."""

from __future__ import annotations

import pytest

from mirrorkit.documents.seal import is_sealed, sealed

LOCK = b"# head\nversion: 1\nimages: []\n"
SEALED = sealed(LOCK)


def test_what_was_sealed_is_sealed() -> None:
    assert is_sealed(SEALED)
    assert SEALED.startswith(LOCK)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        LOCK,
        SEALED.replace(b"[]", b"[a]"),
        SEALED + b"# mine\n",
        SEALED.replace(b"\n", b"\r\n"),
        SEALED[:-1],
        SEALED[:-9],
        b"# mine\n" + SEALED,
        SEALED.replace(b"sha256:", b"sha256:0"),
    ],
)
def test_what_was_edited_is_not(text: bytes) -> None:
    assert not is_sealed(text)
