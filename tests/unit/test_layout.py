from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirrorkit.documents.layout import OCI_LAYOUT, REF_NAME, STANDS_FOR, LayoutIndex, parse_index
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Descriptor
from mirrorkit.oci.mediatypes import DOCKER_LIST, OCI_INDEX, OCI_MANIFEST
from mirrorkit.oci.reference import Reference

A, B, C = (Descriptor(OCI_MANIFEST, Digest.of(data), 1) for data in (b"a", b"b", b"c"))
ONE, TWO = Reference.parse("nginx:1"), Reference.parse("registry.k8s.io/pause:3.6")


def index_of(*entries: dict[str, object]) -> LayoutIndex:
    """Read an index as another tool may have written it."""
    return parse_index(json.dumps({"schemaVersion": 2, "manifests": entries}).encode())


def entry(descriptor: Descriptor, **annotations: str) -> dict[str, object]:
    found: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": descriptor.size,
    }
    names = {
        REF_NAME if key == "name" else f"org.example.{key}": annotations[key] for key in annotations
    }
    return found | ({"annotations": names} if names else {})


def listed(index: LayoutIndex) -> list[tuple[Digest, dict[str, str] | None]]:
    return [(one.digest, one.annotations) for one in index.manifests]


def test_the_layout_file_is_the_one_of_the_specification() -> None:
    assert json.loads(OCI_LAYOUT) == {"imageLayoutVersion": "1.0.0"}


def test_an_index_is_written_as_the_specification_says() -> None:
    whole = LayoutIndex().tagged(ONE, Descriptor(DOCKER_LIST, A.digest, 7))
    assert json.loads(whole.encode()) == {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                "mediaType": DOCKER_LIST,
                "digest": A.digest,
                "size": 7,
                "annotations": {REF_NAME: "docker.io/library/nginx:1"},
            }
        ],
    }
    assert json.loads(LayoutIndex().encode())["manifests"] == []


def test_a_new_name_leaves_the_value_it_was_made_from_alone() -> None:
    before = LayoutIndex().tagged(ONE, A)
    after = before.tagged(ONE, B)
    assert [d.digest for d in before.names.values()] == [A.digest]
    assert [d.digest for d in after.names.values()] == [B.digest]


def test_names_move_and_their_old_roots_stay_until_they_are_named_again() -> None:
    one, two = str(ONE), str(TWO)
    index = LayoutIndex()
    for name, root, wanted in (
        (ONE, A, [(A, one)]),
        (ONE, A, [(A, one)]),
        (TWO, A, [(A, one), (A, two)]),
        (TWO, B, [(A, one), (A, ""), (B, two)]),
        (ONE, C, [(A, ""), (A, ""), (B, two), (C, one)]),
        (ONE, A, [(B, two), (C, ""), (A, one)]),
    ):
        index = index.tagged(name, root)
        found = [(one.digest, (one.annotations or {}).get(REF_NAME, "")) for one in index.manifests]
        assert set(found) == {(root.digest, text) for root, text in wanted}
        assert index == parse_index(index.encode())


def test_what_a_descriptor_said_elsewhere_is_not_said_of_a_name() -> None:
    note = {"vnd.docker.reference.type": "attestation-manifest", REF_NAME: "theirs"}
    (found,) = LayoutIndex().tagged(ONE, Descriptor(A.media_type, A.digest, 1, (), note)).manifests
    assert found.annotations == {REF_NAME: str(ONE)}


@pytest.mark.parametrize(
    "name",
    ["", "latest", "nginx", "nginx:1", "docker.io/nginx:1", "DOCKER.io/library/nginx:1", "?"],
)
def test_a_name_that_is_not_canonical_is_no_name_but_stays(name: str) -> None:
    index = index_of(entry(A, name=name))
    assert index.names == {}
    assert set(index.roots) == {A.digest}
    after = index.tagged(ONE, A).tagged(ONE, B)
    assert (A.digest, {REF_NAME: name}) in listed(after)


def test_what_other_tools_noted_stays_when_something_else_is_named() -> None:
    index = index_of(entry(A, note="x"), entry(B, name=str(TWO), note="y"), entry(C))
    after = parse_index(index.tagged(ONE, A).encode())
    assert listed(after)[:3] == listed(index)
    assert listed(after)[3:] == [(A.digest, {REF_NAME: str(ONE)})]


def test_of_two_entries_with_one_name_only_one_is_named_and_neither_survives_a_new_one() -> None:
    index = index_of(entry(A, name=str(ONE)), entry(B, name=str(ONE)))
    assert len(index.names) == 1
    after = index.tagged(ONE, C)
    assert [d.digest for d in after.names.values()] == [C.digest]
    assert set(after.roots) == {A.digest, B.digest, C.digest}


def test_a_substitute_keeps_its_part_when_its_name_moves_to_another_digest() -> None:
    index = LayoutIndex().tagged(ONE, A, B.digest).tagged(ONE, C)
    assert listed(index) == [(A.digest, {STANDS_FOR: B.digest}), (C.digest, {REF_NAME: str(ONE)})]
    assert {key: one.digest for key, one in index.substitutes.items()} == {B.digest: A.digest}
    assert parse_index(index.encode()) == index


def test_a_new_substitute_and_the_digest_itself_end_the_part_of_the_one_before() -> None:
    index = LayoutIndex().tagged(ONE, A, B.digest).tagged(ONE, C, B.digest)
    assert listed(index) == [
        (A.digest, None),
        (C.digest, {REF_NAME: str(ONE), STANDS_FOR: B.digest}),
    ]
    index = index.tagged(TWO, B)
    assert index.substitutes == {}
    assert index.names[ONE].digest == C.digest


@pytest.mark.parametrize("said", ["", "sha256:x", "md5:0", str(ONE)])
def test_what_stands_for_no_digest_is_no_substitute(said: str) -> None:
    theirs = entry(A) | {"annotations": {STANDS_FOR: said}}
    index = index_of(theirs)
    assert index.substitutes == {}
    assert json.loads(index.tagged(ONE, B).encode())["manifests"][0] == theirs


GOOD = json.dumps({"schemaVersion": 2, "manifests": [entry(A, name=str(ONE))]})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"{",
        b"[" * 100_000,
        b'{"x":' * 100_000,
        b'{"manifests":null}',
        b'{"manifests":{}}',
        b'{"manifests":[null]}',
        b'{"manifests":[{}]}',
        GOOD.encode()[:-1],
        GOOD.encode() + b"x",
        GOOD.encode("utf-16"),
        GOOD.replace("sha256:", "sha256:../").encode(),
        GOOD.replace("sha256:", "md5:").encode(),
        GOOD.replace('"size": 1', '"size": -1').encode(),
        GOOD.replace('"size": 1', '"size": 1.5').encode(),
        GOOD.replace('"size": 1', '"size": 1e400').encode(),
        GOOD.replace('"size": 1', f'"size": {"9" * 5000}').encode(),
        GOOD.replace('"size": 1', '"size": "1"').encode(),
        GOOD.replace(str(ONE), "\\ud800").encode(),
        GOOD.replace(f'"{ONE}"', "1").encode(),
    ],
)
def test_what_is_no_index_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_index(data)


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=5) | st.sampled_from([A.digest, str(ONE), OCI_INDEX])
leaves = st.one_of(st.none(), st.booleans(), st.just(2), numbers, texts)
keys = st.sampled_from(
    ["schemaVersion", "mediaType", "manifests", "digest", "size", "annotations", "platform", "urls"]
)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=15,
)
descriptors = st.fixed_dictionaries(
    {
        "mediaType": st.text(max_size=3),
        "digest": st.just(A.digest),
        "size": st.integers(0, 1 << 50),
    },
    optional={
        "annotations": st.dictionaries(st.sampled_from([REF_NAME, "x"]), st.text(max_size=9)),
        "platform": st.just({"os": "linux", "architecture": "arm64"}),
        "artifactType": st.text(max_size=3),
        "other": trees,
    },
)


@given(data=st.one_of(st.binary(), trees.map(lambda tree: json.dumps(tree).encode())))
def test_arbitrary_bytes_are_an_index_or_a_value_error(data: bytes) -> None:
    try:
        index = parse_index(data)
    except ValueError:
        return
    assert parse_index(index.encode()) == index


@given(entries=st.lists(descriptors, max_size=4))
def test_an_index_is_read_back_as_it_was_written(entries: list[dict[str, object]]) -> None:
    index = index_of(*entries)
    assert parse_index(index.encode()) == index
    assert [one.size for one in index.manifests] == [one["size"] for one in entries]
    after = index.tagged(ONE, B)
    assert after.names[ONE].digest == B.digest
    assert set(index.roots) <= set(after.roots)
    assert after.tagged(ONE, B) == after


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"schemaVersion":1,"manifests":[]}',
        b'{"schemaVersion":2,"mediaType":"application/json","manifests":[]}',
        b'{"schemaVersion":2,"config":{},"layers":[]}',
        b'{"imageLayoutVersion":"1.0.0"}',
    ],
)
def test_another_document_is_no_index(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_index(data)


WINDOWS = {"os": "windows", "architecture": "amd64", "os.version": "10.0.17763"}


@pytest.mark.parametrize(
    "extra, place",
    [
        ({"platform": {"os": "linux", "architecture": "amd64"}}, "manifests"),
        ({"platform": WINDOWS}, "manifests"),
        ({"data": "YQ=="}, "manifests"),
        ({"org.example": "x"}, "annotations"),
    ],
    ids=["platform", "version", "data", "annotations"],
)
def test_what_other_tools_wrote_stays_when_something_is_named(
    extra: dict[str, object], place: str
) -> None:
    is_entry = place == "manifests"
    theirs = entry(A) | (extra if is_entry else {})
    whole = {"schemaVersion": 2, "manifests": [theirs]} | ({} if is_entry else {place: extra})
    after = json.loads(parse_index(json.dumps(whole).encode()).tagged(ONE, B).encode())
    assert after["manifests"][0] == theirs
    assert is_entry or after.get(place) == extra
