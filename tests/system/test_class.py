"""The main job, whole: a class synced from real registries, served to real clients, offline."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.classroom import classroom, split_name
from tests.lab.clients import podman, skopeo_copy, skopeo_digest, skopeo_inspect
from tests.lab.engines import containerd, docker_engine, write_hosts
from tests.lab.images import OCI
from tests.lab.product import Product, hosts_of
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

BUSYBOX = "docker.io/library/busybox:latest"
GREETING = "echo hello from the class"
OLD = "k8s.gcr.io"


class Class(NamedTuple):
    """A class that is served while every upstream is down."""

    images: dict[str, Made]
    product: Product
    address: str
    requests_of_first_sync: int
    requests_of_second_sync: int

    def explicit(self, name: str) -> str:
        """Return the name that says both the mirror and the registry."""
        return f"{self.address}/{name}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    """Sync 20 images, some 340 MB, from three registries; stop those; serve."""
    folder = tmp_path_factory.mktemp("class")
    images = classroom()
    product = Product(folder)
    product.lock(images)
    with ExitStack() as upstreams:
        registries = {}
        for host in hosts_of(images):
            registry = upstreams.enter_context(docker_registry(folder / host))
            registry.push_all({n: made for n, made in images.items() if split_name(n)[0] == host})
            registries[host] = registry
        product.configure({host: each.address for host, each in registries.items()})
        first = product("sync")
        assert first.returncode == 0, first.stderr
        asked = sum(len(each.requests()) for each in registries.values())
        assert product("sync").returncode == 0
        asked_again = sum(len(each.requests()) for each in registries.values()) - asked
    with product.serving() as server:
        yield Class(images, product, server.address, asked, asked_again)


def test_a_second_sync_contacts_no_upstream(served: Class) -> None:
    assert served.requests_of_first_sync > 100
    assert served.requests_of_second_sync == 0


def test_the_class_is_complete_and_counts_shared_bytes_once(served: Class) -> None:
    status = served.product.status()
    blobs = {
        digest: len(data) for m in served.images.values() for digest, data in m.all_blobs().items()
    }
    manifests = {m.digest: len(m.data) for made in served.images.values() for m in made.manifests()}
    total = sum(blobs.values()) + sum(manifests.values())
    assert status["complete"]
    assert status["images"] == {"total": 20, "complete": 20}
    assert status["bytes"] == {"needed": total, "present": total}


def test_docker_pulls_every_image_and_runs_one(served: Class, tmp_path: Path) -> None:
    with docker_engine(tmp_path, registry_mirror=f"http://{served.address}") as docker:
        for name, made in served.images.items():
            assert docker.pull(served.explicit(name)) == made.digest, name
        assert docker.pull("busybox") == served.images[BUSYBOX].digest
        # What a pod with pull policy Always does at each start: ask the tag again.
        assert "up to date" in docker("pull", "busybox:latest")
        assert docker.run("busybox", GREETING) == "hello from the class\n"


def test_containerd_pulls_every_image_by_its_own_name_and_runs_one(
    served: Class, tmp_path: Path
) -> None:
    hosts = write_hosts(
        tmp_path / "hosts", [*hosts_of(served.images), OLD], f"http://{served.address}"
    )
    with containerd(tmp_path, hosts_dir=hosts) as ctr:
        for name, made in served.images.items():
            assert ctr.fetch(name) == made.digest, name
        assert ctr.pull(BUSYBOX, "linux/amd64") == served.images[BUSYBOX].digest
        assert ctr.run(BUSYBOX, GREETING) == "hello from the class\n"
        pause = "registry.k8s.io/pause:3.6"
        assert ctr.fetch(pause.replace("registry.k8s.io", OLD)) == served.images[pause].digest


def test_podman_pulls_every_image(served: Class) -> None:
    with podman() as client:
        for name, made in served.images.items():
            assert made.digest in client.pull(served.explicit(name)), name


def test_skopeo_pulls_every_image_from_the_server(served: Class, tmp_path: Path) -> None:
    for name, made in served.images.items():
        source = f"docker://{served.explicit(name)}"
        assert skopeo_digest(source) == made.digest, name
        skopeo_copy(source, f"oci:{tmp_path / 'copies'}:{name}")


def test_skopeo_reads_the_store_itself(served: Class) -> None:
    # By name skopeo finds only OCI media types in a layout; Docker's are there all the same.
    found = {n: m for n, m in served.images.items() if m.media_type in (OCI.index, OCI.manifest)}
    assert len(found) > 5
    for name, made in found.items():
        place = f"oci:{served.product.store}:{name}"
        assert skopeo_digest(place) == made.digest, name
        assert skopeo_inspect(place)["Architecture"] == "amd64"


def test_what_minikube_asks_below_its_image_repository_is_answered(served: Class) -> None:
    for asked, name in {
        "pause:3.6": "registry.k8s.io/pause:3.6",
        "coredns:v1.8.6": "registry.k8s.io/coredns/coredns:v1.8.6",
        "coredns/coredns:v1.8.6": "registry.k8s.io/coredns/coredns:v1.8.6",
        "k8s-minikube/storage-provisioner:v5": "gcr.io/k8s-minikube/storage-provisioner:v5",
        "k8s-minikube/kicbase:v0.0.30": "gcr.io/k8s-minikube/kicbase:v0.0.30",
        "kubernetesui/dashboard:v2.3.1": "docker.io/kubernetesui/dashboard:v2.3.1",
    }.items():
        found = skopeo_digest(f"docker://{served.address}/k8s/{asked}")
        assert found == served.images[name].digest, asked
