"""All 27 releases: each flag exists, and a mirror with the catalog's lock answers each request."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.needs import NETWORKS, RUNTIMES
from mirrorkit.catalog.releases import addons, kubernetes_versions, release, releases
from mirrorkit.classroom.minikube.asked import asked
from mirrorkit.classroom.minikube.recipe import recipe
from mirrorkit.classroom.minikube.refusals import refusals
from mirrorkit.classroom.minikube.start import DRIVERS, Mode
from mirrorkit.classroom.words import chinese
from mirrorkit.documents.pins import Lock
from mirrorkit.errors import RefusedStartError
from mirrorkit.sentence import Sentence
from tests.unit.starts import RELAY, answers, lock_of, names_of, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator

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


WORDS_TO_TYPE = re.compile(r"--[a-z-]+( [a-z0-9]+)?")


def everything(minikube: str) -> Iterator[Start]:
    """Yield starts that between them make a release say all it can, refused ones forced."""
    every = addons(minikube)
    usual = start_of(minikube, profile="other", as_root=True, force=True, addons=every)
    for runtime, mode in product(RUNTIMES, (None, *Mode)):
        base = replace(usual, runtime=runtime, mode=mode)
        yield from (replace(base, driver=driver) for driver in DRIVERS)
        yield from (replace(base, cni=cni) for cni in NETWORKS)
        yield replace(base, nodes=2, driver="none")
        yield replace(base, nodes=2, ha=True, rootless=True, storage_driver="vfs")
        yield replace(base, kubernetes=release(minikube).oldest_kubernetes, nodes=2)
        yield replace(base, kubernetes="v1.99.0")


@pytest.mark.parametrize("minikube", RELEASES)
def test_all_that_a_start_says_is_said_in_chinese_too(minikube: str) -> None:
    for start in everything(minikube):
        for lock in (None, Lock(()), lock_of(usual_of(start))):
            made = recipe(start, RELAY, lock)
            told = [one.why for one in (*made.environment, *made.flags)]
            told += [*(one.why for one in made.files), *(one.why for one in made.seeds)]
            told += made.notes
            for refusal in refusals(start, lock):
                told.append(refusal.sentence)
                if isinstance(refusal.instead, Sentence):
                    told.append(refusal.instead)
                else:
                    assert WORDS_TO_TYPE.fullmatch(refusal.instead)
            for sentence in told:
                assert re.search("[\u4e00-\u9fff]", chinese(sentence)), sentence


def usual_of(start: Start) -> Start:
    """Return a start whose Kubernetes the catalog knows."""
    return replace(start, kubernetes=start.release.default_kubernetes)
