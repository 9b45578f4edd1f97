from __future__ import annotations

import contextlib
import json
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import (
    DOCUMENT_MAX,
    Descriptor,
    Index,
    Manifest,
    encode,
    parse_document,
)
from mirrorkit.oci.mediatypes import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from mirrorkit.oci.platform import Platform

Object: TypeAlias = dict[str, object]

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = Descriptor("application/vnd.oci.image.config.v1+json", Digest.of(b"{}"), 2)
LAYER = Descriptor(LAYER_TYPE, Digest.of(b"layer"), 5)


def descriptor(of: Descriptor = LAYER, /, **changes: object) -> Object:
    return {"mediaType": of.media_type, "digest": str(of.digest), "size": of.size, **changes}


def manifest(**changes: object) -> Object:
    return {"schemaVersion": 2, "config": descriptor(CONFIG), "layers": [descriptor()], **changes}


def index(**changes: object) -> Object:
    return {"schemaVersion": 2, "manifests": [descriptor(mediaType=OCI_MANIFEST)], **changes}


def without(document: Object, key: str) -> Object:
    return {name: value for name, value in document.items() if name != key}


def spliced(extra: bytes, document: Object) -> bytes:
    """Write raw members at the head of a document."""
    return b"{" + extra + b"," + json.dumps(document).encode()[1:]


@pytest.mark.parametrize("content_type", [None, OCI_MANIFEST, DOCKER_MANIFEST])
def test_a_manifest_gives_its_config_and_its_layers(content_type: str | None) -> None:
    document = manifest(mediaType=content_type)
    data = json.dumps(document).encode()
    expected = Manifest(content_type or OCI_MANIFEST, CONFIG, (LAYER,), None, None, None)
    assert parse_document(data) == expected
    assert parse_document(data, expected.media_type) == expected


@pytest.mark.parametrize("content_type", [None, OCI_INDEX, DOCKER_LIST])
def test_an_index_gives_its_manifests_with_their_platforms(content_type: str | None) -> None:
    platforms = {"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"}
    manifests = [descriptor(platform=platforms), descriptor()]
    data = json.dumps(index(mediaType=content_type, manifests=manifests)).encode()
    document = parse_document(data, content_type)
    assert isinstance(document, Index)
    assert document.media_type == (content_type or OCI_INDEX)
    assert [child.runs_on for child in document.manifests] == [Platform("linux", "arm64"), None]
    assert {child.digest for child in document.manifests} == {LAYER.digest}


def test_an_artifact_may_have_a_subject_and_no_layers() -> None:
    extras = {"artifactType": "a/b", "subject": descriptor(), "annotations": {"k": "v"}, "new": 1}
    data = json.dumps(without(manifest(**extras), "layers")).encode()
    assert parse_document(data) == Manifest(OCI_MANIFEST, CONFIG, (), LAYER, "a/b", {"k": "v"})


def test_a_document_may_have_exactly_eight_mebibytes() -> None:
    data = json.dumps(manifest()).encode().ljust(DOCUMENT_MAX)
    assert isinstance(parse_document(data), Manifest)
    with pytest.raises(ValueError, match=f"manifest of {8 * 1024 * 1024 + 1} bytes"):
        parse_document(data + b" ")


@pytest.mark.parametrize(
    "document, reason",
    [
        (manifest(manifests=[]), "neither clearly"),
        (index(layers=[]), "neither clearly"),
        (index(config=descriptor(CONFIG)), "neither clearly"),
        ({"schemaVersion": 2}, "neither clearly"),
        (without(manifest(), "config"), "without a config"),
        (manifest(config=None), "without a config"),
        (manifest(mediaType=OCI_INDEX), "does not fit"),
        (index(mediaType=DOCKER_MANIFEST), "does not fit"),
        (manifest(mediaType=""), "does not fit"),
        (manifest(mediaType=OCI_MANIFEST.upper()), "does not fit"),
        (manifest(mediaType=LAYER_TYPE), "does not fit"),
        (manifest(schemaVersion=1), "schema 1"),
        (manifest(schemaVersion=3), "schema 1"),
        (without(manifest(), "schemaVersion"), "schemaVersion"),
        (manifest(schemaVersion="2"), "schemaVersion"),
        (manifest(layers={}), "layers"),
        (manifest(layers=[None]), "layers"),
        (index(manifests=[[]]), "manifests"),
        (manifest(subject=descriptor(digest="sha256:../../x")), "not a digest.*subject"),
        (manifest(annotations={"k": 1}), "annotations"),
    ],
)
def test_what_is_not_clearly_one_document_is_refused(document: Object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_document(json.dumps(document).encode())


@pytest.mark.parametrize("sent", [OCI_INDEX, DOCKER_MANIFEST, "application/json", "", "x" * 9999])
def test_a_document_sent_as_another_type_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="sent as") as refusal:
        parse_document(json.dumps(manifest()).encode(), sent)
    assert len(str(refusal.value)) < 250


@pytest.mark.parametrize("place", ["config", "layers", "manifests"])
@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"digest": "sha256:../../../etc/passwd"}, "not a digest"),
        ({"digest": f"sha256:{'A' * 64}"}, "not a digest"),
        ({"digest": f"sha256:{'0' * 63}"}, "not a digest"),
        ({"digest": f"sha256:{'0' * 64}\n"}, "not a digest"),
        ({"digest": f"md5:{'0' * 32}"}, "not a digest"),
        ({"digest": ""}, "not a digest"),
        ({"digest": {"algorithm": "sha256", "hex": "../../x"}}, "digest"),
        ({"digest": None}, "digest"),
        ({"size": -1}, "size -1"),
        ({"size": (1 << 50) + 1}, "size 1125899906842625"),
        ({"size": 1 << 63}, "size 9223372036854775808"),
        ({"size": 1 << 64}, "size"),
        ({"size": 10**400}, "size 10"),
        ({"size": 0.5}, "size"),
        ({"size": True}, "size"),
        ({"size": "5"}, "size"),
        ({"size": None}, "size"),
        ({"mediaType": None}, "mediaType"),
        ({"urls": "https://x"}, "urls"),
        ({"platform": "linux/amd64"}, "platform"),
    ],
)
def test_a_hostile_descriptor_is_refused_wherever_it_stands(
    place: str, changes: Object, reason: str
) -> None:
    hostile = descriptor(**changes)
    value: object = hostile if place == "config" else [descriptor(), hostile]
    document = index(manifests=value) if place == "manifests" else manifest(**{place: value})
    with pytest.raises(ValueError, match=reason) as refusal:
        parse_document(json.dumps(document).encode())
    assert f"`$.{place}" in str(refusal.value)


@pytest.mark.parametrize("size", [0, 1, 1 << 50])
def test_any_size_a_blob_can_have_is_read(size: int) -> None:
    document = parse_document(json.dumps(manifest(layers=[descriptor(size=size)])).encode())
    assert isinstance(document, Manifest)
    assert document.layers[0].size == size


WHOLE = json.dumps(manifest()).encode()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" ", b"null", b"[]", b"2", b'"{}"', b"{", WHOLE[:-1], WHOLE + b"{}", WHOLE + b"\0"),
        *(b"\xef\xbb\xbf" + WHOLE, WHOLE.decode().encode("utf-16"), b"\xff", b"\x1f\x8b\x08"),
        *(spliced(b'"mediaType":"\xff"', manifest()), spliced(b'"x":NaN', manifest())),
        spliced(b'"mediaType":"\\ud800"', manifest()),
        *(b"[" * 100_000, b'{"x":' * 100_000, spliced(b'"x":' + b"[" * 100_000, manifest())),
        spliced(b'"layers":' + b"[" * 100_000, manifest()),
    ],
    ids=repr,
)
def test_what_is_no_json_document_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not a manifest: "):
        parse_document(data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from(
    ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject"]
)


@given(data=st.binary())
def test_arbitrary_bytes_raise_nothing_but_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="manifest"):
        parse_document(data)


@given(place=st.integers(min_value=0, max_value=len(WHOLE)), data=st.binary(max_size=4))
def test_a_damaged_manifest_raises_nothing_but_a_value_error(place: int, data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_document(WHOLE[:place] + data + WHOLE[place + 1 :]), Manifest)


@given(changes=st.dictionaries(members, json_values, min_size=1))
def test_arbitrary_members_raise_nothing_but_a_value_error(changes: Object) -> None:
    data = json.dumps({**manifest(), **changes}).encode()
    with contextlib.suppress(ValueError):
        assert parse_document(data).media_type in {OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX}


@given(data=st.binary(), size=st.integers(min_value=0, max_value=1 << 50), kind=st.text())
def test_a_descriptor_is_written_as_it_is_read(data: bytes, size: int, kind: str) -> None:
    written = Descriptor(kind, Digest.of(data), size)
    document = json.dumps(manifest()).encode()[:-1] + b',"subject":' + encode(written) + b"}"
    assert parse_document(document).subject == written


def test_a_schema_1_manifest_is_refused_by_its_name() -> None:
    document = {"schemaVersion": 1, "name": "x", "fsLayers": [{"blobSum": str(LAYER.digest)}]}
    with pytest.raises(ValueError, match="schema 1"):
        parse_document(json.dumps(document).encode())


@pytest.mark.parametrize(
    "extra",
    [
        b'"Manifests":[]',
        b'"manifests":[],"manifests":null',
        b'"mediaType":"application/vnd.oci.image.index.v1+json","mediaType":null',
        b'"layers":[]',
    ],
)
def test_a_document_that_another_parser_could_take_for_another_is_refused(extra: bytes) -> None:
    assert isinstance(parse_document(WHOLE), Manifest)
    with pytest.raises(ValueError, match="manifest"):
        parse_document(spliced(extra, manifest()))


def test_bytes_that_are_no_utf_8_are_refused_in_members_nobody_reads_too() -> None:
    assert isinstance(parse_document(spliced(b'"x":"y"', manifest())), Manifest)
    with pytest.raises(ValueError, match="not a manifest"):
        parse_document(spliced(b'"x":"\xff"', manifest()))
