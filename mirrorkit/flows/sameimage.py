"""Same image: where a source packed the layers anew, what it has stands in for what is pinned.

Its manifest is taken when its config is the pinned one, byte for byte, for the same platform, and
every layer unpacks to what that config names: a container finds the same files in it. It is then
served under the tag with its own digest, for that platform alone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mirrorkit.errors import (
    DeniedError,
    DifferentImageError,
    IntegrityError,
    NotFoundError,
    UnreachableError,
    UpstreamError,
)
from mirrorkit.events import ImageSubstituted, SourceFailed
from mirrorkit.flows.identity import document_at, known_platforms
from mirrorkit.flows.layers import take_layers
from mirrorkit.flows.plan import put
from mirrorkit.flows.substitutes import is_whole, joined, on_platform, parts_of
from mirrorkit.oci.manifest import Index
from mirrorkit.oci.mediatypes import ZSTD_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mirrorkit.documents.pins import PinnedImage
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.flows.manifests import HeldManifest
    from mirrorkit.flows.run import Candidate, Run
    from mirrorkit.oci.manifest import Descriptor, Manifest
    from mirrorkit.oci.platform import Platform

_CHILDREN_MOST: Final = 32


async def take_same_images(
    images: Iterable[PinnedImage], failures: dict[str, MirrorkitError], run: Run
) -> None:
    """Look for the same image where the pinned bytes of one were not to be had.

    A failure that this cures is taken out of `failures`. Where a source has a different image
    that becomes the failure; but an image whose source gave no answer keeps that error, for
    asking again may bring it. Raises SurroundingsError only.
    """
    for image in images:  # one after the other: two may share a layer, and one discard it
        name = str(image.name)
        error = failures.get(name)
        if isinstance(error, (UpstreamError, IntegrityError)):
            search = _Search(image, run)
            if await search.take():
                del failures[name]
            else:
                failures[name] = search.explained(error)
                failures[name].trail = error.trail


class _Search:
    """One image whose pinned bytes were not to be had, and what was found in their place."""

    def __init__(self, image: PinnedImage, run: Run) -> None:
        self._image = image
        self._run = run
        silent = replace(run, report=lambda _event: None)  # sync has told of wrong documents
        self._known = {
            platform: known
            for platform, known in known_platforms(image, silent).items()
            if known.image_id is not None or known.manifest is not None
        }
        substitute = run.store.index().substitutes.get(image.digest)
        parts = parts_of(substitute, run.manifests) if substitute else {}
        self._parts: dict[Platform | None, Descriptor] = {
            platform: part
            for platform, part in parts.items()
            if is_whole(part, run.store, run.manifests)
        }
        self._refusals: dict[str, str] = {}
        # Docker 20.10 cannot unpack zstd, so another source's gzip is better.
        self._zstd: list[Candidate] = []
        self._takes_zstd = False

    @property
    def _missing(self) -> list[Platform | None]:
        return [platform for platform in self._known if platform not in self._parts]

    async def take(self) -> bool:
        """Ask the candidates for what is missing; return whether that made the image whole."""
        if self._known and not self._missing:
            await self._tag()  # another name of the same digest
        for candidate in self._run.candidates_of(self._image):
            if self._missing:
                await self._ask(candidate)
        self._takes_zstd = True
        for candidate in self._zstd:
            if self._missing:
                await self._ask(candidate)
        return bool(self._known) and not self._missing

    def explained(self, error: MirrorkitError) -> MirrorkitError:
        """Return why the image is not had, after the search as before it."""
        if not self._refusals:
            return error
        said = "; ".join(f"different image at {at}: {why}" for at, why in self._refusals.items())
        if isinstance(error, UnreachableError):
            return UnreachableError(f"{error.message}; {said}", hint=error.hint)
        return DifferentImageError(
            f"{said}; {error.message}",
            hint="name a source that has it (`mirrorkit sources probe` asks them all), or pin what"
            f" one has: mirrorkit lock --source NAME --upgrade {self._image.name}",
        )

    async def _ask(self, candidate: Candidate) -> None:
        """Take what a candidate has; whatever it suffers, the next one is asked."""
        before = set(self._parts)
        try:
            is_other = await self._take_from(candidate)
        except IntegrityError as error:
            self._refuse(candidate, error.message)
        except (NotFoundError, DeniedError):
            pass  # it said so to sync before
        except UpstreamError as error:
            self._tell(candidate, error)
        else:
            if is_other and self._missing:
                self._refuse(candidate, "its config is not the pinned one")
        if new := self._parts.keys() - before:
            await self._tag()
            platforms = sorted(str(platform) for platform in new if platform is not None)
            name, source = str(self._image.name), candidate.place.source
            self._run.report(ImageSubstituted(name, source, platforms, self._takes_zstd))

    def _refuse(self, candidate: Candidate, why: str) -> None:
        self._refusals[f"{candidate.place.source} ({candidate.place.reference})"] = why
        self._tell(candidate, DifferentImageError(f"different image: {why}"))

    def _tell(self, candidate: Candidate, error: MirrorkitError) -> None:
        self._run.report(SourceFailed.of(str(self._image.name), candidate.source.name, error))

    async def _take_from(self, candidate: Candidate) -> bool:
        """Take what is the same under a candidate's tag; return whether something there is not."""
        source = candidate.source
        digest = await source.resolve(candidate.place.reference.tag or "latest")
        if digest == self._image.digest:
            return False  # sync has just asked for each of its blobs here
        root = await document_at(source, digest)
        if not isinstance(root.document, Index):
            return not await self._take_if_same(root, self._missing, candidate)
        is_other = False
        for child in self._children(root.document):
            wanted = [one for one in self._missing if one in (None, child.runs_on)]
            with suppress(NotFoundError):  # a mirror that copied some platforms only
                if wanted:
                    found = await document_at(source, child.digest)
                    is_other |= not await self._take_if_same(found, wanted, candidate)
        return is_other

    def _children(self, index: Index) -> list[Descriptor]:
        """Return one child for each platform; of an image without an index any may be it."""
        first = {child.runs_on: child for child in reversed(index.manifests)}
        return [first[one] for one in sorted(first, key=str)][:_CHILDREN_MOST]

    async def _take_if_same(
        self, found: HeldManifest, wanted: Sequence[Platform | None], candidate: Candidate
    ) -> bool:
        """Take a manifest whose config is that of a wanted platform; False when it is of none."""
        manifest, known = found.document, self._known
        if isinstance(manifest, Index):
            return False
        config = manifest.config.digest
        for platform in wanted:
            if config == known[platform].image_id or found.digest == known[platform].manifest:
                if not self._takes_zstd and _is_zstd(manifest):
                    self._zstd.append(candidate)
                    return True
                what = str(self._image.name)
                await take_layers(manifest, candidate.source, self._run, what=what)
                await self._put(found.descriptor, found.data)
                self._parts[platform] = on_platform(found.descriptor, platform)
                return True
        return config in {one.image_id for one in known.values()}

    async def _tag(self) -> None:
        """Name what there is: the one manifest wanted, or an index of those had so far."""
        root, *others = self._parts.values()
        if others or len(self._known) > 1:
            root, data = joined(self._parts)
            await self._put(root, data)
        await self._run.store.tag(self._image.name, root, self._image.digest)

    async def _put(self, descriptor: Descriptor, data: bytes) -> None:
        """Publish a manifest; what a disk made of an older copy does not stay in its place."""
        store = self._run.store
        if store.size(descriptor.digest) is not None and store.read(descriptor.digest) != data:
            await store.discard(descriptor.digest)
        await put(store, descriptor.digest, data)


def _is_zstd(manifest: Manifest) -> bool:
    return any(layer.media_type in ZSTD_LAYERS for layer in manifest.layers)
