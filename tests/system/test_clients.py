"""`mirrorkit client`: real programs, with what it wrote, pull from the mirror and nowhere else."""

from __future__ import annotations

import json
import os
import shlex
import signal
import tomllib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mirrorkit.catalog.needs import built_in, kubeadm_room
from tests.lab.cri import Cri
from tests.lab.engines import docker_engine
from tests.lab.images import image
from tests.lab.internet import internet
from tests.lab.layers import busybox_layer, random_layer
from tests.lab.places import mounts_released, short_directory
from tests.lab.process import LabError, output, running, wait_until
from tests.lab.product import product_for
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.images import Made
    from tests.lab.internet import Internet
    from tests.lab.product import Product

KUBERNETES = "v1.23.9"
NGINX = "docker.io/library/nginx:alpine"
EXPORTER = "quay.io/prometheus/node-exporter:v1.3.1"
PAUSE = "registry.k8s.io/pause:3.6"
ROOM = [str(one.name) for one in kubeadm_room(KUBERNETES)]
ONLY_THERE = ("docker.io/lesson/only:1", "quay.io/lesson/only:1")
# As Debian's package has it, in folders of the test's own.
CONFIG = """version = 2
root = "{data}"   # not the machine's
state = "{run}/state"
[grpc]
  address = "{run}/sock"
[ttrpc]
  address = "{run}/sock.ttrpc"

[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "{run}/cni"
    [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "native"
"""


def small(name: str) -> Made:
    return image([busybox_layer() if name == NGINX else random_layer(name, 3000)], label=name)


IMAGES = {name: small(name) for name in dict.fromkeys((NGINX, EXPORTER, *ROOM))}


def config_of(name: str) -> str:
    """Return the digest of an image's config, by which CRI calls it."""
    return next(iter(IMAGES[name].blobs))


class Class(NamedTuple):
    """A class served on this machine, and an internet that has other images."""

    product: Product
    address: str
    internet: Internet

    def client(self, name: str, root: Path, *options: str) -> dict[str, Any]:
        """Run `mirrorkit client NAME` for a system below a root."""
        lock = ("--lock", str(self.product.folder / "images.lock.yaml"))
        below = () if root == Path("/") else ("--root", str(root))
        where = ("--address", self.address, *below, *lock, "--json")
        text = output((*self.product.program, "client", name, *where, *options))
        found: dict[str, Any] = json.loads(text)
        return found

    def was_asked(self, path: str) -> None:
        """Wait until the access log has a path; its lines are written some moments later."""
        log = self.product.folder / "serve.log"
        wait_until(lambda: path in log.read_text(), 5, path)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("clients")
    with docker_registry(folder / "upstream") as upstream:
        upstream.push_all(IMAGES)
        product = product_for(folder, IMAGES, upstream.address)
        synced = product("sync")
        assert synced.returncode == 0, synced.stderr
    with docker_registry(folder / "elsewhere") as elsewhere:
        elsewhere.push_all({name: small(name) for name in ONLY_THERE})
        with (
            internet(folder / "internet", elsewhere.address) as public,
            product.serving("serve", "--access-log", "plain") as server,
        ):
            yield Class(product, server.address, public)


@contextmanager
def containerd(root: Path, there: Internet) -> Iterator[Cri]:
    """Run containerd with the config.toml of a root, as its /etc/containerd."""
    config = (root / "etc/containerd/config.toml").read_text()
    socket = tomllib.loads(config)["grpc"]["address"]
    cri = Cri(Path(socket))

    def ready() -> bool:
        with suppress(LabError):
            return bool(cri.version())
        return False

    with (
        mounts_released(root),
        running((*there.on(root), "containerd"), log=root / "log", ready=ready),
    ):
        yield cri


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A system with Debian's config.toml."""
    with short_directory() as run:
        root = tmp_path / "root"
        (root / "etc/containerd").mkdir(parents=True)
        config = CONFIG.format(data=tmp_path / "data", run=run)
        (root / "etc/containerd/config.toml").write_text(config)
        yield root


def test_containerd_pulls_every_registry_from_the_mirror_and_asks_nobody_else(
    served: Class, root: Path
) -> None:
    served.client("containerd", root, "--write")
    before = len(served.internet.requests())
    with containerd(root, served.internet) as cri:
        for name in IMAGES:
            assert cri.pull(name) == config_of(name)
        assert cri.pull(f"{served.address}/{EXPORTER}")
        for name in ONLY_THERE:
            with pytest.raises(LabError, match="not found"):
                cri.pull(name)
    assert served.internet.requests()[before:] == []
    served.was_asked("/v2/prometheus/node-exporter/manifests/v1.3.1?ns=quay.io")


def test_containerd_with_fallback_has_what_the_mirror_lacks_from_elsewhere(
    served: Class, root: Path
) -> None:
    served.client("containerd", root, "--fallback", "--write")
    before = len(served.internet.requests())
    with containerd(root, served.internet) as cri:
        assert cri.pull(EXPORTER)
        assert served.internet.requests()[before:] == []
        for name in ONLY_THERE:
            assert cri.pull(name)
    assert len(served.internet.requests()) > before


def test_kubeadm_s_images_and_the_pause_image_of_pods_come_from_the_mirror(
    served: Class, root: Path
) -> None:
    found = served.client("kubeadm", root, "--write")
    below = f"{served.address}/k8s"
    before = len(served.internet.requests())
    with containerd(root, served.internet) as cri:
        with suppress(LabError):  # made-up bytes do not run; their image is there by then
            cri.run_sandbox("web")
        served.was_asked(f"/v2/k8s/pause/manifests/{built_in(KUBERNETES)['pause']}")
        for name in ROOM:  # as kubeadm asks: flat, coredns too
            assert cri.pull(f"{below}/{name.rpartition('/')[2]}") == config_of(name)
    assert served.internet.requests()[before:] == []
    init = f"sudo kubeadm init --image-repository {below} --kubernetes-version {KUBERNETES}"
    assert found["commands"] == []  # for another system nothing is to be done on this one
    assert served.client("kubeadm", Path("/"))["commands"][-1] == init


def test_an_undo_of_this_machine_names_the_restart_that_makes_docker_forget(
    served: Class, tmp_path: Path
) -> None:
    """The machine's own /etc is a copy that only these programs see."""
    output(("cp", "--archive", "/etc", str(tmp_path)))
    apart = ("unshare", "--mount", "--propagation", "private", "sh", "-ec")
    lock = served.product.folder / "images.lock.yaml"
    words = f"client docker --address {served.address} --lock {lock} --json"
    program = shlex.join(served.product.program)
    lines = f"{program} {words} --write >/dev/null; {program} {words} --undo"
    bound = f'mount --bind "{tmp_path}/etc" /etc; {lines}'
    undone = json.loads(output((*apart, bound)))
    assert undone["commands"] == ["sudo systemctl restart docker"]  # a reload forgets nothing


def test_what_containerd_itself_gives_as_its_default_is_edited_and_still_read(
    served: Class, tmp_path: Path
) -> None:
    file = tmp_path / "etc/containerd/config.toml"
    file.parent.mkdir(parents=True)
    before = output(("containerd", "config", "default"))
    file.write_text(before)
    served.client("kubeadm", tmp_path, "--write")
    dumped = tomllib.loads(output(("containerd", "--config", str(file), "config", "dump")))
    cri = dumped["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert cri["sandbox_image"] == f"{served.address}/k8s/pause:{built_in(KUBERNETES)['pause']}"
    added = set(file.read_text().splitlines()) ^ set(before.splitlines())
    assert len(added) == 4  # two lines are others


def test_docker_pulls_docker_hub_s_names_from_the_mirror_after_a_reload(
    served: Class, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (root / "etc/docker").mkdir(parents=True)
    (root / "etc/docker/daemon.json").write_text('{"log-level": "debug"}\n')
    with docker_engine(tmp_path / "docker", prefix=served.internet.on(root)) as docker:
        with pytest.raises(LabError):
            docker.pull("nginx:alpine")
        before = len(served.internet.requests())
        served.client("docker", root, "--write")
        pid = int((docker.socket.parent / "pid").read_text())
        os.kill(pid, signal.SIGHUP)  # what `systemctl reload docker` does
        wait_until(lambda: served.address in docker("info"), 10, "reload")
        assert docker.pull("nginx:alpine") == IMAGES[NGINX].digest
        assert docker.pull(f"{served.address}/{EXPORTER}") == IMAGES[EXPORTER].digest
        assert docker.run("nginx:alpine", "echo hello") == "hello\n"
        undone = served.client("docker", root, "--undo")
        assert undone["commands"] == []
    with docker_engine(tmp_path / "docker", prefix=served.internet.on(root)) as docker:
        assert served.address not in docker("info")
    assert served.internet.requests()[before:] == []


@pytest.mark.parametrize("flag", ["--registry-mirror=http://m.test", "--insecure-registry=m.test"])
def test_docker_does_not_start_with_what_its_flags_say_too(
    served: Class, tmp_path: Path, flag: str
) -> None:
    served.client("docker", tmp_path, "--write")
    config = f"--config-file={tmp_path}/etc/docker/daemon.json"
    with pytest.raises(LabError, match="both as a flag and in the configuration file"):
        output(("dockerd", config, f"--data-root={tmp_path}/data", flag))


@pytest.mark.parametrize("program", ["podman", "buildah", "skopeo"])
@pytest.mark.parametrize("is_strict", [True, False])
def test_podman_buildah_and_skopeo_pull_every_registry_from_the_mirror(
    served: Class, tmp_path: Path, program: str, *, is_strict: bool
) -> None:
    root = tmp_path / "root"
    (root / "etc/containers/registries.conf.d").mkdir(parents=True)
    policy = '{"default": [{"type": "insecureAcceptAnything"}]}'
    (root / "etc/containers/policy.json").write_text(policy)
    served.client("podman", root, "--strict" if is_strict else "--fallback", "--write")

    def pull(name: str) -> None:
        output((*served.internet.on(root), *command(program, run), name))

    with short_directory() as run:
        before = len(served.internet.requests())
        for name in (NGINX, EXPORTER, PAUSE, f"{served.address}/{EXPORTER}"):
            pull(name if program != "skopeo" else f"docker://{name}")
        assert served.internet.requests()[before:] == []
        for name in ONLY_THERE:
            there = name if program != "skopeo" else f"docker://{name}"
            if is_strict:
                with pytest.raises(LabError, match="unknown"):
                    pull(there)
            else:
                pull(there)
    assert (served.internet.requests()[before:] == []) is is_strict


def command(program: str, run: Path) -> tuple[str, ...]:
    if program == "skopeo":
        return ("skopeo", "inspect", "--raw")
    stores = ("--root", f"{run}/root", "--runroot", f"{run}/run", "--storage-driver", "vfs")
    return (program, *stores, "pull", "--quiet")
