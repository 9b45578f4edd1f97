"""Five releases start on either runtime where nothing answers but the mirror.

Host: minikube's own requests as six real releases made them (tests/unit/test_catalog_runs.py), by
go-containerregistry's and go-getter's rules. Node: the real Docker, with the flags of the recipe,
and the real containerd through its CRI, with the recipe's files. Made-up bytes, the real names.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mirrorkit.classroom.minikube.asked import Asked, Side, asked
from mirrorkit.classroom.minikube.recipe import Recipe, recipe
from mirrorkit.classroom.minikube.start import Mirror, Mode
from mirrorkit.classroom.minikube.wanted import images_of
from mirrorkit.oci.reference import Reference
from tests.lab.cri import cri_containerd
from tests.lab.engines import docker_engine
from tests.lab.images import image
from tests.lab.layers import random_layer
from tests.lab.minikube import fetched, get_as_go_getter, pull_as_ggcr
from tests.lab.nginx import nginx, static_files
from tests.lab.process import output
from tests.lab.product import product_for
from tests.lab.registry import docker_registry
from tests.lab.room import room
from tests.lab.school import served_by
from tests.unit.starts import start_of
from tests.unit.test_catalog_runs import ASKED, KUBEADM_ASKED, KUBERNETES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mirrorkit.classroom.minikube.start import Start
    from tests.lab.engines import Docker
    from tests.lab.images import Made
    from tests.lab.room import Host

pytestmark = pytest.mark.timeout(600)
RELEASES = ("v1.25.2", "v1.28.0", "v1.32.0", "v1.34.0", "v1.38.1")
STARTS = {
    (minikube, runtime): start_of(minikube, KUBERNETES[minikube], runtime=runtime)
    for minikube in RELEASES
    for runtime in ("docker", "containerd")
}
PROGRAMS = ("kubelet", "kubeadm", "kubectl")
MIRROR = Mirror("192.168.230.1:5080", "localhost:5080")
CLASS: dict[str, Made] = {
    f"{one.name.name}:{one.name.tag}": image([random_layer(str(one.name), 3000)])
    for start in STARTS.values()
    for one in images_of(start)
}


class Classroom(NamedTuple):
    """A student's machine, where the mirror seems to be, and a node of it."""

    host: Host
    node: Host


@pytest.fixture(scope="module")
def classroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classroom]:
    """Serve everything that the ten starts may ask for, at 192.168.230.1:5080."""
    folder = tmp_path_factory.mktemp("starts")
    web = static_files(folder / "web")
    paths = [
        f"k8s-release/{kubernetes}/bin/linux/amd64/{name}"
        for kubernetes in {KUBERNETES[minikube] for minikube in RELEASES}
        for name in PROGRAMS
    ]
    for path in paths:
        (folder / "web" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "web" / path).write_text(f"made up: {path}\n")
    (folder / "class").mkdir()
    with docker_registry(folder / "upstream") as upstream, nginx(folder / "nginx", web):
        upstream.push_all(CLASS)
        product = product_for(folder / "class", CLASS, upstream.address)
        lock = folder / "class/images.lock.yaml"
        text = json.loads(lock.read_text())
        text["files"] = [
            {
                "path": path,
                "sha256": hashlib.sha256((folder / "web" / path).read_bytes()).hexdigest(),
                "size": (folder / "web" / path).stat().st_size,
                "urls": [f"http://{web.address}/{path}"],
            }
            for path in paths
        ]
        lock.write_text(json.dumps(text))
        done = product("sync")
        assert done.returncode == 0, done.stderr
    with room(2) as [host, node]:
        for number, one in enumerate((host, node), 1):
            output(("ip", "-n", one.namespace, "address", "flush", "dev", "eth0"))
            address = f"192.168.230.{number}/24"
            output(("ip", "-n", one.namespace, "address", "add", address, "dev", "eth0"))
        with served_by(product, host):
            yield Classroom(host, node)


@pytest.mark.parametrize("minikube, runtime", STARTS)
def test_the_host_gets_what_minikube_asks_for(
    classroom: Classroom, minikube: str, runtime: str
) -> None:
    start = STARTS[minikube, runtime]
    with ThreadPoolExecutor(1, initializer=classroom.host.enter) as there:
        there.submit(play_minikube, start, recipe(start, MIRROR)).result()


def test_a_loaded_kicbase_is_found_where_minikube_looks_for_it(
    classroom: Classroom, tmp_path: Path
) -> None:
    """It looks for the value of --base-image in this list (minikube.md §2.1)."""
    with docker_engine(tmp_path, prefix=classroom.host.prefix) as docker:
        for start in STARTS.values():
            found = recipe(start, MIRROR)
            if found.load is None:  # v1.34.0 never looks; its cache is filled instead
                assert [seed for seed in found.seeds if seed.path.startswith("cache/kic/")]
                continue
            url = f"http://{MIRROR.local}/archives/{found.load}.tar?platform=linux/amd64"
            load = f'curl -fsS "{url}" | docker --host {docker.host} load'
            classroom.host.run("sh", "-c", load)
            listed = docker("images", "--format", "{{.Repository}}:{{.Tag}}@{{.Digest}}")
            assert settings(found)["--base-image"] in listed


@pytest.mark.parametrize("minikube", RELEASES)
def test_docker_with_the_flags_of_the_recipe_gets_every_name(
    classroom: Classroom, minikube: str, tmp_path: Path
) -> None:
    start = STARTS[minikube, "docker"]
    flags = settings(recipe(start, MIRROR))
    with docker_engine(
        tmp_path,
        prefix=classroom.node.prefix,
        registry_mirror=flags["--registry-mirror"],
        insecure=["10.96.0.0/12", flags["--insecure-registry"]],  # minikube adds the first
    ) as docker:
        pull_all(start, classroom, lambda name: config_of(docker, name))


@pytest.mark.parametrize("minikube", RELEASES)
def test_containerd_with_the_files_of_the_recipe_gets_every_name(
    classroom: Classroom, minikube: str, tmp_path: Path
) -> None:
    start = STARTS[minikube, "containerd"]
    registry = registry_of(recipe(start, MIRROR), tmp_path / "node")
    with cri_containerd(tmp_path, registry=registry, prefix=classroom.node.prefix) as cri:
        pull_all(start, classroom, cri.pull)


def pull_all(start: Start, classroom: Classroom, pull: Callable[[str], str]) -> None:
    """Pull each name that nodes ask for, and hold what came against what was made."""
    names = {spelled(one): one for one in asked(start, MIRROR) if one.side is Side.NODE}
    wanted = {*ASKED[start.release.version].split(), KUBEADM_ASKED[start.release.version]}
    last = {name.rpartition("/")[2].partition("@")[0] for name in names}
    # v1.25.2's host caches an addon that no node runs before somebody enables it.
    wanted = {name for name in wanted if not name.startswith("kubernetesui/")}
    assert {name.rpartition("/")[2] for name in wanted} <= last
    for name, one in names.items():
        assert pull(name) == config_id(made(one.name)), name
    assert misses(classroom) == []


def misses(classroom: Classroom) -> list[Any]:
    """Return what the mirror was asked for and did not hold, by anybody so far."""
    said = json.loads(classroom.host.run("curl", "-fsS", "http://localhost:5080/api/v1/misses"))
    found: list[Any] = said["names"]
    return found


def spelled(one: Asked) -> str:
    """Write what is pulled so that a runtime makes this request."""
    path, _, query = one.path.partition("?")
    repository, _, end = path.removeprefix("/v2/").partition("/manifests/")
    full = Reference.parse(one.name)
    end = ours(one, end)
    mark = "@" if end.startswith("sha256:") else ":"
    if query:
        return f"{query.removeprefix('ns=')}/{repository}{mark}{end}"
    is_hub = full.registry == "docker.io" and repository == full.repository
    return f"{full.name if is_hub else f'{MIRROR.address}/{repository}'}{mark}{end}"


def ours(one: Asked, end: str) -> str:
    """Return a request's tag, or the digest of our bytes instead of a published one."""
    return made(one.name).digest if end.startswith("sha256:") else end


def registry_of(found: Recipe, root: Path) -> str:
    """Write what minikube gives containerd: files/ goes to /, the flags into config.toml."""
    table = 'plugins."io.containerd.grpc.v1.cri".registry'
    if found.mode is Mode.MIRROR:  # v1.25.2 (minikube.md §5)
        insecure = settings(found)["--insecure-registry"]
        return f'[{table}.mirrors."{insecure}"]\nendpoint = ["http://{insecure}"]\n'
    for file in found.files:
        there = root / file.path.removeprefix("files/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(file.text)
    return f'[{table}]\nconfig_path = "{root}/etc/containerd/certs.d"\n'


def play_minikube(start: Start, found: Recipe) -> None:
    """Ask what minikube itself asks, in its order and by its libraries' rules."""
    repository = next(
        (one.value for one in found.environment if one.name == "MINIKUBE_IMAGE_REPOSITORY"), None
    )
    if repository:
        for name in ASKED[start.release.version].split():
            path, _, tag = name.partition(":")
            assert pull_as_ggcr(f"{repository}/{name}") == made_below(path, tag).digest
    flags = settings(found)
    for name in PROGRAMS:
        get_as_go_getter(f"{flags['--binary-mirror']}/{start.kubernetes}/bin/linux/amd64/{name}")
    for one in asked(start, MIRROR):
        if one.side is Side.HOST:
            head, slash, end = one.url.rpartition("/")
            url = f"{head}{slash}{ours(one, end)}"
            assert fetched(one.method, url)[0] == 200, url


def settings(found: Recipe) -> dict[str, str]:
    return {one.name: one.value for one in found.flags if one.value is not None}


def made(name: str) -> Made:
    """Return the image of a name in any of its spellings."""
    full = Reference.parse(name).canonical
    return CLASS[f"{full.name}:{full.tag}"]


def made_below(path: str, tag: str) -> Made:
    """Return the image that is known by a path below the image repository."""
    names = {
        f"{one.name.name}:{one.name.tag}"
        for start in STARTS.values()
        for one in images_of(start)
        if path in one.below and one.name.tag == tag
    }
    (name,) = names
    return CLASS[name]


def config_id(image_: Made) -> str:
    return str(json.loads(image_.data)["config"]["digest"])


def config_of(docker: Docker, name: str) -> str:
    docker("pull", "--quiet", name)
    return str(docker("image", "inspect", "--format", "{{.Id}}", name)).strip()
