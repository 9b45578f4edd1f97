"""The bad line does what its rules say, and counts what came through."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

import pytest

from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.lesson import APP, layer_of, made
from tests.lab.line import bad_line
from tests.lab.process import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 1 << 20
LAYER = layer_of("line", SIZE)
PATH = f"/v2/app/blobs/{LAYER.digest}"


@pytest.fixture
def upstream() -> Iterator[FakeRegistry]:
    with fake_registry({APP: made("line", size=SIZE)}) as registry:
        yield registry


def get(address: str, seconds: float = 20) -> bytes:
    with urllib.request.urlopen(f"http://{address}{PATH}", timeout=seconds) as response:
        data: bytes = response.read()
    return data


def test_what_comes_through_is_what_was_sent_and_is_counted(upstream: FakeRegistry) -> None:
    with bad_line(upstream.address, rate=16 << 20) as line:
        assert get(line.address) == LAYER.data
        assert line.connections == 1
        whole = len(LAYER.data)
        wait_until(lambda: line.drained > whole, 5, "the last count")
        assert line.drained < whole + 1000  # the head of the answer


def test_each_connection_is_reset_after_so_many_bytes(upstream: FakeRegistry) -> None:
    with bad_line(upstream.address, reset_after=SIZE // 2) as line:
        for _ in range(2):
            with pytest.raises((OSError, HTTPException)):
                get(line.address)
        wait_until(lambda: line.resets == 2, 5, "two resets")
        assert line.drained <= SIZE


def test_every_second_connection_is_silent(upstream: FakeRegistry) -> None:
    with bad_line(upstream.address, silent_every=2) as line:
        assert get(line.address) == LAYER.data
        with pytest.raises(TimeoutError):
            get(line.address, seconds=0.2)
        assert get(line.address) == LAYER.data
        assert len(upstream.requests()) == 2
