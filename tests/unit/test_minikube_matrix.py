"""All 27 releases: each flag exists, and a mirror with the catalog's lock answers each request."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.needs import NETWORKS, RUNTIMES
from mirrorkit.catalog.releases import addons, kubernetes_versions, release, releases
from mirrorkit.classroom.minikube.asked import asked
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.start import Mode
from mirrorkit.errors import RefusedStartError
from tests.unit.starts import RELAY, answers, lock_of, names_of, start_of

if TYPE_CHECKING:
    from mirrorkit.classroom.minikube.start import Start

RELEASES = [one.version for one in releases()]
GLOBAL_FLAGS = {"profile"}
"""minikube's own, before any command's; `start_flags` has the command's."""


def check(start: Start) -> bool:
    """Hold one start against its release and its lock; False where it is refused."""
    lock = lock_of(start)
    try:
        made = recipe(start, RELAY, lock)
    except RefusedStartError:
        return False
    given = {flag.name.removeprefix("--") for flag in made.flags}
    assert given <= start.release.flags | GLOBAL_FLAGS
    names = names_of(lock)
    for one in asked(start, RELAY, lock):
        assert answers(one.path, names, lock), one
    for setting in (*made.environment, *made.flags):
        assert setting.why
        assert not (setting.value or "").endswith("/")
    assert not any(note.startswith("the lock lacks") for note in made.notes)
    return True


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("minikube", RELEASES)
def test_every_start_has_flags_that_exist_and_asks_only_what_is_held(
    minikube: str, runtime: str
) -> None:
    every = addons(minikube)
    chosen = [(), *((name,) for name in every), every]
    works = [
        check(start_of(minikube, runtime=runtime, nodes=nodes, addons=enabled, mode=mode))
        for nodes, enabled, mode in product((1, 2), chosen, (None, *Mode))
    ]
    assert any(works) or runtime == "containerd"


@pytest.mark.parametrize("minikube", RELEASES)
def test_every_listed_kubernetes_and_network_asks_only_what_is_held(minikube: str) -> None:
    for version in kubernetes_versions(minikube):
        assert check(start_of(minikube, version))
    for runtime, cni in product(RUNTIMES, NETWORKS):
        check(start_of(minikube, runtime=runtime, cni=cni))


@pytest.mark.parametrize("minikube", RELEASES)
def test_docker_with_one_node_is_started_by_default_whatever_the_release(minikube: str) -> None:
    assert check(start_of(minikube))
    assert check(start_of(minikube, nodes=2))
    is_broken = minikube.startswith("v1.26.")
    assert check(start_of(minikube, runtime="containerd")) == (not is_broken)


@pytest.mark.parametrize("minikube", RELEASES)
def test_forced_starts_ask_only_what_is_held_or_say_what_they_are(minikube: str) -> None:
    chosen = release(minikube)
    for runtime, mode in product(RUNTIMES, Mode):
        start = start_of(minikube, runtime=runtime, mode=mode, force=True, addons=addons(minikube))
        made = recipe(start, RELAY, lock_of(start))
        assert made.mode is mode
        given = {flag.name.removeprefix("--") for flag in made.flags}
        assert given <= chosen.flags
