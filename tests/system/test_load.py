"""`mirrorkit load`: from the store into a real Docker engine, and what is in its way."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.engines import docker_engine
from tests.lab.images import DOCKER, image, index
from tests.lab.layers import busybox_layer, random_layer
from tests.lab.process import environment, output
from tests.lab.product import Product, product_for
from tests.lab.registry import docker_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.engines import Docker

KICBASE = "gcr.io/k8s-minikube/kicbase:v0.0.30"
NGINX = "docker.io/library/nginx:alpine"
ARM = "docker.io/library/arm:1"
LARGE = 160 << 20
IMAGES = {
    KICBASE: index(
        [
            image([busybox_layer(), random_layer("large", LARGE)], kind=DOCKER),
            image([random_layer("arm64", 3000)], "linux/arm64", kind=DOCKER),
        ],
        kind=DOCKER,
    ),
    NGINX: image([busybox_layer()]),
    ARM: image([random_layer("arm", 3000)], "linux/arm64"),
}
GREETING = "echo hello from the store"
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A class whose images are all held; nothing serves and no source is left."""
    folder = tmp_path_factory.mktemp("load")
    with docker_registry(folder / "upstream") as registry:
        registry.push_all(IMAGES)
        product = product_for(folder, IMAGES, registry.address)
        synced = product("sync")
        assert synced.returncode == 0, synced.stderr
    return product


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[Docker]:
    with docker_engine(tmp_path) as engine:
        yield engine


def load(product: Product, host: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        product.command("load", *arguments),
        env=environment(DOCKER_HOST=host),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_all_images_of_the_machine_s_platform_are_loaded_once(
    product: Product, docker: Docker
) -> None:
    first = load(product, docker.host)
    assert first.returncode == 0, first.stderr
    lines = first.stderr.splitlines()
    assert f"note      {ARM} does not exist for linux/amd64" in lines
    assert {f"loaded    {KICBASE}", f"loaded    {NGINX}"} <= set(lines)
    assert lines[-1] == "2 images loaded for linux/amd64, 0 already there"
    for name in (KICBASE, "nginx:alpine"):
        assert docker.run(name, GREETING) == "hello from the store\n"
    second = load(product, docker.host, "--json")
    report = last(second)
    assert (second.returncode, report["loaded"]) == (0, [])
    assert report["already"] == [KICBASE, NGINX]
    assert report["not_for_platform"] == [ARM]


def test_images_are_named_in_any_spelling(product: Product, docker: Docker) -> None:
    pinned = f"{KICBASE}@{IMAGES[KICBASE].digest}"
    done = load(product, docker.host, "--json", "nginx:alpine", NGINX, pinned)
    assert done.returncode == 0, done.stdout
    assert last(done)["loaded"] == [NGINX, KICBASE]
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events[0] == "load-planned"
    assert events.count("image-loaded") == 2
    assert docker.run("nginx:alpine", GREETING) == "hello from the store\n"


def test_another_platform_is_loaded_when_asked(product: Product, docker: Docker) -> None:
    done = load(product, docker.host, "--platform", "linux/arm64", KICBASE)
    assert done.returncode == 0, done.stderr
    shown = docker("image", "inspect", "--format", "{{.Architecture}}", KICBASE)
    assert shown == "arm64\n"
    assert load(product, docker.host, KICBASE).returncode == 0
    shown = docker("image", "inspect", "--format", "{{.Architecture}}", KICBASE)
    assert shown == "amd64\n"


def test_what_is_asked_by_name_and_does_not_fit_is_a_failure(
    product: Product, docker: Docker
) -> None:
    done = load(product, docker.host, ARM, NGINX)
    assert done.returncode == 2
    assert f"error: {ARM}: {ARM} does not exist for linux/amd64" in done.stderr
    assert f"loaded    {NGINX}" in done.stderr
    unknown = load(product, docker.host, "nginx:alpin")
    assert unknown.returncode == 2
    assert "error: docker.io/library/nginx:alpin is not in the lock" in unknown.stderr
    assert f"hint: the nearest is {NGINX}" in unknown.stderr


def test_an_image_that_is_not_held_stops_no_other(
    product: Product, docker: Docker, tmp_path: Path
) -> None:
    later = "docker.io/library/later:1"
    poor = Product(tmp_path, store_name=str(product.store))
    poor.configure({})
    poor.lock({later: image([random_layer("later", 500)]), NGINX: IMAGES[NGINX]})
    done = load(poor, docker.host)
    assert done.returncode == 1
    assert f"error: {later}: {later} is not here whole yet" in done.stderr
    assert f"loaded    {NGINX}" in done.stderr


def test_what_docker_refuses_is_said_and_stops_no_other(
    product: Product, docker: Docker, tmp_path: Path
) -> None:
    other = Product(tmp_path)
    shutil.copytree(product.store, other.store)
    other.configure({})
    other.lock({KICBASE: IMAGES[KICBASE], NGINX: IMAGES[NGINX]})
    layer = other.store / "blobs" / random_layer("large", LARGE).digest.replace(":", "/")
    with layer.open("r+b") as file:
        file.write(bytes(1000))
    done = load(other, docker.host)
    assert done.returncode == 6
    assert f"error: {KICBASE}: Docker did not take it: " in done.stderr
    assert f"loaded    {NGINX}" in done.stderr


def test_a_large_image_never_lies_in_memory(product: Product, docker: Docker) -> None:
    # Started by a small process: one that a large one forks counts that one's memory too.
    line = (sys.executable, "-c", MEASURED, *product.command("load", KICBASE))
    said = output(line, env=environment(DOCKER_HOST=docker.host))
    assert int(said) < LARGE >> 10  # KiB


def test_ctrl_c_in_mid_image_ends_at_once_and_leaves_the_engine_sound(
    product: Product, docker: Docker
) -> None:
    process = subprocess.Popen(
        product.command("load", "--json", KICBASE),
        env=environment(DOCKER_HOST=docker.host),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "progress":
        pass
    process.send_signal(2)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted\n"), out
    assert load(product, docker.host, KICBASE).returncode == 0
    assert docker.run(KICBASE, GREETING) == "hello from the store\n"


@pytest.mark.parametrize("is_there", [False, True])
def test_without_docker_a_sentence_names_the_socket(
    product: Product, tmp_path: Path, *, is_there: bool
) -> None:
    socket = tmp_path / "docker.sock"
    if is_there:
        socket.write_text("left behind by a Docker that ended")
    done = load(product, f"unix://{socket}")
    assert done.returncode == 6
    assert done.stderr.splitlines()[0] == f"error: Docker does not run at unix://{socket}"
    assert "systemctl start docker" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_socket_of_others_is_said_to_be_one(product: Product, docker: Docker) -> None:
    argv = ("setpriv", "--reuid", "65534", "--clear-groups", "--")
    docker.socket.chmod(0o600)
    docker.socket.parent.chmod(0o755)
    for folder in (product.folder, *product.folder.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        (*argv, *product.command("load")),
        env=environment(DOCKER_HOST=docker.host, HOME="/nonexistent"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 6
    assert done.stderr.splitlines()[0] == f"error: Docker at {docker.host} does not let you in"
    assert "usermod -aG docker" in done.stderr


def test_the_current_context_says_which_docker(
    product: Product, docker: Docker, tmp_path: Path
) -> None:
    config = str(tmp_path / "config")
    make = ("docker", "--config", config, "context", "create", "class", "--docker")
    subprocess.run((*make, f"host={docker.host}"), check=True, capture_output=True)
    use = ("docker", "--config", config, "context", "use", "class")
    subprocess.run(use, check=True, capture_output=True)
    done = subprocess.run(
        product.command("load", NGINX),
        env={k: v for k, v in environment(DOCKER_CONFIG=config).items() if k != "DOCKER_HOST"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert docker.run("nginx:alpine", GREETING) == "hello from the store\n"
