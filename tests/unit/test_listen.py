"""Addresses to listen on, as people write them."""

from __future__ import annotations

import pytest

from mirrorkit.documents.configuration import Listen


@pytest.mark.parametrize(
    "text, host, port, written",
    [
        (":80", None, 80, ":80"),
        ("0.0.0.0:80", "0.0.0.0", 80, "0.0.0.0:80"),
        ("0.0.0.0", "0.0.0.0", 5080, "0.0.0.0:5080"),
        ("127.0.0.1", "127.0.0.1", 5080, "127.0.0.1:5080"),
        ("127.1.2.3:0", "127.1.2.3", 0, "127.1.2.3:0"),
        ("localhost:65535", "localhost", 65535, "localhost:65535"),
        ("[::1]:80", "::1", 80, "[::1]:80"),
        ("[::1]", "::1", 5080, "[::1]:5080"),
        ("[::]:80", "::", 80, "[::]:80"),
        ("teacher.school.cn", "teacher.school.cn", 5080, "teacher.school.cn:5080"),
    ],
)
def test_an_address_to_listen_on(text: str, host: str | None, port: int, written: str) -> None:
    found = Listen.parse(text)
    assert found == (host, port)
    assert str(found) == written
    assert Listen.parse(written) == found


@pytest.mark.parametrize(
    "text",
    [
        ":",
        "a:",
        ":x",
        ":-1",
        ":65536",
        ":\u0665",
        "::1",
        "::1:80",
        "[::1",
        "a b:1",
        "a/b",
        "-a:1",
        "10.0.0.300",
        "10.0.0.300:80",
        "10.0.0:80",
    ],
)
def test_what_is_no_address_to_listen_on(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        Listen.parse(text)
