"""Each piece of the lab is shown to work, with no product in between."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.lab.classroom import classroom
from tests.lab.clients import podman, skopeo_copy, skopeo_digest, skopeo_inspect
from tests.lab.engines import containerd, docker_engine, write_hosts
from tests.lab.layers import digest_of
from tests.lab.nginx import cdn, nginx, proxy, redirecting, static_files, write_htpasswd
from tests.lab.process import LabError, free_port, listening, running
from tests.lab.push import status_of
from tests.lab.registry import DockerRegistry, docker_registry
from tests.lab.room import room

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.images import Made

pytestmark = pytest.mark.system

BUSYBOX = "docker.io/library/busybox:latest"
NGINX = "docker.io/library/nginx:alpine"
PAUSE = "registry.k8s.io/pause:3.6"
USER = ("teacher", "chalk")


@pytest.fixture(scope="module")
def images() -> dict[str, Made]:
    return classroom(scale=0.02)


@pytest.fixture(scope="module")
def upstream(
    tmp_path_factory: pytest.TempPathFactory, images: dict[str, Made]
) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("upstream")) as registry:
        registry.push_all(images)
        yield registry


def test_a_class_is_the_same_each_time_and_its_layers_are_shared(images: dict[str, Made]) -> None:
    again = classroom(scale=0.02)
    assert {n: m.digest for n, m in images.items()} == {n: m.digest for n, m in again.items()}
    assert len(images) == 20
    each = [set(made.all_blobs()) for made in images.values()]
    assert sum(map(len, each)) > len(set().union(*each))
    for made in images.values():
        assert all(digest_of(data) == digest for digest, data in made.all_blobs().items())
        assert made.for_platform("linux/amd64").blobs


def test_the_registry_holds_what_was_pushed_and_tells_who_asked(
    upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    before = len(upstream.requests())
    assert skopeo_digest(f"docker://{upstream.address}/pause:3.6") == images[PAUSE].digest
    assert "GET /v2/pause/manifests/3.6" in upstream.requests()[before:]


def test_a_registry_with_a_password_refuses_strangers(
    tmp_path: Path, images: dict[str, Made]
) -> None:
    with docker_registry(tmp_path, htpasswd=USER) as registry:
        registry.push("pause", "3.6", images[PAUSE])
        assert status_of(registry.address, "/v2/pause/manifests/3.6") == 401
        assert status_of(registry.address, "/v2/", USER) == 200
        registry.stop()
        assert not listening(registry.port)
        registry.start()
        assert status_of(registry.address, "/v2/", USER) == 200


def test_docker_pulls_and_runs(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    name = f"{upstream.address}/library/busybox:latest"
    with docker_engine(tmp_path) as docker:
        assert docker.pull(name) == images[BUSYBOX].digest
        assert docker.run(name, "echo hello from $(uname -s)") == "hello from Linux\n"


def test_docker_pulls_the_hub_s_images_through_a_mirror(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    with docker_engine(tmp_path, registry_mirror=f"http://{upstream.address}") as docker:
        assert docker.pull("nginx:alpine") == images[NGINX].digest


def test_containerd_pulls_any_name_through_its_hosts_files(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    hosts = ("docker.io", "registry.k8s.io")
    hosts_dir = write_hosts(tmp_path / "hosts", hosts, f"http://{upstream.address}")
    with containerd(tmp_path, hosts_dir=hosts_dir) as ctr:
        assert ctr.pull(BUSYBOX, "linux/amd64") == images[BUSYBOX].digest
        assert ctr.run(BUSYBOX, "echo hello from $(uname -s)") == "hello from Linux\n"
        assert ctr.pull(BUSYBOX) == images[BUSYBOX].digest
        assert ctr.fetch(PAUSE) == images[PAUSE].digest
        # Its attestations are no layers: ctr 1.6 fetches all platforms but cannot unpack them.
        assert ctr.fetch(NGINX) == images[NGINX].digest
    asked = "GET /v2/library/busybox/blobs/"
    assert any(f"{asked}" in line and "?ns=docker.io" in line for line in upstream.requests())


def test_podman_pulls(upstream: DockerRegistry, images: dict[str, Made]) -> None:
    with podman() as client:
        digests = client.pull(f"{upstream.address}/library/busybox:latest")
        assert images[BUSYBOX].digest in digests


def test_skopeo_copies_whole_images_into_a_layout(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    for name, path in ((BUSYBOX, "library/busybox:latest"), (NGINX, "library/nginx:alpine")):
        target = f"oci:{tmp_path}:{name}"
        skopeo_copy(f"docker://{upstream.address}/{path}", target)
        assert skopeo_digest(target) == images[name].digest
        assert skopeo_inspect(target)["Architecture"] == "amd64"


def test_nginx_serves_guards_slows_and_redirects(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    password = write_htpasswd(tmp_path / "htpasswd", *USER)
    files, store = static_files(upstream.root), cdn(upstream.storage)
    guarded = proxy(upstream.address, htpasswd=password)
    slow = proxy(upstream.address, limit_rate="4m")
    front = redirecting(upstream.address, store)
    with nginx(tmp_path / "nginx", files, store, guarded, slow, front) as server:
        assert status_of(files.address, "/config.yml") == 200
        assert status_of(guarded.address, "/v2/") == 401
        assert status_of(guarded.address, "/v2/", USER) == 200
        for port in (slow, front):
            layout = tmp_path / str(port.port)
            skopeo_copy(f"docker://{port.address}/pause:3.6", f"oci:{layout}:pause", whole=False)
        wanted = images[PAUSE].for_platform("linux/amd64").blobs
        asked = server.requests(store)
        assert all(any(digest[7:] in line for line in asked) for digest in wanted)
        assert all(line.startswith("200 GET ") for line in asked)


def test_a_server_that_dies_shows_its_log(tmp_path: Path) -> None:
    argv = (sys.executable, "-c", "raise SystemExit('no chalk left')")
    never = free_port()
    with (
        pytest.raises(LabError, match="no chalk left"),
        running(argv, log=tmp_path / "log", ready=lambda: listening(never)),
    ):
        pytest.fail("it was not ready")


def test_a_room_s_machines_reach_each_other_and_nothing_else(
    tmp_path: Path, upstream: DockerRegistry, images: dict[str, Made]
) -> None:
    with room(2, rate="100mbit") as (teacher, student):
        # What was pushed on loopback is served in the room from the same directory.
        shutil.copytree(upstream.storage, tmp_path / "storage")
        with docker_registry(tmp_path, host=teacher.address, prefix=teacher.prefix) as registry:
            url = f"http://{registry.address}/v2/"
            assert student.run("busybox", "wget", "-q", "-O", "-", url) == "{}"
            engine = docker_engine(
                tmp_path / "engine", insecure=[registry.address], prefix=student.prefix
            )
            with engine as docker:
                name = f"{registry.address}/library/busybox:latest"
                assert docker.pull(name) == images[BUSYBOX].digest
        with pytest.raises(LabError, match="unreachable"):
            student.run("ip", "route", "get", "198.51.100.1")
