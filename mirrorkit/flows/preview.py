"""Preview: what a sync would fetch, from whom and why, in the order of the fetch; no blob moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mirrorkit.flows.check import check
from mirrorkit.flows.files import plan_files
from mirrorkit.flows.plan import make_plan
from mirrorkit.flows.priority import rank
from mirrorkit.flows.sync import unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mirrorkit.content import Source, Store
    from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
    from mirrorkit.errors import MirrorkitError
    from mirrorkit.flows.files import FilePlan
    from mirrorkit.flows.plan import ImagePlan
    from mirrorkit.flows.run import Run
    from mirrorkit.oci.digest import Digest
    from mirrorkit.oci.manifest import Descriptor


@dataclass(frozen=True)
class Line:
    """One image or file that is not complete; all figures in bytes."""

    kind: str
    name: str
    source: str | None
    """Who is asked first."""
    size: int
    to_fetch: int
    resumed: int
    """What an interrupted run left of it."""
    shared: int
    """What comes, or came, with another image: fetched once."""
    shared_with: tuple[str, ...] = ()

    @property
    def held(self) -> int:
        """What is whole in the store already."""
        return self.size - self.to_fetch - self.resumed - self.shared

    def as_json(self) -> dict[str, object]:
        """Return the line as data."""
        figures = {
            "size": self.size,
            "to_fetch": self.to_fetch,
            "resumed": self.resumed,
            "shared": self.shared,
            "held": self.held,
        }
        with_ = list(self.shared_with)
        named = {"kind": self.kind, "name": self.name, "source": self.source}
        return {**named, "bytes": figures, "shared_with": with_}


@dataclass(frozen=True)
class Preview:
    """What a sync would do."""

    lines: tuple[Line, ...]
    """In the order of the fetch."""
    complete: tuple[str, ...]
    unpinned: tuple[str, ...]
    """What the lock wants and cannot name yet."""
    failures: dict[str, MirrorkitError]
    """What nothing can be said of: their manifests could not be had."""
    free: int | None
    """Bytes the store has room for, where that is limited."""

    @property
    def to_fetch(self) -> int:
        """Bytes still to fetch in all."""
        return sum(line.to_fetch for line in self.lines)

    @property
    def fits(self) -> bool:
        """Say whether there is room for it."""
        return self.free is None or self.to_fetch <= self.free

    @property
    def exit_status(self) -> int:
        """0, or that of the worst failure: then the total is not all."""
        return max((error.exit_status for error in self.failures.values()), default=0)

    def as_json(self) -> dict[str, object]:
        """Return the document of `sync --plan --json`."""
        failures = [{"name": name, **error.as_json()} for name, error in self.failures.items()]
        return {
            "version": 1,
            "bytes": {"to_fetch": self.to_fetch, "free": self.free, "fits": self.fits},
            "items": [line.as_json() for line in self.lines],
            "complete": list(self.complete),
            "unpinned": list(self.unpinned),
            "failures": failures,
        }


class _Wanted(NamedTuple):
    """What one line is about, before it is known what comes with others."""

    item: PinnedImage | PinnedFile
    kind: str
    name: str
    sources: Sequence[Source]
    blobs: Sequence[Descriptor]
    outstanding: frozenset[Digest]


async def preview(lock: Lock, run: Run, *, wants_exact: bool = False) -> Preview:
    """Work out what a sync would fetch now; only manifests are fetched, nobody is asked for none.

    Manifests, and small documents that lie beside the lock, are put into the store, as a sync puts
    them; nothing else is written. Errors of this machine (SurroundingsError) are raised; failures
    of sources are in the answer.
    """
    before = check(lock, run.store, run.manifests)
    images, files = unfinished(lock, before, wants_exact=wants_exact)
    pending = {*(str(image.name) for image in images), *(file.path for file in files)}
    complete = [one.name for one in before.items if one.name not in pending and one.digest]
    unpinned = [one.name for one in before.items if one.digest is None]
    failures: dict[str, MirrorkitError] = {}
    lines: Sequence[Line] = ()
    if pending:
        async with run.store.lease():
            plan = await make_plan(images, run)
            plans = await plan_files(files, run, plan.failures)
        failures = plan.failures
        wanted = [*map(_of_image, plan.images), *map(_of_file, plans)]
        lines = list(_lines(sorted(wanted, key=lambda one: _order(lock, one)), run.store))
    return Preview(tuple(lines), tuple(complete), tuple(unpinned), failures, run.store.free())


def _of_image(plan: ImagePlan) -> _Wanted:
    blobs = tuple(plan.needs.blobs.values())
    name = str(plan.image.name)
    return _Wanted(plan.image, "image", name, plan.sources, blobs, frozenset(plan.outstanding))


def _of_file(plan: FilePlan) -> _Wanted:
    blob, sources = plan.descriptor, plan.sources
    return _Wanted(plan.file, "file", plan.file.path, sources, (blob,), frozenset({blob.digest}))


def _order(lock: Lock, one: _Wanted) -> tuple[int, int]:
    """Return its place: by rank, and in one rank the largest blob first, as sync fetches them."""
    sizes = (blob.size for blob in one.blobs if blob.digest in one.outstanding)
    return rank(lock, one.item), -max(sizes, default=0)


def _lines(wanted: Sequence[_Wanted], store: Store) -> Iterator[Line]:
    first: dict[Digest, str] = {}
    for one in wanted:
        coming = [blob for blob in one.blobs if blob.digest in one.outstanding]
        mine = [blob for blob in coming if first.setdefault(blob.digest, one.name) == one.name]
        resumed = sum(min(store.partial(blob.digest), blob.size) for blob in mine)
        shared = [blob for blob in coming if blob not in mine]
        yield Line(
            one.kind,
            one.name,
            one.sources[0].name if one.sources else None,
            sum(blob.size for blob in one.blobs),
            sum(blob.size for blob in mine) - resumed,
            resumed,
            sum(blob.size for blob in shared),
            tuple(dict.fromkeys(first[blob.digest] for blob in shared)),
        )
