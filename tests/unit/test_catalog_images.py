from __future__ import annotations

import pytest

from mirrorkit.catalog.images import Image, made, merged, published
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference

COURSE = Digest("sha256:7b3ccabffc97de872a30dfd234fd972a66d247c8cfc69b0550f276481852627c")
UNKNOWN = Digest("sha256:" + "1" * 64)
PAUSE = Reference.parse("registry.k8s.io/pause:3.6")


def test_a_digest_in_the_name_wins_and_brings_its_own_children() -> None:
    image = made(Reference.parse(f"busybox@{COURSE}"), "lesson")
    assert image.digest == COURSE
    tagged = made(Reference.parse(f"busybox:latest@{COURSE}"), "lesson")
    (row,) = [one for one in published(tagged.name) if one.digest == COURSE]
    assert (tagged.digest, tagged.children) == (COURSE, row.children)
    assert {str(child.platform): child.size for child in row.children} == {
        "linux/amd64": 2592863,
        "linux/arm64": 2001136,
    }


def test_a_digest_that_nobody_published_has_no_children() -> None:
    image = made(Reference.parse(f"busybox:latest@{UNKNOWN}"), "lesson")
    assert (image.digest, image.children) == (UNKNOWN, ())


def test_of_two_published_digests_none_is_chosen() -> None:
    image = made(Reference.parse("busybox"), "lesson")
    assert (image.digest, image.children) == (None, ())


def test_a_name_that_nobody_knows_has_no_digest() -> None:
    assert made(Reference.parse("quay.io/x/y:1"), "lesson").digest is None


def test_an_image_with_a_tag_is_named_by_it_alone() -> None:
    image = made(Reference.parse(f"k8s.gcr.io/pause:3.6@{UNKNOWN}"), "lesson")
    assert image.name == PAUSE
    assert image.also == (Reference.parse("k8s.gcr.io/pause:3.6"),)


def test_an_image_without_a_tag_is_named_by_its_digest() -> None:
    name = Reference.parse(f"quay.io/x/y@{UNKNOWN}")
    image = made(name, "lesson", also=[name.on("k8s.gcr.io")])
    assert (image.name, image.digest, image.also) == (name, UNKNOWN, ())


def test_one_name_is_one_image_that_answers_to_all_names_and_needs() -> None:
    one = Image(PAUSE, None, also=(PAUSE.on("a.io"),), below=("a",), needed_by=("one",))
    other = Image(PAUSE, UNKNOWN, also=(PAUSE.on("b.io"),), below=("a", "b"), needed_by=("two",))
    assert merged([one, other]) == (
        Image(
            PAUSE,
            UNKNOWN,
            also=(PAUSE.on("a.io"), PAUSE.on("b.io")),
            below=("a", "b"),
            needed_by=("one", "two"),
        ),
    )


def test_one_name_for_two_digests_is_a_mistake_of_the_data() -> None:
    with pytest.raises(ValueError, match=r"pause:3.6 is needed as sha256:1.* and as sha256:7b3c"):
        merged([Image(PAUSE, UNKNOWN), Image(PAUSE, COURSE)])
