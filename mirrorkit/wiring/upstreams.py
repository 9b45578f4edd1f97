"""The sources of images and files; the network's libraries are imported when the first is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mirrorkit.documents.pins import PinnedImage
from mirrorkit.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mirrorkit.content import SizedSource, Source
    from mirrorkit.documents.pins import PinnedFile
    from mirrorkit.events import Listener
    from mirrorkit.flows.run import Candidate
    from mirrorkit.oci.reference import Reference
    from mirrorkit.remote.transport import Transport
    from mirrorkit.settings import Settings


_NO_DIGEST = Digest.of(b"")


class Upstreams:
    """The sources of images; the network's libraries are imported when the first is asked."""

    def __init__(self, settings: Settings, report: Listener, *, is_patient: bool = True) -> None:
        self._settings = settings
        self._report = report
        self._is_patient = is_patient
        self._transport: Transport | None = None
        self._repositories: dict[str, Source] = {}

    def __call__(self, image: PinnedImage) -> Sequence[Source]:
        """Return whom to ask for an image, the first to ask first."""
        return [candidate.source for candidate in self.candidates(image)]

    def candidates(self, image: PinnedImage) -> Sequence[Candidate]:
        """Return every place an image may be at, and whom to ask there."""
        from mirrorkit.flows.run import Candidate

        places = self._settings.sources.places(image)
        sources = self.at([place.reference for place in places])
        return [Candidate(*pair) for pair in zip(places, sources, strict=True)]

    def at(self, names: Sequence[Reference]) -> Sequence[Source]:
        """Return the repositories of some names."""
        from mirrorkit.remote.registry import Repository

        transport = self._open()
        for name in names:
            self._repositories.setdefault(name.name, Repository(name, transport))
        return [self._repositories[name.name] for name in names]

    def for_lock(self, names: Sequence[Reference], digest: Digest | None) -> Sequence[Source]:
        """Return where an image is looked at: any mirror for a digest, upstream for a tag."""
        if digest is None and not self._settings.sources.chosen:
            return self.at(names)
        image = PinnedImage(names[0], digest or _NO_DIGEST, origins=tuple(names))
        return self(image)

    def files(self, file: PinnedFile) -> Sequence[SizedSource]:
        """Return where a plain file can be fetched."""
        return self.at_urls(file.urls)

    def at_urls(self, urls: Sequence[str]) -> Sequence[SizedSource]:
        """Return the files at some URLs."""
        from mirrorkit.remote.files import FileSource

        return [FileSource(url, self._open()) for url in urls]

    def _open(self) -> Transport:
        from mirrorkit.remote.transport import Transport

        if self._transport is None:
            self._transport = Transport(
                self._settings.endpoints,
                connections=self._settings.jobs,
                report=self._report,
                trust=self._settings.trust,
                limit_rate=self._settings.limit_rate,
                is_patient=self._is_patient,
            )
        return self._transport

    def is_held(self) -> bool:
        """Say whether bytes wait for the operator's limit."""
        return self._transport is not None and self._transport.is_held()

    async def close(self) -> None:
        """Close every connection."""
        if self._transport is not None:
            await self._transport.close()
