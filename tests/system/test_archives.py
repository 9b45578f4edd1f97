"""Archives as students take them: curl, then docker, containerd, podman or skopeo."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.lab.clients import podman, skopeo_copy, skopeo_digest, skopeo_inspect
from tests.lab.engines import NATIVE, containerd, docker_engine
from tests.lab.images import DOCKER, OCI, image, index
from tests.lab.layers import busybox_layer, digest_of, random_layer
from tests.lab.process import output
from tests.lab.product import Product, product_for
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.images import Made

KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
BUSYBOX = "docker.io/library/busybox:latest"
PAUSE = "registry.k8s.io/pause:3.6"
NAMES = [KICBASE, BUSYBOX, PAUSE]
SHOWN = {KICBASE: KICBASE, BUSYBOX: "busybox:latest", PAUSE: PAUSE}
GREETING = "echo hello from the archive"


class Class(NamedTuple):
    """A class that is served."""

    images: dict[str, Made]
    product: Product
    address: str

    def fetch(self, name: str, folder: Path, query: str = "") -> Path:
        """Download an archive as a student does."""
        target = folder / "archive.tar"
        url = f"http://{self.address}/archives/{name}.tar{query}"
        output(("curl", "-f", "-sS", "-o", str(target), url))
        return target


def _images() -> dict[str, Made]:
    """Make a sparse list of Docker's, a whole index of the OCI's, and a lone image."""
    amd64 = [busybox_layer(), random_layer("kicbase", 3 << 20)]
    arm64 = [random_layer("kicbase arm64", 1 << 20)]
    other = [random_layer("kicbase s390x", 1 << 20)]
    return {
        KICBASE: index(
            [
                image(amd64, "linux/amd64", kind=DOCKER),
                image(arm64, "linux/arm64", kind=DOCKER),
                image(other, "linux/s390x", kind=DOCKER),
            ],
            kind=DOCKER,
        ),
        BUSYBOX: index(
            [image([busybox_layer()]), image([random_layer("busybox", 1000)], "linux/arm64/v8")]
        ),
        PAUSE: image([busybox_layer(), busybox_layer()], kind=DOCKER),
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("archives")
    images = _images()
    with docker_registry(folder / "upstream") as registry:
        registry.push_all(images)
        product = product_for(folder, images, registry.address)
        product.lock(images, ["linux/amd64", "linux/arm64"])
        synced = product("sync")
        assert synced.returncode == 0, synced.stderr
    with product.serving() as server:
        yield Class(images, product, server.address)


def config_of(made: Made) -> str:
    """Return the image id that Docker gives a made-up image."""
    data = json.loads(made.for_platform("linux/amd64").data)
    found: str = data["config"]["digest"]
    return found


def test_docker_loads_every_archive_from_a_pipe_and_runs_it(served: Class, tmp_path: Path) -> None:
    with docker_engine(tmp_path) as docker:
        for name in NAMES:
            url = f"http://{served.address}/archives/{name}.tar"
            line = f"curl -fsS {url} | docker --host {docker.host} load"
            assert output(("sh", "-c", line)) == f"Loaded image: {SHOWN[name]}\n"
            shown = docker("images", "--no-trunc", "--format", "{{.ID}}", SHOWN[name])
            assert shown.split() == [config_of(served.images[name])]
            assert docker.run(name, GREETING) == "hello from the archive\n"


def test_containerd_imports_every_archive_under_its_name_and_runs_it(
    served: Class, tmp_path: Path
) -> None:
    with containerd(tmp_path, hosts_dir=tmp_path / "none") as ctr:
        for name in NAMES:
            ctr("images", "import", *NATIVE, str(served.fetch(name, tmp_path)))
            digest = ctr("images", "list", f"name=={name}").splitlines()[1].split()[2]
            assert digest == served.images[name].digest
            assert ctr.run(name, GREETING) == "hello from the archive\n"


def test_containerd_imports_every_platform_of_a_whole_index(served: Class, tmp_path: Path) -> None:
    with containerd(tmp_path, hosts_dir=tmp_path / "none") as ctr:
        path = served.fetch(BUSYBOX, tmp_path, "?platform=all")
        ctr("images", "import", "--all-platforms", *NATIVE, str(path))
        held = ctr("content", "list", "--quiet").split()
        assert set(served.images[BUSYBOX].all_blobs()) <= set(held)


def test_podman_loads_every_archive_and_runs_it(served: Class, tmp_path: Path) -> None:
    with podman() as client:
        for name in NAMES:
            client("load", "--quiet", "--input", str(served.fetch(name, tmp_path)))
            found = json.loads(client("image", "inspect", name))[0]
            assert found["RepoTags"] == [name]
            assert f"sha256:{found['Id']}" == config_of(served.images[name])
            assert client.run(name, GREETING) == "hello from the archive\n"


def test_skopeo_reads_an_archive_both_ways(served: Class, tmp_path: Path) -> None:
    for name in NAMES:
        path = served.fetch(name, tmp_path)
        assert skopeo_digest(f"oci-archive:{path}") == served.images[name].digest
        assert skopeo_inspect(f"docker-archive:{path}:{name}")["Architecture"] == "amd64"
        skopeo_copy(f"docker-archive:{path}:{name}", f"dir:{tmp_path}/copy", whole=False)


def test_another_platform_is_loaded_on_any_machine(served: Class, tmp_path: Path) -> None:
    path = served.fetch(KICBASE, tmp_path, "?platform=linux/arm64")
    with docker_engine(tmp_path) as docker:
        docker("load", "--input", str(path))
        shown = docker("image", "inspect", "--format", "{{.Architecture}}", KICBASE)
        assert shown == "arm64\n"


def test_curl_goes_on_with_an_archive_that_broke_off(served: Class, tmp_path: Path) -> None:
    whole = served.fetch(KICBASE, tmp_path).read_bytes()
    part = tmp_path / "part.tar"
    part.write_bytes(whole[: 1 << 20])
    url = f"http://{served.address}/archives/{KICBASE}.tar"
    said = output(("curl", "-fsS", "-C", "-", "-o", str(part), "-w", "%{http_code}", url))
    assert said == "206"
    assert hashlib.sha256(part.read_bytes()).digest() == hashlib.sha256(whole).digest()


def test_the_archive_of_a_huge_layer_never_lies_in_memory(tmp_path: Path) -> None:
    huge = 2 << 30  # a file with holes: it takes no room on the disk
    product = Product(tmp_path)
    product.configure({})
    digest = _hold_image_of(product.store, huge)
    lock = f"version: 1\nimages: [{{name: '{BUSYBOX}', digest: '{digest}'}}]\n"
    (tmp_path / "images.lock.yaml").write_text(lock)
    with product.serving() as server:
        url = f"http://{server.address}/archives/{BUSYBOX}.tar"
        form = ("-o", "/dev/null", "-w", "%{size_download}")
        assert int(output(("curl", "-fsS", *form, url))) > huge
        peak = Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
        assert int(peak) < 120 << 10  # KiB


def _hold_image_of(store: Path, size: int) -> str:
    """Make a store with one image, whose only layer is of this size and all zeros."""
    config = b'{"os":"linux","architecture":"amd64"}'
    layer = f"sha256:{'1' * 64}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": {"mediaType": OCI.config, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": OCI.layer, "digest": layer, "size": size}],
    }
    data = json.dumps(manifest).encode()
    root = {"mediaType": OCI.manifest, "digest": digest_of(data), "size": len(data)}
    named = {**root, "annotations": {"org.opencontainers.image.ref.name": BUSYBOX}}
    blobs = store / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest, content in ((digest_of(config), config), (digest_of(data), data), (layer, b"")):
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
    os.truncate(blobs / ("1" * 64), size)
    (store / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (store / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return digest_of(data)
