"""Sources as data: what each has an image under, which are asked, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from mirrorkit.documents.configuration import parse_configuration
from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.sources import SHIPPED, Sources
from mirrorkit.errors import DocumentError, UsageError
from mirrorkit.oci.reference import Reference
from mirrorkit.settings import Flags, load_settings

GOOGLE = "registry.cn-hangzhou.aliyuncs.com/google_containers"
DIGEST = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def located(source: str, name: str) -> str | None:
    found = SHIPPED[source].locate(Reference.parse(name).canonical)
    return str(found) if found else None


@pytest.mark.parametrize(
    "name, there",
    [
        ("registry.k8s.io/kube-apiserver:v1.23.3", f"{GOOGLE}/kube-apiserver:v1.23.3"),
        ("registry.k8s.io/kube-controller-manager:v1", f"{GOOGLE}/kube-controller-manager:v1"),
        ("registry.k8s.io/kube-scheduler:v1", f"{GOOGLE}/kube-scheduler:v1"),
        ("registry.k8s.io/kube-proxy:v1", f"{GOOGLE}/kube-proxy:v1"),
        ("k8s.gcr.io/pause:3.6", f"{GOOGLE}/pause:3.6"),
        ("registry.k8s.io/etcd:3.5.1-0", f"{GOOGLE}/etcd:3.5.1-0"),
        ("registry.k8s.io/coredns/coredns:v1.8.6", f"{GOOGLE}/coredns:v1.8.6"),
        ("registry.k8s.io/coredns:1.6.7", f"{GOOGLE}/coredns:1.6.7"),
        ("gcr.io/k8s-minikube/kicbase:v0.0.30", f"{GOOGLE}/kicbase:v0.0.30"),
        ("gcr.io/k8s-minikube/storage-provisioner:v5", f"{GOOGLE}/storage-provisioner:v5"),
        ("kindest/kindnetd:v1", f"{GOOGLE}/kindnetd:v1"),
        ("calico/node:v3.20.0", f"{GOOGLE}/node:v3.20.0"),
        ("kubernetesui/dashboard:v2.3.1", f"{GOOGLE}/dashboard:v2.3.1"),
        ("registry:2.7.1", f"{GOOGLE}/registry:2.7.1"),
        ("k8s.gcr.io/ingress-nginx/controller:v1", f"{GOOGLE}/nginx-ingress-controller:v1"),
        ("gluster/gluster-centos:latest", f"{GOOGLE}/glusterfs-server:latest"),
        (
            "quay.io/coreos/hyperkube:v1",
            "registry.cn-hangzhou.aliyuncs.com/coreos_containers/hyperkube:v1",
        ),
        (
            "gcr.io/cloud-builders/gcs-fetcher:1",
            "registry.cn-hangzhou.aliyuncs.com/cloud-builders/gcs-fetcher:1",
        ),
        (f"registry.k8s.io/pause@{DIGEST}", f"{GOOGLE}/pause@{DIGEST}"),
        ("nginx:alpine", None),
        ("redis:5-alpine", None),
        ("docker.io/kicbase/stable:v0.0.30", None),
        ("quay.io/metallb/speaker:v0.9.6", None),
        ("ghcr.io/flannel-io/flannel:v1", None),
        ("harbor.school.cn/pause:3.6", None),
    ],
)
def test_aliyun_has_what_minikube_looks_for_there(name: str, there: str | None) -> None:
    assert located("aliyun", name) == there


@pytest.mark.parametrize(
    "name, there",
    [
        ("k8s.gcr.io/pause:3.6", "m.daocloud.io/registry.k8s.io/pause:3.6"),
        ("nginx:alpine", "m.daocloud.io/docker.io/library/nginx:alpine"),
        ("gcr.io/k8s-minikube/kicbase:v1", "m.daocloud.io/gcr.io/k8s-minikube/kicbase:v1"),
        ("quay.io/a/b/c:1", "m.daocloud.io/quay.io/a/b/c:1"),
        ("harbor.school.cn/secret/exam:1", None),
        ("localhost:5000/x:1", None),
    ],
)
def test_daocloud_has_public_registries_below_their_names(name: str, there: str | None) -> None:
    assert located("daocloud", name) == there


def places(name: str, sources: Sources, more: str = "") -> list[str]:
    text = f"version: 1\nimages:\n- name: {name}\n  digest: {DIGEST}\n{more}"
    (image,) = parse_lock(text.encode()).images
    return [f"{place.source} {place.reference}" for place in sources.places(image)]


PAUSE = "registry.k8s.io/pause:3.6"
ALL = [
    f"upstream {PAUSE}",
    "upstream k8s.gcr.io/pause:3.6",
    f"aliyun {GOOGLE}/pause:3.6",
    f"daocloud m.daocloud.io/{PAUSE}",
]


def test_upstream_is_asked_first_then_aliyun_then_daocloud() -> None:
    assert places(PAUSE, Sources()) == ALL
    assert places("k8s.gcr.io/pause:3.6", Sources()) == ALL
    nginx = "docker.io/library/nginx:alpine"
    assert places(nginx, Sources()) == [f"upstream {nginx}", f"daocloud m.daocloud.io/{nginx}"]
    assert places("harbor.school.cn/x:1", Sources()) == ["upstream harbor.school.cn/x:1"]


def read(text: str) -> Sources:
    return parse_configuration(text.encode()).sources


OWN = """
sources:
  school:
    repository: harbor.school.cn:8443/mirror/{registry}/{repository}
    registries: [k8s.gcr.io, quay.io]
  flat: {repository: "Hub.school.cn/{last}"}
"""


def test_the_operators_own_sources_come_first_unless_an_order_says_otherwise() -> None:
    school = f"school harbor.school.cn:8443/mirror/{PAUSE}"
    flat = "flat hub.school.cn/pause:3.6"
    assert places(PAUSE, read(OWN)) == [school, flat, *ALL]
    assert places("nginx:1", read(OWN))[0] == "flat hub.school.cn/nginx:1"
    order = "source_order:\n  k8s.gcr.io: [aliyun, flat]\n  '*': [upstream]\n"
    assert places(PAUSE, read(OWN + order)) == [ALL[2], flat]
    assert places("quay.io/a/b:1", read(OWN + order)) == ["upstream quay.io/a/b:1"]


def test_one_of_the_operators_may_stand_in_place_of_a_shipped_one() -> None:
    found = places(PAUSE, read("sources: {aliyun: {repository: 'registry.aliyuncs.com/k/{last}'}}"))
    assert f"aliyun {GOOGLE}/pause:3.6" not in found
    assert found[0] == "aliyun registry.aliyuncs.com/k/pause:3.6"


def test_the_name_that_the_lock_has_for_a_source_wins() -> None:
    for digest in (DIGEST, OTHER):
        lock = f"  sources: {{aliyun: {{name: 'my.cn/x/pause:old', digest: '{digest}'}}}}\n"
        assert places(PAUSE, Sources(), lock) == [*ALL[:2], "aliyun my.cn/x/pause:old", ALL[3]]


def test_another_name_in_the_lock_counts_as_upstream_if_it_has_the_same_bytes() -> None:
    lock = "  sources: {hub: {name: 'docker.io/k8s/pause:3.6'}}\n"
    assert places(PAUSE, Sources(), lock) == [
        *ALL[:2],
        "upstream docker.io/k8s/pause:3.6",
        *ALL[2:],
    ]
    lock = f"  sources: {{hub: {{name: 'docker.io/k8s/pause:3.6', digest: '{OTHER}'}}}}\n"
    assert places(PAUSE, Sources(), lock) == ALL


def test_a_repository_that_two_sources_name_is_asked_once() -> None:
    twice = "sources: {again: {repository: 'm.daocloud.io/{registry}/{repository}'}}"
    found = places("nginx:1", read(twice))
    assert found == [
        "again m.daocloud.io/docker.io/library/nginx:1",
        "upstream docker.io/library/nginx:1",
    ]


@pytest.mark.parametrize(
    "text, place",
    [
        ("sources: x", "1:10: sources: a mapping"),
        ("sources: {a: {}}", "1:14: sources.a: `repository` is missing"),
        ("sources: {A: {repository: 'h.cn/{last}'}}", "1:11: sources.A: 'A' is not a name"),
        ("sources: {upstream: {repository: 'h.cn/{last}'}}", "1:11: sources.upstream: upstream is"),
        ("sources: {a: {repositry: x}}", "1:15: sources.a: unknown key 'repositry'; did you mean"),
        ("sources: {a: {repository: 'h.cn/{last}/{name}'}}", "1:27: sources.a.repository: {name}"),
        ("sources: {a: {repository: h.cn/x}}", "1:27: sources.a.repository: 'h.cn/x' has no"),
        ("sources: {a: {repository: '{last}'}}", "1:27: sources.a.repository: '{last}' has no"),
        ("sources: {a: {repository: 'h/{last}'}}", "1:27: sources.a.repository: 'h/{last}' is"),
        ("sources: {a: {repository: 'http://h.cn/{last}'}}", "1:27: sources.a.repository: 'http:"),
        ("sources: {a: {repository: '{registry}/{last}'}}", "1:27: sources.a.repository: "),
        ("sources: {a: {repository: 'h.cn/../{last}'}}", "1:27: sources.a.repository: "),
        ("sources: {a: {repository: 'h.cn/{last}:1'}}", "1:27: sources.a.repository: "),
        (
            "sources: {a: {repository: 'h.cn/{last}', registries: []}}",
            "1:54: sources.a.registries: name at least one",
        ),
        (
            "sources: {a: {repository: 'h.cn/{last}', registries: [a b]}}",
            "1:55: sources.a.registries[0]: 'a b' is not",
        ),
        ("source_order: {'*': [nobody]}", "1:22: source_order.*[0]: 'nobody' is no source; known"),
        ("source_order: {'*': []}", "1:21: source_order.*: name at least one source"),
        ("source_order: {'*': upstream}", "1:21: source_order.*: a list"),
        ("source_order: {a b: [upstream]}", "1:16: source_order.a b: 'a b' is not a registry"),
        (
            "source_order: {k8s.gcr.io: [aliyun], registry.k8s.io: [aliyun]}",
            "1:38: source_order.registry.k8s.io: registry.k8s.io stands twice",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, place: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        read(text)
    assert f"mirrorkit.yaml:{place}" in refusal.value.message


def test_flags_win_over_a_variable_and_that_over_every_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mirrorkit.yaml").write_text(OWN + "source_order: {'*': [upstream]}")
    variables = {"MIRRORKIT_SOURCE": "aliyun, daocloud"}
    by_file = load_settings(Flags(), {})
    by_variable = load_settings(Flags(), variables)
    by_flag = load_settings(Flags(sources=("flat", "aliyun")), variables)
    assert places(PAUSE, by_file.sources) == ALL[:2]
    assert places(PAUSE, by_variable.sources) == ALL[2:]
    assert places(PAUSE, by_flag.sources) == ["flat hub.school.cn/pause:3.6", ALL[2]]
    explained = {one.name: (one.value, one.origin) for one in by_flag.explained()}
    assert explained["source"] == ("flat, aliyun", "--source")
    assert explained["source_order.*"] == ("upstream", "mirrorkit.yaml")
    assert explained["sources.flat"] == ("hub.school.cn/{last}", "mirrorkit.yaml")
    with pytest.raises(UsageError, match="--source: 'nobody' is no source; known are school, flat"):
        load_settings(Flags(sources=("nobody",)), {})
