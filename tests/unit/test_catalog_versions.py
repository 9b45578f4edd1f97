from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.catalog.needs import images_for, kubeadm_room
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.releases import (
    addons,
    kubernetes_versions,
    listed_kubernetes,
    release,
    releases,
)
from mirrorkit.catalog.versions import at, nearest, ordered, pick, rank
from mirrorkit.errors import UsageError

RELEASES = [one.version for one in releases()]
NUMBERS = st.tuples(*[st.integers(0, 9999)] * 3)


def text(numbers: tuple[int, ...]) -> str:
    return "v" + ".".join(map(str, numbers))


@given(st.lists(NUMBERS))
def test_versions_sort_by_their_numbers(versions: list[tuple[int, ...]]) -> None:
    assert ordered(map(text, versions)) == [text(numbers) for numbers in sorted(versions)]


def test_a_pre_release_stands_before_its_release() -> None:
    assert rank("v1.23.3") < rank("v1.23.4-rc.0") < rank("v1.23.4")


@pytest.mark.parametrize("word", ["", "v1", "1.23", "v1.23.3.4", "v1.23.x", "latest", "v1.٢.3"])
def test_what_is_no_version_is_an_error(word: str) -> None:
    with pytest.raises(UsageError, match="is not a version"):
        rank(word)


@given(NUMBERS, st.lists(NUMBERS, unique=True))
def test_the_nearest_versions_are_its_neighbours(
    asked: tuple[int, ...], listed: list[tuple[int, ...]]
) -> None:
    below = [numbers for numbers in listed if numbers < asked]
    above = [numbers for numbers in listed if numbers > asked]
    near = [*([max(below)] if below else []), *([min(above)] if above else [])]
    assert nearest(text(asked), ordered(map(text, listed))) == list(map(text, near))


def test_a_version_may_be_written_without_its_v() -> None:
    assert pick("1.23.3", ["v1.23.3"], "nobody lists") == "v1.23.3"
    assert release("1.25.2") == release("v1.25.2")
    assert images_for("1.25.2", "1.23.3") == images_for("v1.25.2", "v1.23.3")


@pytest.mark.parametrize(
    "minikube, near",
    [
        ("v1.25.3", "v1.25.2 and v1.26.0"),
        ("v1.22.0", "v1.23.0"),
        ("v1.39.0", "v1.38.1"),
        ("v1.26.0-beta.1", "v1.25.2 and v1.26.0"),
    ],
)
def test_an_unlisted_release_is_an_error_that_names_the_nearest(minikube: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"lists no minikube {minikube}") as caught:
        images_for(minikube)
    assert caught.value.hint == f"the nearest listed: {near}"


@pytest.mark.parametrize(
    "minikube, kubernetes, near",
    [
        ("v1.25.2", "v1.24.0", "v1.23.17"),
        ("v1.25.2", "v1.15.0", "v1.16.0"),
        ("v1.25.2", "v1.22.99", "v1.22.17 and v1.23.0"),
        ("v1.32.0", "v1.28.4", "v1.28.3"),
        ("v1.38.1", "v1.27.3", "v1.28.0"),
        ("v1.38.1", "v1.35.2", "v1.35.1"),
        ("v1.38.1", "v1.35.1-rc.0", "v1.35.0 and v1.35.1"),
    ],
)
def test_an_unlisted_kubernetes_is_an_error_that_names_the_nearest(
    minikube: str, kubernetes: str, near: str
) -> None:
    with pytest.raises(UsageError) as caught:
        images_for(minikube, kubernetes)
    assert caught.value.message == f"minikube {minikube} lists no Kubernetes {kubernetes}"
    assert caught.value.hint == f"the nearest listed: {near}"


def test_a_kubeadm_room_may_have_what_no_release_lists_yet() -> None:
    assert kubeadm_room("v1.35.2")
    with pytest.raises(UsageError, match=r"the catalog lists no Kubernetes v1.99.0"):
        kubeadm_room("v1.99.0")


@pytest.mark.parametrize("minikube", RELEASES)
def test_a_release_lists_what_it_takes_and_nothing_else(minikube: str) -> None:
    one, listed = release(minikube), kubernetes_versions(minikube)
    assert ordered(listed) == list(listed)
    assert set(listed) <= set(kubernetes_versions())
    assert rank(listed[0]) >= rank(one.oldest_kubernetes)
    assert rank(listed[-1])[:2] <= rank(one.newest_kubernetes)[:2]
    assert not [version for version in listed if "-" in version]
    assert all(listed_kubernetes(version, minikube) == version for version in listed)


@pytest.mark.parametrize(
    "choice, word",
    [
        ({"runtime": "crio"}, "one of docker, containerd, cri-o"),
        ({"cni": "weave"}, "one of auto, bridge, calico, cilium, false, flannel, kindnet"),
        ({"nodes": 0}, "--nodes is 1 or more"),
        ({"addons": ["dashbord"]}, "the nearest is dashboard"),
        ({"addons": ["yakd"]}, None),
    ],
)
def test_a_choice_that_is_not_listed_is_an_error_that_says_what_is(
    choice: dict[str, object], word: str | None
) -> None:
    with pytest.raises(UsageError) as caught:
        images_for("v1.25.2", **choice)  # type: ignore[arg-type]
    assert caught.value.hint
    assert word in {None, caught.value.hint}


def test_an_addon_is_listed_from_the_release_that_brought_it_to_the_last_that_had_it() -> None:
    assert "yakd" not in addons("v1.32.0")
    assert "yakd" in addons("v1.33.0")
    had = [version for version in RELEASES if "helm-tiller" in addons(version)]
    assert had == RELEASES[: RELEASES.index("v1.34.0") + 1]


def test_a_table_of_changes_holds_a_value_until_the_next() -> None:
    changes = {"v1.2.0": "old", "v1.10.0": "new", "v1.11.0": None}
    assert [at(changes, f"v1.{minor}.0") for minor in (1, 2, 9, 10, 11, 12)] == [
        None,
        "old",
        "old",
        "new",
        None,
        None,
    ]


@pytest.mark.parametrize(
    "quirk, first, last",
    [
        (Quirk.IMAGE_REPOSITORY_FLAG_REJECTS_DIGIT_LABELS, "v1.25.2", "v1.32.0"),
        (Quirk.KICBASE_BREAKS_WITH_REGISTRY_PORT, "v1.29.0", "v1.38.1"),
        (Quirk.DAEMON_IMAGE_ALWAYS_WRONG_ARCH, "v1.34.0", "v1.34.0"),
        (Quirk.CACHED_KICBASE_STILL_NEEDS_DIGEST_PULL, "v1.23.0", "v1.25.2"),
        (Quirk.CRI_DOCKERD_GETS_PAUSE_IMAGE, "v1.30.0", "v1.38.1"),
        (Quirk.CONTAINERD_HOSTS_TOML, "v1.27.0", "v1.38.1"),
    ],
)
def test_a_quirk_belongs_to_the_releases_that_have_it(quirk: Quirk, first: str, last: str) -> None:
    expected = RELEASES[RELEASES.index(first) : RELEASES.index(last) + 1]
    assert [one.version for one in releases() if quirk in one.quirks] == expected


def test_flags_and_limits_are_those_of_the_release() -> None:
    assert "binary-mirror" not in release("v1.24.0").flags
    assert "binary-mirror" in release("v1.25.0").flags
    assert "preload-source" in release("v1.38.1").flags - release("v1.37.0").flags
    limits = release("v1.25.2").limits
    assert (limits.cpus, limits.memory_mib, limits.recommended_memory_mib) == (2, 1800, 1900)
    assert (limits.disk_mb, limits.default_disk_mb) == (2000, 20000)
    assert limits.default_memory_mib == (2200, 6000)
    assert release("v1.37.0").limits.default_memory_mib == (3072, 6144)
    assert release("v1.32.0").preload_storage_drivers == ("overlay2",)
    assert release("v1.33.0").preload_storage_drivers == ("overlay2", "overlayfs")
