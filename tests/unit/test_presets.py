"""The wishes that `mirrorkit init` starts from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mirrorkit.catalog.needs import images_for, kubeadm_room
from mirrorkit.documents.wish import KubeadmRoom, parse_wish
from mirrorkit.errors import UsageError
from mirrorkit.oci.platform import Platform
from mirrorkit.presets import PRESETS, Choice, preset_text, preset_wish, started

if TYPE_CHECKING:
    from mirrorkit.oci.reference import Reference

# facts/course.md, "Images by chapter", written out by hand.
COURSE = {
    "docker-basics": """
        docker.io/library/busybox:latest docker.io/library/hello-world:latest
        docker.io/library/alpine:latest docker.io/library/alpine:3.15
        docker.io/library/ubuntu:18.04 docker.io/library/ubuntu:jammy docker.io/library/centos:7
        docker.io/library/nginx:alpine docker.io/library/nginx:1.21-alpine
        docker.io/library/redis:latest docker.io/library/redis:5-alpine
        docker.io/library/python:alpine docker.io/library/registry:latest
        docker.io/library/nginx:latest docker.io/bitnami/nginx:latest
        docker.io/ubuntu/nginx:latest docker.io/openresty/openresty:latest
    """,
    "wordpress": """
        docker.io/library/wordpress:5 docker.io/library/mariadb:10 docker.io/library/nginx:alpine
    """,
    "pods": """
        docker.io/library/nginx:alpine docker.io/library/busybox:latest
        docker.io/library/mariadb:10 docker.io/library/wordpress:5
    """,
    "kubeadm": """
        docker.io/rancher/mirrored-flannelcni-flannel:v0.17.0
        docker.io/rancher/mirrored-flannelcni-flannel-cni-plugin:v1.0.1
    """,
    "services": """
        docker.io/library/nginx:alpine docker.io/library/redis:5-alpine
        docker.io/nginx/nginx-ingress:2.2-alpine docker.io/library/kong:3.0
        docker.io/library/kong:3.1 docker.io/kong/kubernetes-ingress-controller:2.7.0
    """,
    "storage": """
        docker.io/library/redis:5-alpine
        registry.k8s.io/sig-storage/nfs-subdir-external-provisioner:v4.0.2
        docker.io/chronolaw/nfs-subdir-external-provisioner:v4.0.2
        docker.io/library/nginx:1.22-alpine docker.io/library/httpd:alpine
        registry.k8s.io/metrics-server/metrics-server:v0.6.1
    """,
    "dashboard-calico": """
        docker.io/kubernetesui/dashboard:v2.6.0 docker.io/kubernetesui/metrics-scraper:v1.0.8
        docker.io/calico/cni:v3.23.1 docker.io/calico/node:v3.23.1
        docker.io/calico/kube-controllers:v3.23.1
    """,
}
KUBEADM = """
    registry.k8s.io/kube-apiserver:v1.23.3 registry.k8s.io/kube-controller-manager:v1.23.3
    registry.k8s.io/kube-scheduler:v1.23.3 registry.k8s.io/kube-proxy:v1.23.3
    registry.k8s.io/pause:3.6 registry.k8s.io/etcd:3.5.1-0 registry.k8s.io/coredns/coredns:v1.8.6
"""
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def canonical(images: tuple[Reference, ...]) -> list[str]:
    return [str(image.canonical) for image in images]


def test_the_course_has_every_image_of_every_lesson_in_order() -> None:
    lessons = {lesson.name: canonical(lesson.images) for lesson in preset_wish("course").lessons}
    assert list(lessons) == list(COURSE)
    assert {name: sorted(images) for name, images in lessons.items()} == {
        name: sorted(images.split()) for name, images in COURSE.items()
    }


def test_the_course_has_the_room_of_kubeadm_machines() -> None:
    (room,) = preset_wish("course").kubeadm
    assert room == KubeadmRoom("v1.23.3", "flannel")
    images = {str(image.name) for image in kubeadm_room(room.kubernetes, room.cni)}
    assert images == {*KUBEADM.split(), *COURSE["kubeadm"].split()}


def test_the_course_is_for_its_versions_and_machines() -> None:
    wish = preset_wish("course")
    assert (wish.minikube, wish.kubernetes) == (("v1.25.2",), ("v1.23.3", "v1.23.9"))
    assert (wish.runtime, wish.addons) == ("docker", ("dashboard", "ingress", "metrics-server"))
    assert wish.platforms == (AMD64, ARM64)
    assert {tool.os for tool in wish.tools} == {"linux", "darwin", "windows"}


def test_current_is_for_the_newest_release() -> None:
    wish = preset_wish("current")
    assert (wish.minikube, wish.kubernetes) == (("v1.38.1",), ("v1.35.1",))
    assert wish.kubeadm == ()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_what_it_starts_and_the_catalog_has_all_of_it(name: str) -> None:
    text, wish = started(name, Choice())
    assert text == preset_text(name)
    assert parse_wish(text) == wish == preset_wish(name)
    for version in wish.kubernetes:
        assert images_for(wish.minikube[0], version, addons=wish.addons, cni=wish.cni or "")


@pytest.mark.parametrize("name", PRESETS)
def test_every_key_of_a_preset_is_explained_on_the_line_above(name: str) -> None:
    lines = preset_text(name).decode().splitlines()
    keys = [n for n, line in enumerate(lines) if re.match(r"[a-z]+:", line)]
    assert len(keys) == 13
    assert [lines[n] for n in keys if not re.match(r"# [A-Zm].*\.$", lines[n - 1])] == []


def test_what_is_chosen_takes_the_place_of_the_presets() -> None:
    choice = Choice(
        minikube="1.32.0",
        kubernetes=("v1.28.3", "1.27.4", "v1.28.3"),
        runtime="cri-o",
        nodes=3,
        addons=(),
        cni="false",
        platforms=("linux/aarch64",),
    )
    text, wish = started("course", choice)
    assert parse_wish(text) == wish
    assert (wish.minikube, wish.kubernetes) == (("v1.32.0",), ("v1.28.3", "v1.27.4"))
    assert (wish.runtime, wish.nodes, wish.addons, wish.cni) == ("cri-o", 3, (), "false")
    assert wish.platforms == (ARM64,)
    assert wish.lessons == preset_wish("course").lessons
    comments = [line for line in preset_text("course").decode().splitlines() if "#" in line]
    assert [line for line in text.decode().splitlines() if "#" in line] == comments


def test_another_release_gets_its_own_kubernetes() -> None:
    _, wish = started("current", Choice(minikube="v1.25.2"))
    assert wish.kubernetes == ("v1.23.3",)
    _, wish = started("course", Choice(minikube="v1.26.0"))
    assert wish.kubernetes == ("v1.23.3", "v1.23.9")


@pytest.mark.parametrize(
    "choice, message, hint",
    [
        (Choice(minikube="v1.25.9"), "no minikube v1.25.9", "v1.25.2 and v1.26.0"),
        (Choice(kubernetes=("v1.24.0",)), "no Kubernetes v1.24.0", "v1.23.17"),
        (Choice(kubernetes=("new",)), "'new' is not a version", "v1.23.3"),
        (Choice(addons=("ingres",)), "no addon 'ingres'", "the nearest is ingress"),
        (Choice(runtime="rkt"), "'rkt' is no container runtime", "docker"),
        (Choice(cni="weave"), "'weave' is no network", "flannel"),
        (Choice(nodes=0), "0 nodes", "1 or more"),
        (Choice(nodes=11), "11 nodes", "at most 10"),
        (Choice(platforms=("darwin/arm64",)), "no platform of nodes", "linux/amd64"),
        (Choice(platforms=("amd64",)), "'amd64' is no platform", "linux/amd64"),
    ],
)
def test_what_the_catalog_lacks_is_refused(choice: Choice, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as refusal:
        started("course", choice)
    assert hint in (refusal.value.hint or "")


def test_there_is_no_other_preset() -> None:
    with pytest.raises(UsageError, match="'mine' is no preset"):
        preset_wish("mine")
