"""What a seed is made with: the store, the engine, the folder of minikube."""

from __future__ import annotations

import os
import platform
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mirrorkit.classroom.minikube.contents import contents
from mirrorkit.classroom.minikube.layout import FOLDER, minikube_folder
from mirrorkit.classroom.minikube.seed import Seeder
from mirrorkit.flows.archive import Composer
from mirrorkit.flows.load import Loader
from mirrorkit.flows.manifests import Manifests
from mirrorkit.oci.platform import Platform
from mirrorkit.store.disk import DiskStore
from mirrorkit.wiring.documents import read_lock

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.contents import Contents
    from mirrorkit.classroom.minikube.seed import SeedReport
    from mirrorkit.classroom.minikube.start import Start
    from mirrorkit.events import Listener
    from mirrorkit.remote.engine import DockerEngine
    from mirrorkit.settings import Settings


@dataclass(frozen=True, slots=True)
class SeedOrder:
    """What to seed for, and where."""

    start: Start
    target: Path | None = None
    """A home whose `.minikube` is filled; None for this user's own."""
    loads: bool = True
    """Whether kicbase goes into this machine's Docker, where a release uses it there."""

    @property
    def folder(self) -> Path:
        """The `.minikube`."""
        if self.target is not None:
            return self.target / FOLDER
        return minikube_folder(os.environ, Path.home())

    @property
    def host(self) -> Platform:
        """What minikube will run on: a machine's image is for a node's own platform."""
        if self.target is not None:
            return self.start.platform
        return Platform.of(platform.system(), platform.machine())


def seed(settings: Settings, order: SeedOrder, report: Listener) -> SeedReport:
    """Place what a start without a network needs, and load kicbase.

    SurroundingsError where Docker does not answer.
    """
    lock, start = read_lock(settings.locks[0]), order.start
    with ExitStack() as stack:
        engine = _engine(order, stack)
        if engine is not None and start.storage_driver is None:
            start = replace(start, storage_driver=engine.storage_driver())
        found = contents(start, lock, order.host, can_load=engine is not None)
    return fill(settings, order, found, report)


def fill(settings: Settings, order: SeedOrder, found: Contents, report: Listener) -> SeedReport:
    """Place and load what was found; SurroundingsError where Docker is wanted and silent."""
    store, nodes = DiskStore(settings.store), order.start.platform
    composer = Composer(store, Manifests(store))
    with ExitStack() as stack:
        engine = _engine(order, stack) if found.load is not None else None
        done = Seeder(order.folder, nodes, store, composer, report).seed(found)
        if engine is not None and found.load is not None:
            loader = Loader(composer, store, engine, nodes, report)
            loaded = loader.load([found.load], is_named=True)
            done.loaded += loaded.loaded
            done.already += loaded.already
            done.missing |= loaded.failures
    return done


def _engine(order: SeedOrder, stack: ExitStack) -> DockerEngine | None:
    if not order.loads or order.target is not None or order.start.driver != "docker":
        return None
    from mirrorkit.remote.engine import DockerEngine

    return stack.enter_context(closing(DockerEngine()))
