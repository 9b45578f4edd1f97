"""How many connections the open files of this machine are enough for."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from mirrorkit.server.limits import Limits, fit
from mirrorkit.server.places import most

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Let the system allow so many open files; give the list of what is then asked for."""

    def with_files(hard: int) -> list[int]:
        asked: list[int] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (256, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, pair: asked.append(pair[0]))
        return asked

    return with_files


@pytest.mark.parametrize("hard", [256, 1024, 4096, 20_000, 1 << 20])
def test_connections_and_their_blobs_fit_into_the_open_files(
    allow: Callable[[int], list[int]], hard: int
) -> None:
    asked = allow(hard)
    limits = fit(Limits())
    assert asked == [min(hard, 1 << 16)]
    assert limits.connections + 2 * most(limits.places) < asked[-1]
    assert limits.connections > most(limits.places) > 0


def test_where_files_are_many_the_limits_stay_as_they_are(
    allow: Callable[[int], list[int]],
) -> None:
    allow(1 << 20)
    assert fit(Limits()) == Limits()


def test_a_limit_named_but_not_granted_is_asked_for_again_lower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def grant(_: int, pair: tuple[int, int]) -> None:
        asked.append(pair[0])
        if pair[0] > 10_240:
            raise ValueError("not granted")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", grant)
    limits = fit(Limits())
    assert asked == [1 << 16, 10_240]
    assert limits.connections + 2 * most(limits.places) < 10_240
