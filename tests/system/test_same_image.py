"""An image that Aliyun packed anew, from a real registry, in the hands of real clients."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration.mirrors import ALIYUN, PAUSE
from tests.lab.clients import podman, skopeo_copy, skopeo_digest
from tests.lab.engines import containerd, docker_engine, write_hosts
from tests.lab.images import DOCKER, image, index, packed_anew
from tests.lab.layers import busybox_layer, digest_of, random_layer
from tests.lab.product import Product
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

SEED, SIZE = "a lesson", 400_000
FILE = f"/srv/{digest_of(SEED.encode())[7:19]}"
SUM = hashlib.sha256(hashlib.shake_128(SEED.encode()).digest(SIZE)).hexdigest()
LAYERS = [busybox_layer(), random_layer(SEED, SIZE)]
AMD = image(LAYERS, "linux/amd64", kind=DOCKER)
PINNED = index([AMD, image([random_layer("arm", 3000)], "linux/arm64", kind=DOCKER)], kind=DOCKER)


def members(data: bytes) -> bytes:
    """Pack as pigz and bgzip do: several members, quickly."""
    return b"".join(
        gzip.compress(data[at : at + 100_000], 1) for at in range(0, len(data), 100_000)
    )


def packed() -> Made:
    """Pack the layers of the pinned image anew."""
    tars = [gzip.decompress(layer.data) for layer in LAYERS]
    return packed_anew(AMD, [(DOCKER.layer, members(tar)) for tar in tars])


class Class(NamedTuple):
    """A class whose only image came from a mirror that packed it anew."""

    address: str
    copy: Made
    product: Product

    @property
    def name(self) -> str:
        return f"{self.address}/{PAUSE}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("same")
    copy = packed()
    product = Product(folder)
    product.lock({PAUSE: PINNED}, ["linux/amd64"])
    documents = folder / "images.lock.d"
    documents.mkdir()
    for one in PINNED.manifests():
        (documents / one.digest.replace(":", "-")).write_bytes(one.data)
    with docker_registry(folder / "empty") as empty, docker_registry(folder / "aliyun") as aliyun:
        aliyun.push("google_containers/pause", "3.6", copy)
        hosts = {
            host: {"url": f"http://{empty.address}"} for host in ("registry.k8s.io", "k8s.gcr.io")
        }
        hosts[ALIYUN] = {"url": f"http://{aliyun.address}"}
        settings = {"endpoints": hosts, "source_order": {"*": ["upstream", "aliyun"]}}
        (folder / "mirrorkit.yaml").write_text(json.dumps(settings))
        done = product("sync")
        assert done.returncode == 0, done.stderr
    with product.serving() as server:
        yield Class(server.address, copy, product)


def test_the_class_is_complete_and_says_that_it_is_the_same_image(served: Class) -> None:
    status = served.product.status()
    assert (status["complete"], status["items"][0]["level"]) == (True, "same-image")


def test_docker_pulls_it_by_its_tag_and_finds_the_same_files(served: Class, tmp_path: Path) -> None:
    with docker_engine(tmp_path) as docker:
        assert docker.pull(served.name) == served.copy.digest
        assert docker.run(served.name, f"sha256sum {FILE}").split()[0] == SUM
        # The image id is the pinned one: to Docker it is the image that upstream published.
        found = docker("image", "inspect", "--format", "{{.Id}}", served.name)
        assert found.strip() == next(iter(AMD.blobs))


def test_containerd_and_podman_pull_it_by_its_tag(served: Class, tmp_path: Path) -> None:
    hosts = write_hosts(tmp_path / "hosts", ["registry.k8s.io"], f"http://{served.address}")
    with containerd(tmp_path, hosts_dir=hosts) as ctr:
        assert ctr.pull(PAUSE, "linux/amd64") == served.copy.digest
        assert ctr.run(PAUSE, f"sha256sum {FILE}").split()[0] == SUM
    with podman() as client:
        assert served.copy.digest in client.pull(served.name)


def test_skopeo_copies_it_from_the_server(served: Class, tmp_path: Path) -> None:
    assert skopeo_digest(f"docker://{served.name}") == served.copy.digest
    skopeo_copy(f"docker://{served.name}", f"oci:{tmp_path}:pause")
