from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.documents.layout import LayoutIndex
from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.pins import Lock, PinnedImage
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.mediatypes import OCI_MANIFEST
from mirrorkit.oci.reference import Reference
from mirrorkit.server.names import Names

CLASS = (
    "registry.k8s.io/kube-apiserver:v1.23.3",
    "registry.k8s.io/pause:3.6",
    "registry.k8s.io/etcd:3.5.1-0",
    "registry.k8s.io/coredns/coredns:v1.8.6",
    "registry.k8s.io/metrics-server/metrics-server:v0.6.1",
    "registry.k8s.io/ingress-nginx/controller:v1.1.1",
    "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.1.1",
    "gcr.io/k8s-minikube/kicbase:v0.0.30",
    "gcr.io/k8s-minikube/storage-provisioner:v5",
    "gcr.io/google_containers/kube-registry-proxy:0.4",
    "docker.io/kindest/kindnetd:v20210326-1e038dc5",
    "docker.io/calico/node:v3.20.0",
    "docker.io/calico/cni:v3.20.0",
    "docker.io/calico/kube-controllers:v3.20.0",
    "docker.io/calico/pod2daemon-flexvol:v3.20.0",
    "docker.io/kubernetesui/dashboard:v2.3.1",
    "docker.io/kubernetesui/metrics-scraper:v1.0.7",
    "docker.io/library/registry:2.7.1",
    "docker.io/library/nginx:alpine",
    "quay.io/coreos/flannel:v0.15.1",
    "ghcr.io/flannel-io/flannel:v0.22.0",
    "mirror.lan:5000/own/app:1",
)


def descriptor(letter: str) -> Descriptor:
    return Descriptor(OCI_MANIFEST, Digest(f"sha256:{letter * 64}"), 7)


def index_of(*names: str, letter: str = "a") -> LayoutIndex:
    index = LayoutIndex()
    for name in names:
        index = index.tagged(Reference.parse(name), descriptor(letter))
    return index


def pinned(name: str, letter: str) -> Lock:
    return Lock((PinnedImage(Reference.parse(name), descriptor(letter).digest),))


def digests(names: Names, repository: str) -> dict[str, Digest]:
    return {tag: found.digest for tag, found in names.tags(repository).items()}


@pytest.mark.parametrize(
    "path, ns, name",
    [
        ("pause", "registry.k8s.io", "registry.k8s.io/pause"),
        ("coredns/coredns", "registry.k8s.io", "registry.k8s.io/coredns/coredns"),
        ("library/nginx", "docker.io", "docker.io/library/nginx"),
        ("nginx", "docker.io", "docker.io/library/nginx"),
        ("library/nginx", "registry-1.docker.io", "docker.io/library/nginx"),
        ("library/nginx", "Index.Docker.IO", "docker.io/library/nginx"),
        ("own/app", "mirror.lan:5000", "mirror.lan:5000/own/app"),
        ("registry.k8s.io/pause", None, "registry.k8s.io/pause"),
        ("docker.io/nginx", None, "docker.io/library/nginx"),
        ("docker.io/library/nginx", None, "docker.io/library/nginx"),
        ("index.docker.io/library/nginx", None, "docker.io/library/nginx"),
        ("quay.io/coreos/flannel", None, "quay.io/coreos/flannel"),
        ("nginx", None, "docker.io/library/nginx"),
        ("library/nginx", None, "docker.io/library/nginx"),
        ("calico/node", None, "docker.io/calico/node"),
    ],
)
def test_every_spelling_of_a_client_leads_to_the_canonical_name(
    path: str, ns: str | None, name: str
) -> None:
    names = Names(index_of(*CLASS), ())
    assert names.canonical(path, ns) == name
    assert names.tags(name)


@pytest.mark.parametrize(
    "path, name",
    [
        ("kube-apiserver", "registry.k8s.io/kube-apiserver"),
        ("pause", "registry.k8s.io/pause"),
        ("etcd", "registry.k8s.io/etcd"),
        ("coredns/coredns", "registry.k8s.io/coredns/coredns"),  # minikube's cache
        ("coredns", "registry.k8s.io/coredns/coredns"),  # kubeadm
        ("k8s-minikube/storage-provisioner", "gcr.io/k8s-minikube/storage-provisioner"),
        ("k8s-minikube/kicbase", "gcr.io/k8s-minikube/kicbase"),
        ("kindnetd", "docker.io/kindest/kindnetd"),
        ("cni", "docker.io/calico/cni"),
        ("node", "docker.io/calico/node"),
        ("kube-controllers", "docker.io/calico/kube-controllers"),
        ("pod2daemon-flexvol", "docker.io/calico/pod2daemon-flexvol"),
        ("kubernetesui/dashboard", "docker.io/kubernetesui/dashboard"),
        ("kubernetesui/metrics-scraper", "docker.io/kubernetesui/metrics-scraper"),
        ("metrics-server/metrics-server", "registry.k8s.io/metrics-server/metrics-server"),
        ("ingress-nginx/controller", "registry.k8s.io/ingress-nginx/controller"),
        ("registry", "docker.io/library/registry"),
        ("google_containers/kube-registry-proxy", "gcr.io/google_containers/kube-registry-proxy"),
        ("flannel-io/flannel", "ghcr.io/flannel-io/flannel"),
        ("quay.io/coreos/flannel", "quay.io/coreos/flannel"),
    ],
)
def test_below_the_image_repository_minikube_finds_what_it_means(path: str, name: str) -> None:
    assert Names(index_of(*CLASS), ()).canonical(f"k8s/{path}", None) == name


OLD_HOST = """\
version: 1
images:
  - {name: "k8s.gcr.io/ingress-nginx/kube-webhook-certgen:v1.1.1", digest: %s}
"""


@pytest.mark.parametrize(
    "path, ns",
    [
        ("ingress-nginx/kube-webhook-certgen", "k8s.gcr.io"),
        ("ingress-nginx/kube-webhook-certgen", "registry.k8s.io"),
        ("k8s.gcr.io/ingress-nginx/kube-webhook-certgen", None),
        ("registry.k8s.io/ingress-nginx/kube-webhook-certgen", None),
        ("k8s/k8s.gcr.io/ingress-nginx/kube-webhook-certgen", None),  # minikube ≤ v1.26.1
        ("k8s/ingress-nginx/kube-webhook-certgen", None),
    ],
)
def test_a_lock_makes_the_old_kubernetes_registry_the_new_one(path: str, ns: str | None) -> None:
    lock = parse_lock((OLD_HOST % f"sha256:{'a' * 64}").encode())
    index = index_of("registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.1.1")
    names = Names(index, (lock,))
    found = digests(names, names.canonical(path, ns))
    assert found == {"v1.1.1": descriptor("a").digest}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_hosts_with_one_path_kubeadm_means_the_kubernetes_registry(order: int) -> None:
    hosts = ("quay.io", "registry.k8s.io", "docker.io", "gcr.io", "ghcr.io", "a.example")
    held = [f"{host}/team/pause:3.6" for host in hosts][::order]
    assert Names(index_of(*held), ()).canonical("k8s/team/pause", None) == (
        "registry.k8s.io/team/pause"
    )


def test_a_whole_path_comes_before_the_last_part_of_another() -> None:
    held = ("registry.k8s.io/team/pause:1", "quay.io/pause:1")
    assert Names(index_of(*held), ()).canonical("k8s/pause", None) == "quay.io/pause"


def test_a_repository_really_called_k8s_at_docker_hub_is_found() -> None:
    names = Names(index_of("docker.io/k8s/tool:1"), ())
    assert names.canonical("k8s/tool", None) == "docker.io/k8s/tool"


def test_a_lock_decides_what_a_tag_stands_for() -> None:
    index = index_of("docker.io/library/nginx:alpine", letter="a")
    index = index.tagged(Reference.parse("other.example/x:1"), descriptor("b"))
    names = Names(index, (pinned("docker.io/library/nginx:alpine", "b"),))
    assert digests(names, "docker.io/library/nginx") == {"alpine": descriptor("b").digest}


def test_a_locked_image_that_is_not_held_is_not_served_as_another() -> None:
    index = index_of("docker.io/library/nginx:alpine", "docker.io/library/nginx:1", letter="a")
    names = Names(index, (pinned("docker.io/library/nginx:alpine", "b"),))
    assert list(names.tags("docker.io/library/nginx")) == ["1"]
    assert names.pinned == {"docker.io/library/nginx:alpine"}


@pytest.mark.parametrize("letters", ["ab", "ba"])
def test_of_two_locks_the_first_has_the_last_word(letters: str) -> None:
    index = index_of("one.example/x:1", letter="a")
    index = index.tagged(Reference.parse("two.example/x:1"), descriptor("b"))
    names = Names(index, [pinned("docker.io/library/nginx:1", letter) for letter in letters])
    assert digests(names, "docker.io/library/nginx") == {"1": descriptor(letters[0]).digest}


def test_what_the_first_lock_waits_for_is_not_served_from_the_second() -> None:
    locks = (pinned("nginx:1", "b"), pinned("nginx:1", "a"))
    names = Names(index_of("nginx:1", letter="a"), locks)
    assert names.canonical("nginx", None) == "docker.io/library/nginx"
    assert names.tags("docker.io/library/nginx") == {}


def test_also_names_serve_what_the_image_is() -> None:
    image = PinnedImage(
        Reference.parse("registry.k8s.io/pause:3.6"),
        descriptor("a").digest,
        also=(Reference.parse("mirror.lan:5000/own/pause:latest"),),
    )
    names = Names(index_of("registry.k8s.io/pause:3.6"), (Lock((image,)),))
    assert names.canonical("own/pause", "mirror.lan:5000") == "mirror.lan:5000/own/pause"
    assert digests(names, "mirror.lan:5000/own/pause") == {"latest": descriptor("a").digest}


@pytest.mark.parametrize(
    "ns",
    [
        *("127.0.0.1:22", "localhost", "[::1]:80", "169.254.169.254", "../", "..", "../../etc"),
        *("registry.k8s.io/", "registry.k8s.io\n", "a b", "http://registry.k8s.io", "x" * 8000),
        *("registry.k8s.io@evil", "%2e%2e", "registry.k8s.io:443", "\u212a8s.io"),
    ],
)
def test_a_hostile_ns_is_just_an_unknown_name(ns: str) -> None:
    names = Names(index_of(*CLASS), ())
    assert names.tags(names.canonical("pause", ns)) == {}


@pytest.mark.parametrize("path", ["pause/x", "k8s/nothing", "nothing.example/x", "k8s"])
def test_an_unknown_path_is_named_and_has_no_tags(path: str) -> None:
    names = Names(index_of(*CLASS), ())
    assert "/" in names.canonical(path, None)
    assert names.tags(names.canonical(path, None)) == {}


@pytest.mark.parametrize(
    "path, tag, name",
    [
        ("kindnetd", "v20210326-1e038dc5", "docker.io/kindest/kindnetd"),
        ("kindnetd", "v20991231-of-a-later-day", "docker.io/kindest/kindnetd"),
        ("kindnetd", None, "docker.io/kindest/kindnetd"),
        ("cni", "v3.20.0", "docker.io/calico/cni"),
        ("coredns", "v1.8.6", "registry.k8s.io/coredns/coredns"),
        ("coredns", "1.6.7", "registry.k8s.io/coredns"),
        ("kubernetesui/dashboard", "v2.3.1", "docker.io/kubernetesui/dashboard"),
        ("nothing", "1", "registry.k8s.io/nothing"),
    ],
)
def test_of_what_is_not_held_the_catalog_says_what_minikube_means(
    path: str, tag: str | None, name: str
) -> None:
    names = Names(index_of("docker.io/library/nginx:alpine"), ())
    assert names.canonical(f"k8s/{path}", None, tag) == name


def test_an_image_of_ones_own_below_k8s_stays_what_the_class_has() -> None:
    names = Names(index_of("mirror.lan:5000/own/kindnetd:1"), ())
    assert names.canonical("k8s/kindnetd", None, "1") == "mirror.lan:5000/own/kindnetd"


@pytest.mark.parametrize(
    "unknown, near",
    [
        ("docker.io/library/ngimx", "docker.io/library/nginx"),
        ("registry.k8s.io/kube-apiservr", "registry.k8s.io/kube-apiserver"),
        ("docker.io/kubernetesui/dashbord", "docker.io/kubernetesui/dashboard"),
        ("docker.io/library/zzzzzz", None),
        ("docker.io/library/redis", None),
        ("docker.io/library/" + "n" * 230, None),
    ],
)
def test_the_nearest_name_is_told_only_when_it_is_near(unknown: str, near: str | None) -> None:
    assert Names(index_of(*CLASS), ()).nearest(unknown) == near


def test_the_nearest_name_is_one_that_can_be_pulled() -> None:
    names = Names(LayoutIndex(), (pinned("docker.io/library/nginx:1", "a"),))
    assert names.nearest("docker.io/library/nginx2") is None


@given(path=st.text(max_size=40), ns=st.one_of(st.none(), st.text(max_size=40)))
def test_any_text_means_one_name_and_the_held_ones_stay(path: str, ns: str | None) -> None:
    names = Names(index_of(*CLASS), ())
    held = set(chain(names.repositories))
    names.tags(names.canonical(path, ns))
    assert set(names.repositories) == held


def test_the_same_image_in_other_bytes_is_had_under_the_pinned_tag_and_not_by_digest() -> None:
    name, pinned_one = "registry.k8s.io/pause:3.6", pinned("registry.k8s.io/pause:3.6", "b")
    other = Lock((PinnedImage(Reference.parse(name), descriptor("c").digest),))
    index = LayoutIndex().tagged(Reference.parse(name), descriptor("a"), descriptor("b").digest)
    names = Names(index, (pinned_one,))
    assert digests(names, "registry.k8s.io/pause") == {"3.6": descriptor("a").digest}
    assert names.substituted == {descriptor("b").digest}
    # A lock that pins something else gets nothing in its place.
    assert digests(Names(index, (other,)), "registry.k8s.io/pause") == {}
    exact = index.tagged(Reference.parse(name), descriptor("b"))
    assert digests(Names(exact, (pinned_one,)), "registry.k8s.io/pause") == {
        "3.6": descriptor("b").digest
    }
    assert Names(exact, (pinned_one,)).substituted == set()
