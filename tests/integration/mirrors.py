"""Mirrors on loopback that stand in for the real ones: upstream, Aliyun, DaoCloud."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from mirrorkit.documents.configuration import Listen
from mirrorkit.settings import Settings
from mirrorkit.wiring import sync_once
from tests.fakes.registry import FakeRegistry, fake_registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mirrorkit.events import Event
    from mirrorkit.flows.sync import SyncReport
    from tests.lab.images import Made

T = TypeVar("T")
ALIYUN = "registry.cn-hangzhou.aliyuncs.com"
PAUSE = "registry.k8s.io/pause:3.6"
COREDNS = "registry.k8s.io/coredns/coredns:v1.8.6"


@dataclass
class Mirrors:
    """A class in a folder, and three registries: by default each has nothing."""

    folder: Path
    upstream: FakeRegistry
    aliyun: FakeRegistry
    daocloud: FakeRegistry
    heard: list[Event] = field(default_factory=list)

    @property
    def endpoints(self) -> dict[str, str]:
        return {
            "registry.k8s.io": self.upstream.url,
            "k8s.gcr.io": self.upstream.url,
            "docker.io": self.upstream.url,
            ALIYUN: self.aliyun.url,
            "m.daocloud.io": self.daocloud.url,
        }

    @property
    def settings(self) -> Settings:
        return Settings(
            store=self.folder / "store",
            listen=Listen(None, 0),
            jobs=4,
            locks=(self.folder / "images.lock.yaml",),
            endpoints=self.endpoints,
        )

    def lock(
        self,
        images: Mapping[str, Made],
        platforms: Sequence[str] = (),
        children: Mapping[str, Mapping[str, Mapping[str, str]]] | None = None,
    ) -> None:
        """Write the lock; `children` is what it knows of the platforms of an image."""
        pins = [
            {"name": name, "digest": made.digest}
            | ({"platforms": children[name]} if children and name in children else {})
            for name, made in images.items()
        ]
        head = {"version": 1} | ({"platforms": list(platforms)} if platforms else {})
        text = json.dumps({**head, "images": pins})
        (self.folder / "images.lock.yaml").write_text(text)
        endpoints = {host: {"url": url} for host, url in self.endpoints.items()}
        settings = {"store": str(self.folder / "store"), "endpoints": endpoints}
        (self.folder / "mirrorkit.yaml").write_text(json.dumps(settings))

    @property
    def documents(self) -> Path:
        """The folder beside the lock."""
        folder = self.folder / "images.lock.d"
        folder.mkdir(exist_ok=True)
        return folder

    def keep_documents(self, made: Made, *, configs: bool = False) -> None:
        """Put the manifests of an image beside the lock, and its configs if asked."""
        for part in made.manifests():
            self._keep(part.digest, part.data)
            config = next(iter(part.blobs), None)
            if configs and config is not None:
                self._keep(config, part.blobs[config])

    def _keep(self, digest: str, data: bytes) -> None:
        (self.documents / digest.replace(":", "-")).write_bytes(data)

    def report(self, event: Event) -> None:
        self.heard.append(event)

    def events(self, kind: type[T]) -> list[T]:
        """Return what was heard of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    async def sync(self) -> SyncReport:
        """Sync once, wired as the command does it."""
        return await sync_once(self.settings, self.report)


def put(registry: FakeRegistry, images: Mapping[str, Made]) -> None:
    """Let a registry hold more images, under names with a host that does not matter."""
    with fake_registry(images) as other:
        registry.contents.update(other.contents)


@contextmanager
def mirrors(folder: Path) -> Iterator[Mirrors]:
    """Run the three registries."""
    with fake_registry({}) as upstream, fake_registry({}) as aliyun, fake_registry({}) as daocloud:
        yield Mirrors(folder, upstream, aliyun, daocloud)
