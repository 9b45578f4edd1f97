"""Pinning plain files: by a published hash, the earlier lock or, at first sight, their bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from mirrorkit.documents.pins import EXPECTED, FIRST_SIGHT, PROVEN, PinnedFile, Unpinned
from mirrorkit.errors import MirrorkitError, SurroundingsError, UnreachableError, UpstreamError
from mirrorkit.flows.files import name_file
from mirrorkit.flows.plan import refuse_full_disk
from mirrorkit.oci.artifact import file_descriptor
from mirrorkit.oci.digest import Digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mirrorkit.content import SizedSource, Store, Whole
    from mirrorkit.flows.wanted import WantedFile
    from mirrorkit.oci.manifest import Descriptor

_NOBODY: Final = "nobody published its sha256, and no source answered"
# An endless answer would fill the disk; no file of a class has 64 GiB.
_SIZE_MOST: Final = 64 << 30


def pinned_before(file: WantedFile, earlier: PinnedFile | None) -> PinnedFile | None:
    """Pin a file by its published hash or by the earlier lock; None where neither knows it."""
    digest = file.digest or (earlier.digest if earlier else None)
    if digest is None:
        return None
    same = earlier if earlier and earlier.digest == digest else None
    size, known = (same.size, same.known) if same else (None, EXPECTED)
    if known == FIRST_SIGHT and file.digest is not None:
        known = PROVEN  # somebody published it since
    return PinnedFile(file.path, digest, size, file.urls, file.needed_by, known)


async def pin_at_sight(
    file: WantedFile,
    sources: Sequence[SizedSource],
    store: Store | None,
    failures: dict[str, MirrorkitError],
) -> PinnedFile | Unpinned:
    """Read a file whose hash nobody publishes; what is seen first is what is pinned.

    It goes into the store meanwhile, if there is one, so that no sync fetches it again. What a
    source fails in is noted in `failures`; SurroundingsError is raised.
    """
    for source in sources:
        try:
            seen = await _seen(source, store)
        except SurroundingsError:
            raise
        except MirrorkitError as error:
            failures[file.path] = error
        else:
            failures.pop(file.path, None)
            return PinnedFile(
                file.path, seen.digest, seen.size, file.urls, file.needed_by, FIRST_SIGHT
            )
    return Unpinned(
        file.path, is_file=True, reason=_NOBODY, urls=file.urls, needed_by=file.needed_by
    )


async def _seen(source: SizedSource, store: Store | None) -> Descriptor:
    async with source.whole() as body:
        if store is None:
            return await _hashed(body, source)
        refuse_full_disk(store, body.size or 0)
        async with store.lease():
            async with store.spool() as spool:
                async for piece in _checked(body, source):
                    await spool.write(piece)
                seen = await spool.publish()
            await name_file(seen, store)
            return seen


async def _hashed(body: Whole, source: SizedSource) -> Descriptor:
    hasher, size = hashlib.sha256(), 0
    async for piece in _checked(body, source):
        hasher.update(piece)
        size += len(piece)
    return file_descriptor(Digest(f"sha256:{hasher.hexdigest()}"), size)


async def _checked(body: Whole, source: SizedSource) -> AsyncIterator[bytes]:
    """Pass on a body that has the size it announced, or any size that a file may have."""
    size, most = 0, _SIZE_MOST if body.size is None else body.size
    async for piece in body.pieces:
        size += len(piece)
        if size > most:
            raise UpstreamError(f"{source.name} sent more than {most} bytes")
        yield piece
    if body.size not in (None, size):
        raise UnreachableError(f"{source.name} ended a file after {size} of {body.size} bytes")
