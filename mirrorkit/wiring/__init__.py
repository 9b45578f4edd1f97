"""The only place that picks concrete classes."""

from __future__ import annotations

from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from mirrorkit.store.documents import DocumentsFolder
from mirrorkit.wiring.documents import (
    canonical,
    earlier,
    read_lock,
    read_wanted,
    refuse_disagreement,
    write_locked,
)
from mirrorkit.wiring.store import check_locks, look_at_locks, open_store
from mirrorkit.wiring.upstreams import Upstreams

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from pathlib import Path

    from mirrorkit.classroom.minikube.seed import SeedReport
    from mirrorkit.documents.pins import Lock
    from mirrorkit.events import Event, Listener
    from mirrorkit.flows.hosts import Host
    from mirrorkit.flows.keep import Told
    from mirrorkit.flows.load import LoadReport
    from mirrorkit.flows.locking import Inquiry, Locked
    from mirrorkit.flows.preview import Preview
    from mirrorkit.flows.probe import Answer
    from mirrorkit.flows.renew import Renewal
    from mirrorkit.flows.run import Run
    from mirrorkit.flows.sync import SyncReport
    from mirrorkit.flows.verify import VerifyReport
    from mirrorkit.oci.platform import Platform
    from mirrorkit.server.locks import LockFiles
    from mirrorkit.server.runner import Runner
    from mirrorkit.settings import Settings
    from mirrorkit.wiring.seeding import SeedOrder


__all__ = [
    "check_locks",
    "follow_locks",
    "keep_filled",
    "load_images",
    "lock_wish",
    "look_at_locks",
    "open_run",
    "open_store",
    "plan_once",
    "probe_sources",
    "read_lock",
    "read_wanted",
    "seed_minikube",
    "source_answers",
    "start_server",
    "sync_once",
    "verify_store",
    "write_locked",
]


@asynccontextmanager
async def open_run(
    settings: Settings, report: Listener, hosts: dict[str, Host] | None = None
) -> AsyncIterator[Run]:
    """Open what one sync needs; connections are closed at the end, `hosts` may serve the next."""
    upstreams = Upstreams(settings, report)
    try:
        yield replace(_run(settings, upstreams, report), hosts={} if hosts is None else hosts)
    finally:
        await upstreams.close()


def _run(settings: Settings, upstreams: Upstreams, report: Listener) -> Run:
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


async def probe_sources(
    settings: Settings, count: Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[dict[str, str], list[Answer]]:
    """Ask the sources for every image of the lock; return the locked digests and the answers.

    `count` is told how many answers are there, and how many there will be.
    """
    from mirrorkit.flows.probe import probe

    lock = read_lock(settings.locks[0])
    async with open_run(settings, _deaf) as run:
        answers = await probe(lock.images, run, count=count)
    return {str(image.name): image.digest for image in lock.images}, answers


def _agreed_lock(settings: Settings, *, is_frozen: bool) -> Lock:
    """Read the lock; DocumentError where images.yaml wants something else, unless frozen."""
    lock = read_lock(settings.locks[0])
    if not is_frozen:
        refuse_disagreement(lock, settings.locks[0])
    return lock


async def sync_once(
    settings: Settings, report: Listener, *, is_frozen: bool = False, wants_exact: bool = False
) -> SyncReport:
    """Read the lock and sync it; `is_frozen` does not look whether images.yaml agrees."""
    from mirrorkit.flows.sync import sync

    lock = _agreed_lock(settings, is_frozen=is_frozen)
    async with open_run(settings, report) as run:
        return await sync(lock, run, wants_exact=wants_exact)


async def plan_once(
    settings: Settings, report: Listener, *, is_frozen: bool = False, wants_exact: bool = False
) -> Preview:
    """Read the lock and work out what a sync would fetch; manifests alone are fetched."""
    from mirrorkit.flows.preview import preview

    lock = _agreed_lock(settings, is_frozen=is_frozen)
    async with open_run(settings, report) as run:
        return await preview(lock, run, wants_exact=wants_exact)


async def source_answers(settings: Settings) -> bool:
    """Ask whom the lock names, all at once for ten seconds, and say whether any answers."""
    from mirrorkit.flows.keep import any_answers

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
    hosts: dict[str, Host] = {}  # who asked to be left alone is, from one sync to the next
    while True:
        done = await keep(wished, lambda: open_run(settings, report, hosts), told)
        await changed(wished, done, math.inf)


async def lock_wish(
    settings: Settings,
    wish: Path,
    inquiry: Inquiry,
    *,
    upgrade: Collection[str] | None,
    count: Callable[[int, int], None] = lambda _done, _all: None,
) -> Locked:
    """Read a wish and work out its lock, the first of the settings; it is not written.

    `count` is told how many images and files are done, and how many there are.
    """
    from mirrorkit.documents.sources import UPSTREAM
    from mirrorkit.flows.likeness import compared
    from mirrorkit.flows.lock import Choices, make_lock
    from mirrorkit.flows.locking import Locked

    want = read_wanted(wish)
    before = earlier(settings.locks[0])
    names = None if upgrade is None else {canonical(name) for name in upgrade}
    is_by_source = bool(set(settings.sources.chosen) - {UPSTREAM})
    choices = Choices(before, names, is_by_source=is_by_source, jobs=settings.jobs)
    choices = replace(choices, asks_pinned=inquiry.asks_pinned, count=count)
    upstreams = Upstreams(settings, _deaf, is_patient=False)
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


async def verify_store(
    settings: Settings, report: Listener, *, is_all: bool, is_repair: bool
) -> VerifyReport:
    """Read again what the locks need, or all that is held; a repair syncs what is then missing."""
    from mirrorkit.flows.verify import Verifier

    paths = {str(path): path for path in settings.locks}
    locks = {name: read_lock(path) for name, path in paths.items()}

    async def repair(name: str) -> SyncReport:
        return await sync_once(replace(settings, locks=(paths[name],)), report, is_frozen=True)

    verifier = Verifier(open_store(settings), locks, report, repair if is_repair else None)
    return await verifier.verify(is_all=is_all)


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


async def start_server(settings: Settings, files: LockFiles, *, is_made_up: bool = False) -> Runner:
    """Listen and serve the store by its locks; the demo's class `is_made_up` and says so."""
    from mirrorkit.server.accesslog import open_access_log
    from mirrorkit.server.app import make_app, start
    from mirrorkit.server.limits import Limits, fit
    from mirrorkit.server.room import Room

    room = Room(open_store(settings), files.current, is_made_up=is_made_up)
    limits = fit(Limits(streams=settings.streams))
    log = open_access_log(settings.access_log)
    return await start(make_app(room, limits), settings.listen, limits, log)


def seed_minikube(settings: Settings, order: SeedOrder, report: Listener) -> SeedReport:
    """Fill a `.minikube` from the store, and load kicbase into Docker; blocks until done."""
    from mirrorkit.wiring.seeding import seed

    return seed(settings, order, report)
