"""Discovery: tags in pages, and what refers to a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from mirrorkit.oci.reference import Reference
from tests.integration.filled import fill, put, put_image
from tests.lab.images import OCI, Made, image
from tests.lab.layers import digest_of, random_layer

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.test_utils import TestClient

    from mirrorkit.store.disk import DiskStore
    from tests.integration.conftest import Serve

SUBJECT = image([random_layer("subject", 600)])
TAGS = sorted(f"v{number}" for number in range(25))
SBOM, SIGNATURE = "application/vnd.example.sbom+json", "application/vnd.example.signature"
NOTHING = digest_of(b"{}")
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": NOTHING, "size": 2}


@pytest.fixture
async def client(tmp_path: Path, serve: Serve) -> TestClient[Any, Any]:
    """One image under many tags."""
    return await serve(
        await fill(tmp_path, {f"docker.io/library/x:{tag}": SUBJECT for tag in TAGS})
    )


async def follow(client: TestClient[Any, Any], path: str) -> list[list[str]]:
    """Read pages by their links; each must bring something, so this ends."""
    pages: list[list[str]] = []
    while path:
        answer = await client.get(URL(path, encoded=True))
        assert answer.status == 200
        document = await answer.json()
        assert document["name"] == "library/x"
        pages.append(document["tags"])
        assert pages[-1]
        assert len(pages) <= len(TAGS)
        link = answer.links.get("next")
        path = URL(str(link["url"])).raw_path_qs if link else ""
    return pages


@pytest.mark.parametrize("count, pages", [(1, 25), (7, 4), (24, 2), (25, 1), (26, 1), (10**20, 1)])
async def test_the_links_lead_to_every_tag_once_and_to_an_end(
    client: TestClient[Any, Any], count: int, pages: int
) -> None:
    found = await follow(client, f"/v2/library/x/tags/list?n={count}")
    assert [tag for page in found for tag in page] == TAGS
    assert len(found) == pages


async def test_a_link_keeps_the_registry_that_was_asked_for(client: TestClient[Any, Any]) -> None:
    found = await follow(client, "/v2/library/x/tags/list?n=10&ns=docker.io")
    assert [tag for page in found for tag in page] == TAGS


@pytest.mark.parametrize("query", ["", "?n=garbage", "?n=-1", "?n=", "?n=1.5", "?n=%D9%A3", "?x=1"])
async def test_without_a_count_that_is_one_all_tags_are_listed(
    client: TestClient[Any, Any], query: str
) -> None:
    answer = await client.get(f"/v2/x/tags/list{query}")
    assert await answer.json() == {"name": "x", "tags": TAGS}
    assert "Link" not in answer.headers


async def test_a_count_of_zero_gives_no_tags_and_no_link(client: TestClient[Any, Any]) -> None:
    answer = await client.get("/v2/x/tags/list?n=0")
    assert (answer.status, await answer.json()) == (200, {"name": "x", "tags": []})
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    "last, first", [("v1", "v10"), ("v10", "v11"), ("v1zzz", "v2"), ("", "v0")]
)
async def test_tags_go_on_after_the_last_one_seen(
    client: TestClient[Any, Any], last: str, first: str
) -> None:
    answer = await client.get(f"/v2/x/tags/list?n=1&last={last}")
    assert (await answer.json())["tags"] == [first]


async def test_after_the_end_there_are_no_tags(client: TestClient[Any, Any]) -> None:
    for last in ("v9", "zzz"):
        answer = await client.get(f"/v2/x/tags/list?n=5&last={last}")
        assert (await answer.json())["tags"] == []
        assert "Link" not in answer.headers


def artifact(subject: Made, **fields: Any) -> Made:  # noqa: ANN401
    document = {
        "schemaVersion": 2,
        "mediaType": OCI.manifest,
        "config": EMPTY,
        "layers": [],
        "subject": {k: v for k, v in subject.descriptor.items() if k != "platform"},
        **fields,
    }
    data = json.dumps({k: v for k, v in document.items() if v is not None}).encode()
    return Made(OCI.manifest, data, digest_of(data), (), {NOTHING: b"{}"})


async def refer(store: DiskStore, tag: str, made: Made) -> None:
    await store.tag(Reference.parse(f"docker.io/library/x:{tag}"), await put_image(store, made))


@pytest.mark.parametrize("digest", [SUBJECT.digest, f"sha256:{'0' * 64}", f"sha512:{'0' * 128}"])
async def test_what_nothing_refers_to_has_an_empty_index(
    client: TestClient[Any, Any], digest: str
) -> None:
    for name in ("x", "unheard/of"):
        answer = await client.get(f"/v2/{name}/referrers/{digest}")
        assert (answer.status, answer.headers["Content-Type"]) == (200, OCI.index)
        empty = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": []}
        assert json.loads(await answer.read()) == empty
        assert "OCI-Filters-Applied" not in answer.headers


async def test_referrers_are_found_by_their_subject_and_filtered_by_type(
    tmp_path: Path, serve: Serve
) -> None:
    store = await fill(tmp_path, {"docker.io/library/x:1": SUBJECT})
    client = await serve(store)
    path = f"/v2/x/referrers/{SUBJECT.digest}"
    assert json.loads(await (await client.get(path)).read())["manifests"] == []

    signature = artifact(SUBJECT, artifactType=SIGNATURE, annotations={"by": "teacher"})
    config = {**EMPTY, "mediaType": SBOM}  # where no type is given it is the config's
    sbom = artifact(SUBJECT, config=config)
    await refer(store, "signature", signature)
    await refer(store, "sbom", sbom)
    await refer(store, "of-another", artifact(sbom, artifactType=SIGNATURE))

    found = json.loads(await (await client.get(path)).read())["manifests"]
    assert {one["digest"]: one for one in found} == {
        signature.digest: {
            **signature.descriptor,
            "artifactType": SIGNATURE,
            "annotations": {"by": "teacher"},
        },
        sbom.digest: {**sbom.descriptor, "artifactType": SBOM},
    }
    for kind, digests in ((SBOM, [sbom.digest]), (SIGNATURE, [signature.digest]), ("none", [])):
        answer = await client.get(path, params={"artifactType": kind})
        listed = json.loads(await answer.read())["manifests"]
        assert [one["digest"] for one in listed] == digests
        assert answer.headers["OCI-Filters-Applied"] == "artifactType"


async def test_an_index_refers_too_and_its_subject_need_not_be_held(
    tmp_path: Path, serve: Serve
) -> None:
    store = await fill(tmp_path, {})
    subject = {k: v for k, v in SUBJECT.descriptor.items() if k != "platform"}
    document = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": [], "subject": subject}
    root = await put(store, json.dumps(document).encode(), OCI.index)
    await store.tag(Reference.parse("docker.io/library/x:index"), root)
    client = await serve(store)
    answer = await client.get(f"/v2/x/referrers/{SUBJECT.digest}")
    expected = {"mediaType": OCI.index, "digest": str(root.digest), "size": root.size}
    assert json.loads(await answer.read())["manifests"] == [expected]
