"""/health: how complete the class is, as a document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mirrorkit.documents.lock import parse_lock
from mirrorkit.oci.digest import Digest
from mirrorkit.store.disk import DiskStore
from tests.integration.asked import health, item_of
from tests.integration.filled import fill, lock_of, path_of, put

if TYPE_CHECKING:
    from pathlib import Path

    from mirrorkit.documents.pins import Lock
    from tests.integration.conftest import Serve
    from tests.lab.images import Made

NGINX, REDIS = "docker.io/library/nginx:alpine", "docker.io/library/redis:5-alpine"
FILE = {"minikube/minikube-linux-amd64": b"a program" * 100}


def complete_item(name: str, kind: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "state": "complete",
        "digest": digest,
        "missing": [],
        "bytes": {"needed": size, "present": size},
        "known": None,
        "level": "exact",
        "needed_by": [],
    }


async def test_a_complete_class_has_status_200_and_exactly_this_shape(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, images)
    (path, data), *_ = FILE.items()
    await put(store, data)
    blobs: dict[str, int] = {}
    for made in images.values():
        blobs |= {digest: len(blob) for digest, blob in made.all_blobs().items()}
        blobs |= {one.digest: len(one.data) for one in made.manifests()}
    needed = sum(blobs.values()) + len(data)
    assert needed < sum(made.size() for made in images.values())  # a base is shared
    assert await health(await serve(store, lock_of(images, files=FILE))) == (
        200,
        {
            "version": 1,
            "complete": True,
            "verified_at": None,
            "images": {"total": 4, "complete": 4},
            "files": {"total": 1, "complete": 1},
            "bytes": {"needed": needed, "present": needed},
            "items": [
                *(complete_item(n, "image", m.digest, m.size()) for n, m in images.items()),
                complete_item(path, "file", str(Digest.of(data)), len(data)),
            ],
            "fetches": False,
        },
    )


async def test_an_empty_store_needs_an_unknown_number_of_bytes(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(DiskStore(tmp_path / "nothing"), lock_of(images, files=FILE))
    status, document = await health(client)
    assert (status, document["complete"]) == (503, False)
    assert document["images"] == {"total": 4, "complete": 0}
    assert document["files"] == {"total": 1, "complete": 0}
    assert document["bytes"] == {"needed": None, "present": 0}
    *found, file = document["items"]
    assert found == [
        {
            "name": name,
            "kind": "image",
            "state": "absent",
            "digest": made.digest,
            "missing": [made.digest],
            "bytes": {"needed": None, "present": 0},
            "known": None,
            "level": None,
            "needed_by": [],
        }
        for name, made in images.items()
    ]
    size = len(FILE[file["name"]])
    assert (file["state"], file["bytes"]) == ("absent", {"needed": size, "present": 0})
    assert not (tmp_path / "nothing").exists()


async def test_what_is_not_pinned_is_absent_and_keeps_the_class_incomplete(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    more = 'unpinned:\n  - {name: "busybox:1.35"}\n  - {path: helm/helm.tgz, reason: no checksum}\n'
    client = await serve(await fill(tmp_path, images), lock_of(images, more=more))
    _, document = await health(client)
    unknown = {"needed": None, "present": 0}
    nothing: dict[str, Any] = {"state": "absent", "digest": None, "missing": [], "bytes": unknown}
    nothing |= {"known": None, "level": None, "needed_by": []}
    assert (document["complete"], document["items"][4:]) == (
        False,
        [
            {"name": "docker.io/library/busybox:1.35", "kind": "image", **nothing},
            {"name": "helm/helm.tgz", "kind": "file", **nothing},
        ],
    )
    assert document["images"] == {"total": 5, "complete": 4}
    assert document["files"] == {"total": 1, "complete": 0}
    assert document["bytes"]["needed"] is None


def sized(made: Made, size: int) -> Lock:
    platforms = f"{{linux/amd64: {{size: {size}}}}}"
    text = f"version: 1\nimages: [{{name: {NGINX}, digest: {made.digest}, platforms: {platforms}}}]"
    return parse_lock(text.encode())


async def test_the_size_the_lock_tells_is_needed_until_more_is_known(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    made = images[NGINX]
    client = await serve(await fill(tmp_path, {}), sized(made, 123_456))
    assert (await item_of(client))["bytes"] == {"needed": 123_456, "present": 0}
    assert (await health(client))[1]["bytes"] == {"needed": 123_456, "present": 0}
    await fill(tmp_path, {NGINX: made})
    _, document = await health(client)
    one = made.for_platform("linux/amd64")
    held = len(made.data) + one.size()
    assert document["bytes"] == {"needed": held, "present": held}


async def test_an_index_with_the_one_platform_of_the_lock_is_complete(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, {NGINX: images[NGINX]})
    chosen = images[NGINX].for_platform("linux/amd64")
    for made in images[NGINX].manifests():
        for digest in {made.digest, *made.blobs} - {images[NGINX].digest, chosen.digest}:
            if digest not in chosen.blobs:
                path_of(store, digest).unlink()
    one = lock_of({NGINX: images[NGINX]}, platforms=["linux/amd64"])
    client = await serve(store, one)
    assert (await health(client))[0] == 200
    answer = await client.get("/v2/nginx/manifests/alpine")
    assert await answer.read() == images[NGINX].data
    every = await serve(store, lock_of({NGINX: images[NGINX]}))
    assert (await item_of(every))["state"] == "partial"


async def test_several_locks_are_told_apart_and_all_must_be_complete(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    store = await fill(tmp_path, {NGINX: images[NGINX]})
    locks = [lock_of({name: images[name]}) for name in (NGINX, REDIS)]
    client = await serve(store, *locks)
    status, document = await health(client)
    assert (status, set(document)) == (503, {"version", "complete", "locks", "fetches"})
    assert (document["version"], document["complete"]) == (1, False)
    week1, week2 = document["locks"]
    keys = {"lock", "version", "complete", "verified_at", "images", "files", "bytes", "items"}
    assert set(week1) == set(week2) == keys
    assert (week1["lock"], week1["complete"]) == ("week1", True)
    assert (week2["lock"], week2["complete"]) == ("week2", False)
    await fill(tmp_path, {REDIS: images[REDIS]})
    assert (await health(client))[0] == 200


async def test_the_process_lives_and_is_ready_before_anything_is_held(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(DiskStore(tmp_path / "nothing"), lock_of(images))
    for path, body in (
        ("/livez", {"alive": True, "program": "mirrorkit"}),
        ("/readyz", {"ready": True}),
    ):
        answer = await client.get(path)
        assert (answer.status, await answer.json()) == (200, body)


def lessons_of(images: dict[str, Made]) -> Lock:
    """Return a lock of two lessons that share nginx."""
    first, second = images[NGINX].digest, images[REDIS].digest
    return parse_lock(
        "version: 1\nlessons: [first, second]\nimages:\n"
        f"- {{name: {NGINX}, digest: {first}, needed_by: [first, second]}}\n"
        f"- {{name: {REDIS}, digest: {second}, needed_by: [second]}}\n".encode()
    )


async def test_one_lesson_alone_can_be_asked_for(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, {NGINX: images[NGINX]}), lessons_of(images))
    first = await client.get("/health?for=first")
    document = await first.json()
    assert (first.status, document["complete"]) == (200, True)
    assert [item["name"] for item in document["items"]] == [NGINX]
    second = await client.get("/health", params={"for": "second"})
    assert (second.status, (await second.json())["images"]) == (503, {"total": 2, "complete": 1})
    assert (await health(client))[0] == 503


async def test_a_lesson_nobody_has_is_told_with_those_there_are(
    tmp_path: Path, images: dict[str, Made], serve: Serve
) -> None:
    client = await serve(await fill(tmp_path, images), lessons_of(images))
    answer = await client.get("/health", params={"for": "<b>thrid</b>"})
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("application/json")
    error = (await answer.json())["error"]
    assert error["message"] == "the class has no lesson '<b>thrid</b>'"
    assert error["hint"] == "it has first, second"
