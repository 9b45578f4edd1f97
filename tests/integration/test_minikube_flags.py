"""`/api/v1/minikube/flags` by a real server, which then answers all that its start asks."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mirrorkit.catalog.files import files_for
from mirrorkit.classroom.minikube.asked import asked
from mirrorkit.classroom.minikube.choice import Choice, start_from
from mirrorkit.classroom.minikube.start import Mirror, Start
from mirrorkit.classroom.minikube.wanted import images_of
from mirrorkit.documents.pins import Lock, PinnedFile, PinnedImage
from mirrorkit.oci.digest import Digest
from tests.integration.filled import fill, put
from tests.integration.lesson import made

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from mirrorkit.store.disk import DiskStore
    from tests.integration.conftest import Serve

PATH = "/api/v1/minikube/flags"
DEFINED = """
for name in release kubernetes setting flag place seed load plant note; do
  eval "$name() { count_$name=\\$((\\${count_$name:-0} + 1)); }"
done
"""


def start_of(minikube: str, **choices: object) -> Start:
    return start_from(replace(Choice(minikube=minikube), **choices))  # type: ignore[arg-type]


async def class_of(folder: Path, start: Start) -> tuple[DiskStore, Lock]:
    """Fill a store with made-up bytes for everything a start needs; return its lock, too."""
    images = {image: made(str(image.name)) for image in images_of(start)}
    files = {
        file.path: file.path.encode()
        for file in files_for(start.release.version, start.kubernetes, runtime=start.runtime)
        if file.platform == start.platform and file.kind != "iso"
    }
    store = await fill(folder, {str(image.name): image_ for image, image_ in images.items()})
    for data in files.values():
        await put(store, data)
    pinned = (
        PinnedImage(image.name, Digest(one.digest), also=image.also, needed_by=image.needed_by)
        for image, one in images.items()
    )
    kept = (PinnedFile(path, Digest.of(data), len(data), ()) for path, data in files.items())
    return store, Lock(tuple(pinned), tuple(kept), platforms=(start.platform,))


STARTS = [
    start_of("v1.24.0"),
    start_of("v1.25.2", nodes=2),
    start_of("v1.25.2", runtime="containerd"),
    start_of("v1.28.0"),
    start_of("v1.34.0", runtime="containerd"),
    start_of("v1.38.1", runtime="cri-o", cni="flannel"),
    start_of("v1.38.1", cni="calico"),
    start_of("v1.38.1", mode="seed"),
    start_of("v1.25.2", mode="seed", storage_driver="overlayfs"),
]


@pytest.mark.parametrize("start", STARTS, ids=lambda one: f"{one.release.version}-{one.runtime}")
async def test_everything_a_start_asks_is_answered(
    start: Start, tmp_path: Path, serve: Serve
) -> None:
    store, lock = await class_of(tmp_path / "store", start)
    client = await serve(store, lock)
    for one in asked(start, Mirror.at("10.1.2.3:5080"), lock):
        answer = await client.request(one.method, one.path)
        assert answer.status == 200, one
    for file in lock.files:  # what programs compare their download with
        said = await client.get(f"/files/{file.path}.sha256")
        assert (await said.text()).strip() == file.digest.hex


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    """A mirror with the class of v1.25.2."""
    return await serve(*await class_of(tmp_path / "store", start_of("v1.25.2")))


async def told(client: TestClient[Any, Any], **words: str) -> dict[str, Any]:
    answer = await client.get(PATH, params=words)
    assert answer.status == 200
    found: dict[str, Any] = await answer.json()
    return found


async def test_without_a_word_it_is_the_locks_start_at_the_address_that_was_asked(
    client: TestClient[Any, Any],
) -> None:
    answer = await client.get(PATH, headers={"Host": "10.1.2.3:5080"})
    found = await answer.json()
    assert (found["minikube"], found["kubernetes"]) == ("v1.25.2", "v1.23.3")
    assert found["mirror"] == {"address": "10.1.2.3:5080", "local": "10.1.2.3:5080"}
    assert found["command"][0] == "MINIKUBE_IMAGE_REPOSITORY=10.1.2.3:5080/k8s"
    assert not any("lacks" in note for note in found["notes"])


async def test_every_word_of_the_query_is_heeded(client: TestClient[Any, Any]) -> None:
    found = await told(
        client,
        minikube="v1.38.1",
        kubernetes="v1.35.0",
        driver="podman",
        runtime="containerd",
        nodes="3",
        addons="ingress,dashboard",
        cni="calico",
        arch="aarch64",
        profile="week2",
        mode="mirror",
        storage_driver="overlayfs",
        root="1",
        rootless="1",
        ha="1",
        force="1",
        address="192.168.230.1:5080",
        local="localhost:5080",
    )
    said = {"minikube": "v1.38.1", "kubernetes": "v1.35.0", "driver": "podman", "nodes": 3}
    said |= {"runtime": "containerd", "cni": "calico", "platform": "linux/arm64"}
    said |= {"profile": "week2", "mode": "mirror", "addons": ["ingress", "dashboard"]}
    assert {name: found[name] for name in said} == said
    assert found["mirror"] == {"address": "192.168.230.1:5080", "local": "localhost:5080"}
    assert {"--ha", "--force", "--profile=week2"} <= set(found["command"])


async def test_setup_may_source_the_calls(client: TestClient[Any, Any]) -> None:
    words = {
        "minikube": "v1.28.0",
        "kubernetes": "v1.25.3",
        "format": "calls",
        "address": "192.168.230.1:5080",
    }
    answer = await client.get(PATH, params=words)
    assert answer.content_type == "text/plain"
    script = DEFINED + await answer.text() + 'echo "$count_release $count_place $count_load"\n'
    dash = await asyncio.create_subprocess_exec("dash", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert await dash.communicate(script.encode()) == (b"1 1 1\n", b"")


@pytest.mark.parametrize("form", ["shell", "powershell", "env", "text"])
async def test_a_person_gets_text(client: TestClient[Any, Any], form: str) -> None:
    answer = await client.get(PATH, params={"format": form})
    assert answer.content_type == "text/plain"
    assert "MINIKUBE_IMAGE_REPOSITORY" in await answer.text()


@pytest.mark.parametrize(
    "query, sentence, hint",
    [
        ("minikube=v1.39.0", "lists no minikube v1.39.0", "v1.38.1"),
        ("minikube=../../etc", "is not a version", "v1.23.3"),
        ("minikube=v1.26.0&runtime=containerd", "#14482", "--mode seed"),
        ("kubernetes=v9.9.9", "lists no Kubernetes", "v1.23.17"),
        ("nodes=-1", "nodes is '-1'", "from 1 to 20"),
        ("nodes=99999999999999999999", "nodes is", "from 1 to 20"),
        ("nodes=%D9%A3", "nodes is", "from 1 to 20"),
        ("nodes=21", "21 nodes", "from 1 to 20"),
        ("addons=ingress,,%0aevil", "no addon", "it has"),
        ("profile=%0aevil", "no profile", "letters"),
        ("storage_driver=%0aevil", "no storage driver", "overlay2"),
        ("arch=%27", "no architecture", "amd64"),
        ("address=%60x%60:1", "HOST:PORT", "192.168.230.1:5080"),
        ("local=http://x:1", "HOST:PORT", "192.168.230.1:5080"),
        ("root=yes", "root is 'yes'", "root=1"),
        ("format=exe", "no format", "calls"),
        ("kubernetes=v1.23.3%0aevil&force=1", "is not a version", "v1.23.3"),
        ("shell=1", "no word of this query", "address"),
        ("nodes=1&nodes=2", "stands twice", "commas"),
    ],
)
async def test_what_cannot_be_is_one_sentence_and_a_hint(
    client: TestClient[Any, Any], query: str, sentence: str, hint: str
) -> None:
    answer = await client.get(f"{PATH}?{query}")
    assert 400 <= answer.status < 500
    assert answer.content_type == "text/plain"
    first, second = (await answer.text()).splitlines()
    assert sentence in first
    assert second.startswith("hint: ")
    assert hint in second


async def test_a_lock_without_minikube_asks_for_the_release(tmp_path: Path, serve: Serve) -> None:
    client = await serve(await fill(tmp_path / "store", {}))
    answer = await client.get(PATH)
    assert answer.status == 409
    assert "no minikube release is known" in await answer.text()
    assert (await told(client, minikube="v1.38.1"))["minikube"] == "v1.38.1"


@pytest.mark.parametrize("form", ["calls", "text", "shell", "powershell", "env", "json"])
async def test_a_student_is_answered_in_the_language_that_was_asked_for(
    form: str, tmp_path: Path, serve: Serve
) -> None:
    store, lock = await class_of(tmp_path / "store", start_of("v1.25.2"))
    client = await serve(store, lock)
    said = {}
    for language in ("en", "zh"):
        answer = await client.get(PATH, params={"format": form, "lang": language})
        assert answer.status == 200
        said[language] = await answer.text()
    chinese = json.dumps("节点运行在什么上面")[1:-1] if form == "json" else "节点运行在什么上面"
    assert ("what the node runs on" in said["en"]) == (chinese in said["zh"])
    assert "nodes pull for themselves" not in said["zh"]
    assert not re.search("[\u4e00-\u9fff]", said["en"])


async def test_a_refusal_and_its_hint_are_in_the_language_that_was_asked_for(
    tmp_path: Path, serve: Serve
) -> None:
    store, lock = await class_of(tmp_path / "store", start_of("v1.25.2"))
    client = await serve(store, lock)
    for query, told in (
        ({"minikube": "v1.26.0", "runtime": "containerd", "mode": "mirror"}, "不能用 HTTP 拉取"),
        ({"kubernetes": "v9.9.9"}, "minikube v1.25.2 不支持 Kubernetes v9.9.9"),
        ({"driver": "docke"}, "可用的有\uff1adocker, podman"),
        ({"color": "red"}, "'color' 不是可用的查询参数"),
    ):
        answer = await client.get(PATH, params={**query, "lang": "zh"})
        assert answer.status == 409
        text = await answer.text()
        assert told in text
        assert "提示\uff1a" in text
    assert (await client.get(PATH, params={"lang": "fr"})).status == 409
