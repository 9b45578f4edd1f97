"""An archive is an OCI layout and a docker archive at once, the same bytes each time."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

import pytest

from mirrorkit.errors import IncompleteError, NoPlatformError, UsageError
from mirrorkit.flows.archive import Archive, Composer
from mirrorkit.flows.manifests import Manifests
from mirrorkit.oci.artifact import EMPTY, EMPTY_DIGEST, file_manifest
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.platform import Platform
from mirrorkit.oci.reference import Reference
from mirrorkit.store.memory import MemoryStore
from tests.lab.images import DOCKER, OCI, Format, Made, attestation, image, index
from tests.lab.layers import random_layer

NAME = Reference.parse("registry.k8s.io/pause:3.6")
AMD64, ARM64, S390X = map(Platform.parse, ("linux/amd64", "linux/arm64", "linux/s390x"))
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


def lone(platform: str = "linux/amd64", kind: Format = OCI) -> Made:
    return image([random_layer(f"{platform} {n}", 700 + n) for n in range(3)], platform, kind=kind)


def several(*platforms: str, kind: Format = OCI) -> Made:
    return index([lone(platform, kind) for platform in platforms], kind=kind)


def shelf_of(made: Made, *, without: str = "", is_sparse: bool = False) -> MemoryStore:
    """Hold an image; `without` leaves the layers of one platform out, or its manifest too."""
    shelf = MemoryStore()
    for manifest in made.manifests():
        is_left_out = bool(without) and manifest.platform == without
        if not (is_left_out and is_sparse):
            shelf.blobs[Digest(manifest.digest)] = manifest.data
        if not is_left_out:
            shelf.blobs |= {Digest(digest): data for digest, data in manifest.blobs.items()}
    return shelf


def compose(
    made: Made,
    shelf: MemoryStore | None = None,
    *,
    name: Reference = NAME,
    platform: Platform | None = None,
    is_whole: bool = False,
) -> Archive:
    held = shelf or shelf_of(made)
    composer = Composer(held, Manifests(held))
    return composer.compose(name, Digest(made.digest), platform, is_whole=is_whole)


def members(archive: Archive, shelf: MemoryStore) -> dict[str, bytes]:
    """Read an archive's files with the standard library."""
    data = b"".join(
        part if isinstance(part, bytes) else shelf.read(part.digest) for part in archive.parts
    )
    assert len(data) == archive.size
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        infos = tar.getmembers()
        assert all(info.isreg() and info.mtime == 0 and info.mode == 0o644 for info in infos)
        assert len({info.name for info in infos}) == len(infos)
        return {info.name: _read(tar, info) for info in infos}


def path_of(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _read(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    assert file is not None
    return file.read()


@pytest.mark.parametrize("kind", [OCI, DOCKER])
@pytest.mark.parametrize("is_index", [False, True])
def test_an_archive_is_a_layout_and_a_docker_archive(kind: Format, *, is_index: bool) -> None:
    root = (several if is_index else lone)("linux/amd64", kind=kind)
    shelf = shelf_of(root)
    found = members(compose(root, shelf), shelf)
    child = root.for_platform("linux/amd64")
    assert json.loads(found["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [entry] = json.loads(found["index.json"])["manifests"]
    assert entry == {
        "mediaType": root.media_type,
        "digest": root.digest,
        "size": len(root.data),
        "annotations": {
            "org.opencontainers.image.ref.name": str(NAME),
            "io.containerd.image.name": str(NAME),
        },
    }
    manifest = json.loads(child.data)
    assert json.loads(found["manifest.json"]) == [
        {
            "Config": path_of(manifest["config"]["digest"]),
            "RepoTags": [str(NAME)],
            "Layers": [path_of(layer["digest"]) for layer in manifest["layers"]],
        }
    ]
    blobs = {path_of(digest): data for digest, data in root.all_blobs().items()}
    blobs |= {path_of(one.digest): one.data for one in root.manifests()}
    rest = {"oci-layout", "index.json", "manifest.json"}
    assert {name: data for name, data in found.items() if name not in rest} == blobs
    assert list(found)[3] == path_of(root.digest)


def test_the_same_question_has_the_same_bytes_and_another_has_another_tag() -> None:
    made = several("linux/amd64", "linux/arm64")
    usual = compose(made)
    assert usual == compose(made)
    others = [
        compose(made, platform=ARM64),
        compose(made, is_whole=True),
        compose(made, name=Reference.parse("k8s.gcr.io/pause:3.6")),
        compose(lone()),
    ]
    assert len({usual.etag, *(one.etag for one in others)}) == 5


def test_one_platform_is_sparse_and_all_are_whole() -> None:
    made = several("linux/amd64", "linux/arm64")
    shelf = shelf_of(made)
    sparse = set(members(compose(made, shelf), shelf))
    whole = set(members(compose(made, shelf, is_whole=True), shelf))
    arm64 = made.for_platform("linux/arm64")
    only = set(map(path_of, (arm64.digest, *arm64.blobs)))
    assert whole - sparse == only


def test_whole_leaves_out_what_is_not_held() -> None:
    made = several("linux/amd64", "linux/arm64")
    shelf = shelf_of(made, without="linux/arm64")
    assert compose(made, shelf, is_whole=True) == compose(made, shelf)


def test_an_attestation_comes_along_only_with_the_whole() -> None:
    child = lone()
    signed = attestation(child)
    made = index([child, signed])
    shelf = shelf_of(made)
    path = path_of(signed.digest)
    assert path not in members(compose(made, shelf), shelf)
    assert path in members(compose(made, shelf, is_whole=True), shelf)


@pytest.mark.parametrize(
    "platforms, without, asked, chosen",
    [
        (("linux/arm64", "linux/amd64"), "", None, "linux/amd64"),
        (("linux/arm64", "linux/amd64"), "linux/amd64", None, "linux/arm64"),
        (("linux/arm64", "linux/amd64"), "", ARM64, "linux/arm64"),
        (("linux/s390x",), "", None, "linux/s390x"),
    ],
)
def test_the_platform_is_the_one_asked_or_the_usual_or_the_only_one(
    platforms: tuple[str, ...], without: str, asked: Platform | None, chosen: str
) -> None:
    made = several(*platforms)
    archive = compose(made, shelf_of(made, without=without, is_sparse=True), platform=asked)
    child = made.for_platform(chosen)
    config = json.loads(child.data)["config"]["digest"]
    assert archive.ids == {made.digest, child.digest, config}


@pytest.mark.parametrize(
    "made, without, asked, error, words",
    [
        (
            several("linux/arm64", "linux/s390x"),
            "",
            None,
            UsageError,
            "linux/arm64 and linux/s390x",
        ),
        (several("linux/amd64"), "", ARM64, NoPlatformError, "does not exist for linux/arm64"),
        (lone("linux/s390x"), "", AMD64, NoPlatformError, "does not exist for linux/amd64"),
        (several("linux/amd64"), "linux/amd64", None, IncompleteError, "not here whole"),
        (several("linux/amd64"), "linux/amd64", AMD64, IncompleteError, "not here whole"),
        # Its layers are on their way; another platform's archive would be a surprise.
        (several("linux/amd64", "linux/arm64"), "linux/amd64", None, IncompleteError, "whole"),
    ],
)
def test_what_cannot_be_chosen_is_said(
    made: Made, without: str, asked: Platform | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        compose(made, shelf_of(made, without=without), platform=asked)


def test_an_index_that_names_no_platform_is_no_image_to_load() -> None:
    child = lone()
    bare = index([replace(child, platform="")])
    with pytest.raises(UsageError, match="names no platform"):
        compose(bare)


def test_an_unknown_root_or_a_layer_cut_short_is_not_here() -> None:
    made = lone()
    with pytest.raises(IncompleteError):
        compose(made, MemoryStore())
    shelf = shelf_of(made)
    layer = Digest(list(made.blobs)[-1])
    shelf.blobs[layer] = shelf.blobs[layer][:-1]
    with pytest.raises(IncompleteError):
        compose(made, shelf)


def test_a_manifest_with_other_bytes_is_not_here() -> None:
    made = lone()
    shelf = shelf_of(made)
    shelf.blobs[Digest(made.digest)] = b"{}" + bytes(len(made.data) - 2)
    with pytest.raises(IncompleteError):
        compose(made, shelf)


def test_layers_in_zstd_are_refused_with_what_to_do_instead() -> None:
    kind = Format(OCI.manifest, OCI.index, OCI.config, ZSTD, None)
    with pytest.raises(UsageError, match="not gzip") as refused:
        compose(lone(kind=kind))
    assert "pull it instead" in str(refused.value.hint)


def test_what_is_no_image_is_refused() -> None:
    data = b"a file"
    manifest = file_manifest(Digest.of(data), len(data))
    shelf = MemoryStore()
    shelf.blobs = {Digest.of(one): one for one in (data, manifest)} | {EMPTY_DIGEST: EMPTY}
    composer = Composer(shelf, Manifests(shelf))
    with pytest.raises(UsageError, match="not an image"):
        composer.compose(NAME, Digest.of(manifest))


def test_a_layer_that_stands_twice_is_there_once() -> None:
    layer = random_layer("twice", 900)
    made = image([layer, layer])
    shelf = shelf_of(made)
    found = members(compose(made, shelf), shelf)
    path = path_of(layer.digest)
    assert json.loads(found["manifest.json"])[0]["Layers"] == [path, path]
    assert found[path] == layer.data


def test_an_image_asked_by_digest_alone_gets_no_tag() -> None:
    made = lone()
    shelf = shelf_of(made)
    name = Reference("registry.k8s.io", "pause", None, Digest(made.digest))
    found = members(compose(made, shelf, name=name), shelf)
    assert json.loads(found["manifest.json"])[0]["RepoTags"] is None
    [entry] = json.loads(found["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == str(name)
