"""Where two tables of the facts say different things of one thing: which one wins, and why."""

from __future__ import annotations

from mirrorkit.catalog.images import Image, published
from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.quirks import Quirk
from mirrorkit.catalog.releases import kubernetes_versions, release, releases
from mirrorkit.oci.reference import Reference

BUSYBOX_COURSE = "sha256:7b3ccabffc97de872a30dfd234fd972a66d247c8cfc69b0550f276481852627c"
BUSYBOX_CURRENT = "sha256:dc2d74b28e4cf8984fa52af1f39bc7c3d9c73760b41a74d629f5d11b1ab28616"
REGISTRY_V3 = {
    "v1.36.0": "sha256:1fc7de65",
    "v1.37.0": "sha256:37250210",
    "v1.38.0": "sha256:cd92709b",
    "v1.38.1": "sha256:6c5666b8",
}


def find(images: tuple[Image, ...], path: str) -> list[Image]:
    return [image for image in images if image.name.repository == path]


def test_kicbase_of_v1_30_0_is_in_the_builds_repository_for_its_own_source_says_so() -> None:
    # The table of kicbases gives every release the usual repository; the table of releases read
    # repository and fallbacks from the tag's source.
    kicbase, *_ = images_for("v1.30.0")
    assert str(kicbase.name) == "gcr.io/k8s-minikube/kicbase-builds:v0.0.38-1680381266-16207"
    assert [str(name) for name in kicbase.also] == [
        "docker.io/kicbase/build:v0.0.38-1680381266-16207"
    ]
    assert kicbase.below == ("k8s-minikube/kicbase-builds",)
    assert str(release("v1.30.1").kicbase).startswith("gcr.io/k8s-minikube/kicbase:v0.0.39@")


def test_kicbase_stable_of_v1_23_0_is_docker_hubs_whichever_way_it_is_spelled() -> None:
    # One release writes `kicbase/stable`, the others `docker.io/kicbase/stable`.
    assert str(release("v1.23.0").kicbase_also[0]) == "docker.io/kicbase/stable:v0.0.26"


def test_etcd_is_the_one_of_the_exact_version_for_that_kubeadm_pulls_it() -> None:
    # Up to v1.28.0 minikube's own table has one row a minor version: 3.5.1-0 for all of v1.23.
    # It only caches that one and goes on without; kubeadm has the exact one built in.
    (etcd,) = find(images_for("v1.25.2", "v1.23.17"), "etcd")
    assert etcd.name.tag == "3.5.6-0"
    (etcd,) = find(images_for("v1.28.0", "v1.19.16"), "etcd")
    assert etcd.name.tag == "3.4.13-0"


def test_a_release_supports_its_own_default_although_the_exact_table_begins_later() -> None:
    # The table of versions says of v1.23.3 "first listed by minikube v1.29.0", which is when
    # exact versions began; v1.25.2 started it for real, out of its table of minor versions.
    assert "v1.23.3" in kubernetes_versions("v1.25.2")
    for one in releases():
        assert one.default_kubernetes in kubernetes_versions(one.version)


def test_patches_after_a_releases_newest_are_listed_for_it_only_warns() -> None:
    # v1.25.2 calls v1.23.4-rc.0 its newest; its table of minor versions holds for every v1.23.
    assert release("v1.25.2").newest_kubernetes == "v1.23.4-rc.0"
    assert kubernetes_versions("v1.25.2")[-1] == "v1.23.17"


def test_no_version_is_listed_that_has_no_row_although_a_release_takes_older_ones() -> None:
    # v1.23.0 accepts Kubernetes from v1.14.0 on; the table of image tags begins with v1.16.0.
    assert release("v1.23.0").oldest_kubernetes == "v1.14.0"
    assert kubernetes_versions("v1.23.0")[0] == "v1.16.0"


def test_the_dashboard_is_fetched_by_v1_25_2_unasked_for_the_real_one_did() -> None:
    # The table of what minikube caches does not have it; the recorded run does, and preloads
    # lost it with v1.26.0 (#13911).
    for one in releases():
        unasked = find(images_for(one.version), "kubernetesui/dashboard")
        expected = ("minikube " + one.version,)
        early = one.version < "v1.26.0"  # all have two digits in the middle
        assert [image.needed_by for image in unasked] == ([expected] if early else [])


def test_what_is_fetched_unasked_and_by_an_addon_is_one_image_for_both() -> None:
    (dashboard,) = find(images_for("v1.25.2", addons=["dashboard"]), "kubernetesui/dashboard")
    assert dashboard.needed_by == ("minikube v1.25.2", "addon dashboard")


def test_auto_pause_needs_haproxy_for_its_manifest_names_it() -> None:
    # The addon's table of images has the hook alone; the manifest names haproxy outright, so it
    # does not follow --image-repository either.
    for one in releases():
        (haproxy,) = find(images_for(one.version, addons=["auto-pause"]), "library/haproxy")
        assert (haproxy.name.tag, haproxy.below) == ("2.3.5-alpine", ())


def test_a_tag_pinned_differently_is_each_time_the_one_its_release_pins() -> None:
    # The same registry:3.0.0 was built anew between releases; minikube asks by its own digest.
    for minikube, digest in REGISTRY_V3.items():
        (registry,) = find(images_for(minikube, addons=["registry"]), "library/registry")
        assert (registry.name.tag, (registry.digest or "")[:15]) == ("3.0.0", digest)
    known = published(Reference.parse("registry:3.0.0"))
    assert sorted(one.digest[:15] for one in known) == sorted(REGISTRY_V3.values())
    assert all(one.moving for one in known)


def test_of_a_tag_that_moves_each_preset_has_its_own_digest() -> None:
    # Two moments of busybox were recorded: for a class of 2022, and for one of 2026.
    known = {one.presets: one for one in published(Reference.parse("busybox"))}
    assert known["course",].digest == BUSYBOX_COURSE
    assert known["current",].digest == BUSYBOX_CURRENT
    assert all(one.moving and len(one.children) == 2 for one in known.values())


def test_a_name_in_the_old_registry_has_the_digest_published_in_the_new_one() -> None:
    # Some rows are spelled k8s.gcr.io, some registry.k8s.io: the same bytes by the same path.
    old, new = map(Reference.parse, ("k8s.gcr.io/pause:3.6", "registry.k8s.io/pause:3.6"))
    assert published(old) == published(new)
    assert len(published(new)) == 1


def test_calico_is_asked_by_its_full_name_from_v1_38_0() -> None:
    # For v1.38 the table gives a sentence where it had names: its manifest is not rewritten.
    for one in releases():
        follows = Quirk.CALICO_FOLLOWS_IMAGE_REPOSITORY in one.quirks
        assert follows is (one.version < "v1.38.0")
        calico = [i for i in images_for(one.version, cni="calico") if "cni calico" in i.needed_by]
        paths = [(image.name.repository.removeprefix("calico/"),) for image in calico]
        assert [image.below for image in calico] == (paths if follows else [()] * 3)


def test_cri_dockerd_asks_for_its_own_pause_where_nobody_tells_it_another() -> None:
    # kubeadm v1.25.3 says 3.8 and pulls it; the pods of v1.28.0 still start with 3.6 (#14624).
    def pauses(minikube: str, kubernetes: str, runtime: str) -> list[str | None]:
        found = find(images_for(minikube, kubernetes, runtime=runtime), "pause")
        return [image.name.tag for image in found]

    assert pauses("v1.28.0", "v1.25.3", "docker") == ["3.8", "3.6"]
    assert pauses("v1.28.0", "v1.25.3", "containerd") == ["3.8"]
    assert pauses("v1.28.0", "v1.23.3", "docker") == ["3.6"]
    assert pauses("v1.26.0", "v1.24.0", "docker") == ["3.7", "3.6"]
    assert pauses("v1.30.0", "v1.25.3", "docker") == ["3.8"]
