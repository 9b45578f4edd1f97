"""The container: built without a network, run without rights, as compose.yaml says."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.lab.debian import debian_tree, import_tree
from tests.lab.engines import docker_engine
from tests.lab.process import output, wait_until
from tests.lab.product import product_for
from tests.lab.registry import DockerRegistry
from tests.lab.room import room
from tests.lab.wheelhouse import ROOT, offline_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker
    from tests.lab.images import Made
    from tests.lab.room import Host

pytestmark = pytest.mark.timeout(900)  # the base is a whole Debian
BASE = "lab/python"
PAUSE = "registry.k8s.io/pause:3.6"
PUBLISHED = "127.0.0.1:5080"


class Server(NamedTuple):
    """A school's server: a Docker Engine in a namespace, and the folder with compose.yaml."""

    host: Host
    docker: Docker
    folder: Path
    base: str

    def compose(self, *arguments: str) -> str:
        """Run docker-compose as the teacher does."""
        env = offline_environment(
            self.folder, DOCKER_HOST=self.docker.host, BASE=BASE, CLASS=str(self.folder / "class")
        )
        file = str(self.folder / "compose.yaml")
        return output(("docker-compose", "--file", file, *arguments), env=env, seconds=240)

    def inspect(self) -> dict[str, Any]:
        """Return what the engine says about the one container."""
        container = self.compose("ps", "--quiet").strip()
        found: dict[str, Any] = json.loads(self.docker("inspect", container))[0]
        return found

    def get(self, path: str) -> str:
        """Ask the published port; the status stands on the last line."""
        url = f"http://{PUBLISHED}{path}"
        return self.host.run("curl", "--silent", "--write-out", "\n%{http_code}", url)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, wheelhouse: Path) -> Iterator[Server]:
    """Build the image on a Debian of our own; no machine but this one is asked for anything."""
    folder = tmp_path_factory.mktemp("server")
    tree = debian_tree(folder / "debian", ["python3", "python3-venv"])
    for name in ("Dockerfile", ".dockerignore", "compose.yaml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(wheelhouse, folder / "wheelhouse")
    with room(1) as [host], docker_engine(folder / "engine", prefix=host.prefix) as docker:
        import_tree(docker, tree, BASE)
        shutil.rmtree(tree)
        docker(
            "build",
            "--network",
            "none",
            "--build-arg",
            f"BASE={BASE}",
            "--tag",
            "mirrorkit",
            str(folder),
        )
        yield Server(host, docker, folder, BASE)


@pytest.fixture(scope="module")
def serving(server: Server, images: dict[str, Made]) -> Iterator[Server]:
    """Serve a class by compose, synced by compose from a registry beside it."""
    # On every address: filled from here, then asked from inside a container.
    registry = DockerRegistry(server.folder / "upstream", None, "0.0.0.0")
    registry.start()
    registry.push_all(images)
    registry.stop()
    (server.folder / "class").mkdir()
    product_for(server.folder / "class", images, f"{server.host.address}:{registry.port}")
    server.compose("up", "--detach")
    try:
        registry.start(server.host.prefix)
        server.compose("run", "--rm", "mirrorkit", "sync")
        registry.stop()
        yield server
    finally:
        server.compose("down", "--volumes")


def test_mirrorkit_adds_little_to_its_base_and_brings_no_installer(server: Server) -> None:
    sizes = [
        int(server.docker("inspect", "--format", "{{.Size}}", name)) for name in (BASE, "mirrorkit")
    ]
    assert sizes[1] - sizes[0] < 80_000_000
    layers = json.loads(
        server.docker("inspect", "--format", "{{json .RootFS.Layers}}", "mirrorkit")
    )
    assert len(layers) == 5  # the base, libraries, an empty store, mirrorkit, the class's folder
    listed = server.docker(
        "run", "--rm", "--entrypoint", "ls", "mirrorkit", "/opt", "/opt/python/bin"
    )
    assert "pip" not in listed


def test_it_serves_without_rights_and_with_nothing_to_write_but_the_store(serving: Server) -> None:
    found = serving.inspect()
    container, about = found["Id"], found["HostConfig"]
    assert (about["ReadonlyRootfs"], about["CapDrop"]) == (True, ["ALL"])
    assert about["SecurityOpt"] == ["no-new-privileges:true"]
    status = serving.docker("exec", container, "cat", "/proc/1/status").split("\n")
    facts = dict(line.split(":\t", 1) for line in status if line)
    assert facts["Uid"].split() == ["10001"] * 4
    assert {facts[name].strip("0") for name in ("CapPrm", "CapEff", "CapBnd")} == {""}
    assert facts["NoNewPrivs"] == "1"
    for place, is_writable in (("/", False), ("/class", False), ("/var/lib/mirrorkit", True)):
        said = serving.docker(
            "exec", container, "sh", "-c", f"test -w {place} && echo yes || echo no"
        )
        assert said == ("yes\n" if is_writable else "no\n"), place


def test_it_is_alive_complete_and_gives_images_to_docker(
    serving: Server, images: dict[str, Made]
) -> None:
    assert serving.get("/livez").endswith("\n200")
    assert serving.get("/health").endswith("\n200"), serving.get("/health")
    assert serving.docker.pull(f"{PUBLISHED}/{PAUSE}") == images[PAUSE].digest
    healthy = lambda: serving.inspect()["State"]["Health"]["Status"] == "healthy"  # noqa: E731
    wait_until(healthy, 60, "a first look at its health")


def test_it_follows_a_lock_that_was_replaced(serving: Server) -> None:
    lock = serving.folder / "class/images.lock.yaml"
    replaced = serving.folder / "class/new"
    document = json.loads(lock.read_text())
    replaced.write_text(json.dumps({**document, "images": document["images"][:1]}))
    replaced.rename(lock)
    assert json.loads(serving.get("/health").rpartition("\n")[0])["images"]["total"] == 1


def test_it_ends_cleanly_when_it_is_stopped(serving: Server) -> None:
    serving.compose("stop")
    assert serving.inspect()["State"]["ExitCode"] == 0
    serving.compose("start")
