"""What is remembered of recent requests is bounded, however long or many they are."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from multidict import CIMultiDict

from mirrorkit.documents.layout import EMPTY
from mirrorkit.oci.digest import Digest
from mirrorkit.server.names import Names
from mirrorkit.server.recent import Crowd, Pointed, Recent

NAMES = Names(EMPTY, ())
POINTED = Pointed(Digest.of(b""), CIMultiDict())


def remembers(target: str, host: str | None = "x") -> bool:
    recent = Recent()
    recent.get(NAMES, target, host)
    recent.keep(target, host, POINTED)
    return recent.get(NAMES, target, host) == POINTED


def test_what_clients_ask_is_remembered() -> None:
    assert remembers("/v2/pause/manifests/3.6?ns=registry.k8s.io", None)
    assert remembers(f"/v2/{'a' * 255}/manifests/{'t' * 128}?ns={'h' * 253}", "h" * 253)


def test_what_is_longer_than_any_client_s_is_not() -> None:
    assert not remembers(f"/v2/pause/manifests/3.6?{'x' * 7000}")
    assert not remembers("/v2/pause/manifests/3.6", "h" * 7000)


def test_other_names_empty_it() -> None:
    recent = Recent()
    recent.get(NAMES, "/", None)
    recent.keep("/", None, POINTED)
    assert recent.get(Names(EMPTY, ()), "/", None) is None


async def test_what_a_crowd_asks_at_once_is_looked_up_once_and_later_anew() -> None:
    crowd, looks = Crowd(), count()
    assert [crowd.once("index", lambda: next(looks)) for _ in range(3)] == [0, 0, 0]
    assert crowd.once("lock", lambda: "another") == "another"
    for expected in (1, 2):
        await asyncio.sleep(0)
        assert crowd.once("index", lambda: next(looks)) == expected


async def test_a_look_that_fails_is_not_kept() -> None:
    crowd = Crowd()
    with pytest.raises(OSError, match="the disk"):
        crowd.once("index", failing)
    assert crowd.once("index", lambda: 1) == 1


def failing() -> int:
    raise OSError("the disk")
