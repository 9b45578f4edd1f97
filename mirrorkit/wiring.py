"""The only module that picks concrete classes."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.pins import PinnedImage
from mirrorkit.errors import DocumentError
from mirrorkit.oci.digest import Digest
from mirrorkit.settings import WISH_NAME
from mirrorkit.store.disk import DiskStore
from mirrorkit.store.documents import DocumentsFolder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from pathlib import Path

    from mirrorkit.content import SizedSource, Source
    from mirrorkit.documents.pins import Lock, PinnedFile
    from mirrorkit.events import Event, Listener
    from mirrorkit.flows.check import Completeness
    from mirrorkit.flows.keep import Told
    from mirrorkit.flows.load import LoadReport
    from mirrorkit.flows.locking import Inquiry, Locked
    from mirrorkit.flows.probe import Answer
    from mirrorkit.flows.renew import Renewal
    from mirrorkit.flows.run import Candidate, Run
    from mirrorkit.flows.share import Look
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.flows.wanted import Wanted
    from mirrorkit.oci.platform import Platform
    from mirrorkit.oci.reference import Reference
    from mirrorkit.remote.transport import Transport
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.server.runner import Runner
    from mirrorkit.settings import Settings


_NO_DIGEST = Digest.of(b"")


def read_lock(path: Path) -> Lock:
    """Read a lock file; DocumentError when it is not there or has mistakes."""
    hint = "go to the folder of the class, or name its lock with --lock FILE"
    return parse_lock(_read(path, f"there is no lock {path}", hint), str(path))


def _read(path: Path, absent: str, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DocumentError(absent, hint=hint) from error
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}") from error


def open_store(settings: Settings) -> DiskStore:
    """Open the embedded store; nothing is created before something is written."""
    return DiskStore(settings.store)


class _Upstreams:
    """The sources of images; the network's libraries are imported when the first is asked."""

    def __init__(self, settings: Settings, report: Listener) -> None:
        self._settings = settings
        self._report = report
        self._transport: Transport | None = None
        self._repositories: dict[str, Source] = {}

    def __call__(self, image: PinnedImage) -> Sequence[Source]:
        return [candidate.source for candidate in self.candidates(image)]

    def candidates(self, image: PinnedImage) -> Sequence[Candidate]:
        """Return every place an image may be at, and whom to ask there."""
        from mirrorkit.flows.run import Candidate

        places = self._settings.sources.places(image)
        sources = self.at([place.reference for place in places])
        return [Candidate(*pair) for pair in zip(places, sources, strict=True)]

    def at(self, names: Sequence[Reference]) -> Sequence[Source]:
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
            )
        return self._transport

    def is_held(self) -> bool:
        """Say whether bytes wait for the operator's limit."""
        return self._transport is not None and self._transport.is_held()

    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()


@asynccontextmanager
async def open_run(settings: Settings, report: Listener) -> AsyncIterator[Run]:
    """Open what one sync needs; connections are closed at the end."""
    upstreams = _Upstreams(settings, report)
    try:
        yield _run(settings, upstreams, report)
    finally:
        await upstreams.close()


def _run(settings: Settings, upstreams: _Upstreams, report: Listener) -> Run:
    from mirrorkit.flows.run import Run

    return Run(
        open_store(settings),
        upstreams,
        report,
        upstreams.files,
        settings.jobs,
        documents=DocumentsFolder.beside(settings.locks[0]),
        candidates_of=upstreams.candidates,
        is_held=upstreams.is_held,
    )


def _deaf(_event: Event) -> None:
    """Hear nothing: what matters comes as an answer."""


async def probe_sources(settings: Settings) -> tuple[dict[str, str], list[Answer]]:
    """Ask the sources for every image of the lock; return the locked digests and the answers."""
    from mirrorkit.flows.probe import probe

    lock = read_lock(settings.locks[0])
    async with open_run(settings, _deaf) as run:
        answers = await probe(lock.images, run)
    return {str(image.name): image.digest for image in lock.images}, answers


async def sync_once(
    settings: Settings, report: Listener, *, is_frozen: bool = False, wants_exact: bool = False
) -> SyncReport:
    """Read the lock and sync it; `is_frozen` does not look whether images.yaml agrees."""
    from mirrorkit.flows.sync import sync

    lock = read_lock(settings.locks[0])
    if not is_frozen:
        refuse_disagreement(lock, settings.locks[0])
    async with open_run(settings, report) as run:
        return await sync(lock, run, wants_exact=wants_exact)


async def has_anything(settings: Settings) -> bool:
    """Say whether anything of the locks is held, or else a source answers."""
    from mirrorkit.flows.keep import any_answers

    if any(checked.bytes()["present"] for checked in check_locks(settings).values()):
        return True
    async with open_run(settings, lambda _event: None) as run:
        return await any_answers(read_lock(settings.locks[0]), run)


def follow_locks(settings: Settings) -> LockFiles:
    """Read every lock the settings name, and again whenever somebody changes one."""
    from mirrorkit.server.locks import LockFiles

    return LockFiles(settings.locks, read_lock)


async def keep_filled(
    settings: Settings, files: LockFiles, renewal: Renewal | None, report: Listener, told: Told
) -> NoReturn:
    """Sync the lock until it is complete, and again whenever it or images.yaml changes."""
    import math

    from mirrorkit.flows.keep import Wished, changed
    from mirrorkit.flows.keep import keep_filled as keep

    wished = Wished(lambda: next(iter(files.current().values())), renewal)
    while True:
        done = await keep(wished, lambda: open_run(settings, report), told)
        await changed(wished, done, math.inf)


async def lock_wish(
    settings: Settings, wish: Path, inquiry: Inquiry, *, upgrade: Collection[str] | None
) -> Locked:
    """Read a wish and work out its lock, the first of the settings; it is not written."""
    from mirrorkit.documents.sources import UPSTREAM
    from mirrorkit.flows.likeness import compared
    from mirrorkit.flows.lock import Choices, make_lock
    from mirrorkit.flows.locking import Locked

    want = read_wanted(wish)
    before = _earlier(settings.locks[0])
    names = None if upgrade is None else {_canonical(name) for name in upgrade}
    is_by_source = bool(set(settings.sources.chosen) - {UPSTREAM})
    choices = Choices(before, names, is_by_source=is_by_source, jobs=settings.jobs)
    choices = replace(choices, asks_pinned=inquiry.asks_pinned)
    upstreams = _Upstreams(settings, _deaf)
    if inquiry.is_online:
        choices = replace(
            choices,
            sources_of=upstreams.for_lock,
            files_of=upstreams.at_urls,
            candidates_of=upstreams.candidates if inquiry.notes_sources else None,
            store=open_store(settings) if inquiry.keeps_files else None,
        )
    try:
        lock, made = await make_lock(want, choices)
    finally:
        await upstreams.close()
    run = _run(settings, upstreams, _deaf)
    return Locked(
        lock, before, made, tuple(compared(want, lock, before, run) if is_by_source else ())
    )


def read_wanted(path: Path) -> Wanted:
    """Read a wish and work out what it comes to; DocumentError when it has mistakes."""
    from mirrorkit.documents.wish import parse_wish
    from mirrorkit.flows.wanted import wanted

    hint = "start one with `mirrorkit init`, or name it with --wish FILE"
    text = _read(path, f"there is no wish {path}", hint)
    return wanted(parse_wish(text, str(path)), text)


def refuse_disagreement(lock: Lock, path: Path) -> None:
    """Hold a lock against the images.yaml beside it, if there is one: DocumentError."""
    wish = path.parent / WISH_NAME
    if not wish.exists() or lock.wish == Digest.of(wish.read_bytes()):
        return
    from mirrorkit.flows.wanted import disagreement

    how = disagreement(read_wanted(wish), lock)
    if how is not None:
        raise DocumentError(
            f"{wish} {how}",
            hint="run `mirrorkit lock`, or leave it so this once with --frozen",
        )


def _earlier(path: Path) -> Lock | None:
    return read_lock(path) if path.exists() else None


def _canonical(name: str) -> str:
    from mirrorkit.errors import UsageError
    from mirrorkit.oci.reference import Reference

    try:
        return str(Reference.parse(name).canonical)
    except ValueError as error:
        raise UsageError(str(error)) from error


def write_locked(path: Path, locked: Locked) -> None:
    """Write a lock and, beside it, the small documents that were seen."""
    from mirrorkit.store.durable import storage_errors, write_file

    folder = path.with_suffix(".d")
    with storage_errors(path.parent):
        if locked.documents:
            folder.mkdir(exist_ok=True)
        for digest, data in sorted(locked.documents.items()):
            write_file(folder / f"{digest.algorithm}-{digest.hex}", data)
        write_file(path, locked.text)


def look_at_locks(settings: Settings, files: LockFiles | None = None) -> dict[str, Look]:
    """Hold every lock against the store, and add up what one student pulls of it."""
    from mirrorkit.flows.check import check
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.flows.share import Look, student_bytes

    store = open_store(settings)
    manifests = Manifests(store)
    locks = files.current() if files else {str(path): read_lock(path) for path in settings.locks}
    return {
        name: Look(check(lock, store, manifests), student_bytes(lock, store, manifests))
        for name, lock in locks.items()
    }


def check_locks(settings: Settings) -> dict[str, Completeness]:
    """Hold every lock against the store."""
    from mirrorkit.flows.check import check
    from mirrorkit.flows.manifests import Manifests

    store = open_store(settings)
    manifests = Manifests(store)
    locks = {str(path): read_lock(path) for path in settings.locks}
    return {name: check(lock, store, manifests) for name, lock in locks.items()}


def load_images(
    settings: Settings, names: Sequence[str], platform: Platform | None, report: Listener
) -> LoadReport:
    """Load images of the lock, or all of them, into the Docker engine; blocks until done."""
    from mirrorkit.flows.archive import Composer
    from mirrorkit.flows.load import Loader, named
    from mirrorkit.flows.manifests import Manifests
    from mirrorkit.remote.engine import DockerEngine

    images = named(read_lock(settings.locks[0]), names)
    store = open_store(settings)
    composer = Composer(store, Manifests(store))
    with closing(DockerEngine()) as engine:
        chosen = platform or engine.platform()
        return Loader(composer, store, engine, chosen, report).load(images, is_named=bool(names))


async def start_server(settings: Settings, files: LockFiles) -> Runner:
    """Listen and serve the store by its locks."""
    from mirrorkit.server.accesslog import open_access_log
    from mirrorkit.server.app import make_app, start
    from mirrorkit.server.limits import Limits, fit
    from mirrorkit.server.room import Room

    room = Room(open_store(settings), files.current)
    limits = fit(Limits(streams=settings.streams))
    log = open_access_log(settings.access_log)
    return await start(make_app(room, limits), settings.listen, limits, log)
