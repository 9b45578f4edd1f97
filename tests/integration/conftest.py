"""What the integration tests share: images, stores, servers, and nothing of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from mirrorkit.documents.pins import Lock
from mirrorkit.server.app import make_app
from mirrorkit.server.room import Room
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.memory import MemoryStore
from tests.fakes.registry import FakeRegistry, fake_registry
from tests.integration.client import IMAGES
from tests.integration.command import Desk
from tests.lab.classroom import classroom

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp.test_utils import TestClient
    from pytest_aiohttp.plugin import AiohttpClient

    from mirrorkit.content import Store
    from tests.lab.images import Made

NAMES = (
    "registry.k8s.io/pause:3.6",
    "registry.k8s.io/coredns/coredns:v1.8.6",
    "docker.io/library/nginx:alpine",
    "docker.io/library/redis:5-alpine",
)


class Serve(Protocol):
    """Serves a store by some locks and returns a client of that server."""

    async def __call__(self, store: DiskStore, *locks: Lock) -> TestClient[Any, Any]: ...


@pytest.fixture(scope="session")
def images() -> dict[str, Made]:
    """Four images of the class, some 60 KB: several platforms, attested, with a shared base."""
    made = classroom(scale=0.001)
    return {name: made[name] for name in NAMES}


@pytest.fixture
def serve(aiohttp_client: AiohttpClient) -> Serve:
    """Give a way to serve on a real socket; the locks are named week1, week2 …"""

    async def start(store: DiskStore, *locks: Lock) -> TestClient[Any, Any]:
        named = {f"week{number}": lock for number, lock in enumerate(locks or (Lock(()),), 1)}
        room = Room(store, lambda: named)
        return await aiohttp_client(make_app(room), auto_decompress=False)

    return start


@pytest.fixture(autouse=True)
def docker_config(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The folder of Docker's config.json, empty at first."""
    folder = tmp_path_factory.mktemp("docker")
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("MIRRORKIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A new store of each kind."""
    return DiskStore(tmp_path / "store") if request.param == "disk" else MemoryStore()


@pytest.fixture
def upstream(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    """A registry that has the IMAGES of the test's module; without those, the client's."""
    with fake_registry(getattr(request.module, "IMAGES", IMAGES)) as registry:
        yield registry


one = upstream
"""The same by the name that it has where there are two."""


@pytest.fixture
def two(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    """A second registry that has the same."""
    with fake_registry(request.module.IMAGES) as registry:
        yield registry


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A teacher's folder, empty at first."""
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(folder)
