"""Plain files: fetched from their URLs, kept as artifacts, named last as images are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.errors import MirrorkitError, SurroundingsError
from mirrorkit.events import FileCompleted, FileFailed
from mirrorkit.flows.attempts import each, from_any
from mirrorkit.flows.plan import put
from mirrorkit.oci.artifact import (
    EMPTY,
    EMPTY_DIGEST,
    file_descriptor,
    file_manifest,
    file_reference,
)
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.mediatypes import OCI_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mirrorkit.content import SizedSource, Store
    from mirrorkit.documents.pins import PinnedFile
    from mirrorkit.flows.fetch import Fetcher
    from mirrorkit.flows.run import Run


class FilePlan(NamedTuple):
    """One file to fetch: its bytes, and where they may come from."""

    file: PinnedFile
    descriptor: Descriptor
    sources: Sequence[SizedSource]


async def plan_files(
    files: Iterable[PinnedFile], run: Run, failures: dict[str, MirrorkitError]
) -> list[FilePlan]:
    """Learn how large files are; one that fails is noted by its path and stops no other."""
    plans: list[FilePlan] = []

    async def plan(file: PinnedFile) -> None:
        with _noting(file.path, run, failures):
            plans.append(await _plan(file, run))

    await each(files, plan, jobs=run.jobs)
    return plans


async def sync_file(
    plan: FilePlan, rank: int, run: Run, fetcher: Fetcher, failures: dict[str, MirrorkitError]
) -> None:
    """Bring one file into the store and name it; a failure is noted by its path."""
    path = plan.file.path
    with _noting(path, run, failures):
        await fetcher.fetch(plan.descriptor, plan.sources, what=path, rank=rank)
        await name_file(plan.descriptor, run.store)
        run.report(FileCompleted(path))


async def _plan(file: PinnedFile, run: Run) -> FilePlan:
    """Learn a file's size from its host, where the lock does not say it."""
    sources = run.files_of(file)
    size = file.size
    if size is None:
        size = await from_any(sources, _size, what=file.path, report=run.report)
    return FilePlan(file, file_descriptor(file.digest, size), sources)


async def _size(source: SizedSource) -> int:
    return await source.size()


async def name_file(descriptor: Descriptor, store: Store) -> None:
    """Keep a file as an artifact: config and manifest, then its name."""
    data = file_manifest(descriptor.digest, descriptor.size)
    manifest = Descriptor(OCI_MANIFEST, Digest.of(data), len(data))
    await put(store, EMPTY_DIGEST, EMPTY)
    await put(store, manifest.digest, data)
    await store.tag(file_reference(descriptor.digest), manifest)


@contextmanager
def _noting(path: str, run: Run, failures: dict[str, MirrorkitError]) -> Iterator[None]:
    """Note what a file suffers; only this machine's own trouble ends the rest."""
    try:
        yield
    except SurroundingsError:
        raise
    except MirrorkitError as error:
        failures[path] = error
        run.report(FileFailed(path, error.message))
