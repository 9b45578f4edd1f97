from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mirrorkit.documents.pins import PinnedImage
from mirrorkit.flows.manifests import Manifests
from mirrorkit.flows.needs import Needs, needs_of, walk
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference
from mirrorkit.store.memory import MemoryStore
from tests.lab.images import DOCKER, OCI, Format, Made, attestation, image, index
from tests.lab.layers import digest_of, random_layer

if TYPE_CHECKING:
    from collections.abc import Iterable

AMD64 = image([random_layer("base", 600), random_layer("amd64", 600)], "linux/amd64")
ARM64 = image([random_layer("base", 600), random_layer("arm64", 600)], "linux/arm64/v8")
ARM = image([random_layer("arm", 600)], "linux/arm/v6")
WINDOWS = image([random_layer("windows", 600)], "windows/amd64:10.0.20348.169")
SEVERAL = index([AMD64, ARM64, ARM, WINDOWS])


def shelf_of(*made: Made) -> MemoryStore:
    """Hold the manifests alone: a walk asks for no other bytes."""
    store = MemoryStore()
    for one in made:
        store.blobs |= {Digest(each.digest): each.data for each in one.manifests()}
    return store


def walked(made: Made, *platforms: str, shelf: MemoryStore | None = None) -> Needs:
    chosen = frozenset(map(Platform.parse, platforms)) or None
    return walk(Digest(made.digest), chosen, Manifests(shelf or shelf_of(made)))


def blobs_of(made: Iterable[Made]) -> set[str]:
    return {digest for one in made for digest in one.all_blobs()}


def custom(**fields: object) -> Made:
    """Make a document of any content."""
    kind = OCI.index if "manifests" in fields else OCI.manifest
    data = json.dumps({"schemaVersion": 2, "mediaType": kind, **fields}).encode()
    return Made(kind, data, digest_of(data))


@pytest.mark.parametrize("kind", [OCI, DOCKER])
def test_a_single_image_needs_its_config_and_layers(kind: Format) -> None:
    made = image([random_layer("one", 600), random_layer("two", 700)], kind=kind)
    needs = walked(made)
    assert needs.is_known
    assert (needs.root.digest, needs.root.media_type) == (made.digest, kind.manifest)
    assert {digest: blob.size for digest, blob in needs.blobs.items()} == {
        digest: len(data) for digest, data in made.all_blobs().items()
    }


@pytest.mark.parametrize(
    "platforms, chosen",
    [
        ((), [AMD64, ARM64, ARM, WINDOWS]),
        (("linux/amd64",), [AMD64]),
        (("linux/arm64",), [ARM64]),  # v8 is what every arm64 is
        (("linux/arm/v6",), [ARM]),
        (("linux/arm",), []),  # that is v7
        (("linux/amd64", "linux/arm64"), [AMD64, ARM64]),
        (("windows/amd64",), [WINDOWS]),  # whatever its build
        (("linux/s390x",), []),
    ],
)
@pytest.mark.parametrize("kind", [OCI, DOCKER])
def test_an_index_needs_the_platforms_asked_and_no_others(
    kind: Format, platforms: tuple[str, ...], chosen: list[Made]
) -> None:
    made = index([AMD64, ARM64, ARM, WINDOWS], kind=kind)
    needs = walked(made, *platforms)
    assert next(iter(needs.manifests)) == needs.root.digest == made.digest
    assert set(needs.manifests) == {made.digest, *(one.digest for one in chosen)}
    assert set(needs.blobs) == blobs_of(chosen)


def test_a_pinned_image_is_walked_for_its_own_platforms() -> None:
    pinned = PinnedImage(
        Reference.parse("nginx"), Digest(SEVERAL.digest), frozenset({Platform("linux", "arm64")})
    )
    needs = needs_of(pinned, Manifests(shelf_of(SEVERAL)))
    assert set(needs.blobs) == blobs_of([ARM64])


@pytest.mark.parametrize("platforms, is_needed", [((), True), (("linux/amd64",), False)])
def test_an_attestation_is_needed_only_with_all_platforms(
    platforms: tuple[str, ...], *, is_needed: bool
) -> None:
    proof = attestation(AMD64)
    needs = walked(index([AMD64, proof]), *platforms)
    assert (proof.digest in needs.manifests) == is_needed
    assert (blobs_of([proof]) <= set(needs.blobs)) == is_needed


def test_a_child_without_a_platform_belongs_to_every_choice() -> None:
    anything = image([random_layer("chart", 600)], platform="")
    assert anything.digest in walked(index([AMD64, anything]), "linux/arm64").manifests


def test_the_images_of_a_nested_index_are_chosen_by_platform_too() -> None:
    inner = index([AMD64, ARM64])
    outer = index([inner, ARM])
    needs = walked(outer, "linux/arm64")
    assert set(needs.manifests) == {outer.digest, inner.digest, ARM64.digest}
    assert set(needs.blobs) == blobs_of([ARM64])


def test_what_several_images_share_is_needed_once() -> None:
    needs = walked(index([AMD64, ARM64]))
    assert len(needs.blobs) == 2 + 3  # two configs; the base and one layer each


def test_indexes_nested_without_end_are_followed_only_so_far() -> None:
    made = AMD64
    for _ in range(50):
        made = index([made])
    needs = walked(made)
    assert 1 < len(needs.manifests) < 10
    assert needs.is_known


def test_a_thousand_ways_to_one_image_are_one_walk() -> None:
    chain = [AMD64]
    for _ in range(4):
        chain.append(custom(manifests=[chain[-1].descriptor] * 1000))
    needs = walked(chain[-1], shelf=shelf_of(*chain))
    assert len(needs.manifests) == 5
    assert set(needs.blobs) == blobs_of([AMD64])


def test_children_not_held_are_named_and_the_rest_is_known() -> None:
    needs = walked(SEVERAL, "linux/amd64", "linux/arm64", shelf=_without(ARM64))
    assert needs.missing == [ARM64.digest]
    assert not needs.is_known
    assert set(needs.blobs) == blobs_of([AMD64])


def test_nothing_is_known_of_an_image_whose_root_is_not_held() -> None:
    needs = walked(SEVERAL, shelf=MemoryStore())
    assert needs == Needs(missing=[Digest(SEVERAL.digest)])


def test_a_child_whose_bytes_are_others_is_corrupt() -> None:
    shelf = shelf_of(SEVERAL)
    shelf.blobs[Digest(ARM64.digest)] = ARM.data
    needs = walked(SEVERAL, shelf=shelf)
    assert (needs.corrupt, needs.missing) == ([ARM64.digest], [])
    assert not needs.is_known


LAYER = "application/vnd.oci.image.layer"


@pytest.mark.parametrize(
    "media_type, urls, is_needed",
    [
        (f"{LAYER}.v1.tar+gzip", [], True),
        (f"{LAYER}.v1.tar+zstd", ["https://cdn.example/layer"], True),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", [], True),
        (f"{LAYER}.nondistributable.v1.tar+gzip", [], False),
        (f"{LAYER}.nondistributable.v1.tar+gzip", ["https://cdn.example/layer"], False),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", ["http://10.0.0.1/"], False),
        # Without another place it can only be in the registry (docker push --allow-nondistr…).
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", [], True),
        ("application/vnd.anything", ["https://cdn.example/"], True),
    ],
)
def test_layers_that_must_not_be_handed_on_are_not_needed(
    media_type: str, urls: list[str], *, is_needed: bool
) -> None:
    config = {"mediaType": OCI.config, "digest": digest_of(b"c"), "size": 1}
    layer = {"mediaType": media_type, "digest": digest_of(b"l"), "size": 1, "urls": urls}
    needs = walked(custom(config=config, layers=[layer]))
    assert (layer["digest"] in needs.blobs) == is_needed
    assert config["digest"] in needs.blobs


def test_an_unknown_kind_of_child_is_a_blob_to_hold() -> None:
    child = {"mediaType": "application/vnd.new+json", "digest": digest_of(b"new"), "size": 3}
    needs = walked(custom(manifests=[child]))
    assert {digest: blob.size for digest, blob in needs.blobs.items()} == {digest_of(b"new"): 3}


def _without(made: Made) -> MemoryStore:
    shelf = shelf_of(SEVERAL)
    del shelf.blobs[Digest(made.digest)]
    return shelf
