"""The demo's class: today's names, and tags that nobody can take for the real ones."""

from __future__ import annotations

from importlib.resources import files

from mirrorkit.catalog.images import published
from mirrorkit.catalog.needs import images_for
from mirrorkit.catalog.releases import releases
from mirrorkit.demo.made import made_image
from mirrorkit.documents.wish import parse_wish
from mirrorkit.oci.digest import Digest
from mirrorkit.oci.manifest import Index, Manifest, parse_document
from mirrorkit.oci.platform import Platform

WISH = parse_wish((files("mirrorkit.demo") / "class.yaml").read_bytes())
ALL = [*WISH.images, *(image for lesson in WISH.lessons for image in lesson.images)]


def test_the_cluster_of_the_demo_is_that_of_the_latest_minikube() -> None:
    real = images_for(releases()[-1].version, addons=("metrics-server",))
    assert {str(image) for image in WISH.images} == {f"{image.name}-demo" for image in real}


def test_no_tag_of_the_demo_can_be_a_real_one() -> None:
    for image in ALL:
        assert (image.tag or "").endswith("-demo")
        assert published(image) == ()


def test_a_made_up_image_is_one_by_the_specification_and_always_the_same() -> None:
    platforms = [Platform("linux", "amd64"), Platform("linux", "arm64")]
    made = made_image("a:1", platforms)
    assert made == made_image("a:1", platforms)
    assert made != made_image("b:1", platforms)
    root = parse_document(made.root.data, made.root.media_type)
    assert isinstance(root, Index)
    assert [child.runs_on for child in root.manifests] == platforms
    held = {part.digest: part.data for part in (*made.manifests, *made.blobs)}
    for child in root.manifests:
        manifest = parse_document(held[child.digest])
        assert isinstance(manifest, Manifest)
        for part in (manifest.config, *manifest.layers):
            assert (Digest.of(held[part.digest]), len(held[part.digest])) == (
                part.digest,
                part.size,
            )
