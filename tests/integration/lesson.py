"""A lesson: made-up images, the lock that pins them, and one sync of it in this process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from mirrorkit.documents.lock import parse_lock
from mirrorkit.flows.run import Run
from mirrorkit.flows.sync import SyncReport, sync
from mirrorkit.progress import Tally
from mirrorkit.remote.files import FileSource
from mirrorkit.remote.registry import Repository
from mirrorkit.remote.transport import Transport
from tests.lab.images import Made, image
from tests.lab.layers import Layer, random_layer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mirrorkit.content import Store
    from mirrorkit.documents.pins import Lock
    from mirrorkit.events import Event

APP = "one.test/app:1"
WEB = "one.test/web:1"
T = TypeVar("T")


def made(*seeds: str, size: int = 3000) -> Made:
    """Make an image with a layer for each seed; the same seed is the same layer."""
    return image([random_layer(seed, size) for seed in seeds], label=" ".join(seeds))


def layer_of(seed: str, size: int = 3000) -> Layer:
    """Return the layer that `made` gives this seed."""
    return random_layer(seed, size)


IMAGES = {APP: made("base", "app"), WEB: made("base", "web")}
BASE = layer_of("base").digest
"""The layer that both have."""


def lock_text(
    images: Mapping[str, Made], *, mirror: str = "", platforms: str = "linux/amd64"
) -> str:
    """Write the lock of images; a mirror is the host of a second source for each."""
    lines = ["version: 1", f"platforms: [{platforms}]", "images:"]
    for name, made_image in images.items():
        lines += [f"- name: {name}", f"  digest: {made_image.digest}"]
        if mirror:
            there = f"{mirror}/{name.partition('/')[2]}"
            lines.append(f"  sources: {{second: {{name: {there}}}}}")
    return "\n".join(lines) + "\n"


@dataclass
class Lesson:
    """A lock, where its hosts are asked, and everything that was heard meanwhile."""

    lock: Lock
    endpoints: Mapping[str, str]
    heard: list[Event] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    limit_rate: int = 0

    @classmethod
    def of(cls, images: Mapping[str, Made], one: str, two: str = "") -> Lesson:
        """Make a lesson whose images are at one registry, or at two."""
        text = lock_text(images, mirror="two.test" if two else "")
        return cls(parse_lock(text.encode()), {"one.test": one, "two.test": two})

    def report(self, event: Event) -> None:
        """Remember an event."""
        self.heard.append(event)
        self.tally.add(event)

    def events(self, kind: type[T]) -> list[T]:
        """Return what was heard of one kind."""
        return [event for event in self.heard if isinstance(event, kind)]

    @asynccontextmanager
    async def open_run(
        self, store: Store, jobs: int = 8, pauses: Sequence[float] = ()
    ) -> AsyncIterator[Run]:
        """Open a run as the wiring does, but without a pause unless a test asks for some."""
        transport = Transport(self.endpoints, limit_rate=self.limit_rate)
        try:
            yield Run(
                store,
                lambda image: [Repository(origin, transport) for origin in image.origins],
                self.report,
                lambda file: [FileSource(url, transport) for url in file.urls],
                jobs,
                pauses,
                is_held=transport.is_held,
            )
        finally:
            await transport.close()

    async def sync(self, store: Store, jobs: int = 8, pauses: Sequence[float] = ()) -> SyncReport:
        """Sync once; the tally is of this sync alone."""
        self.tally = Tally()
        async with self.open_run(store, jobs, pauses) as run:
            return await sync(self.lock, run)
