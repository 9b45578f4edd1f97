"""The class this repository ships is the course, and its lock follows from the facts alone."""

from __future__ import annotations

from pathlib import Path

from mirrorkit.documents.lock import parse_lock
from mirrorkit.documents.wish import parse_wish
from mirrorkit.flows.lock import Choices, make_lock
from mirrorkit.flows.locking import Locked
from mirrorkit.flows.wanted import disagreement, wanted
from mirrorkit.presets import preset_text

ROOT = Path(__file__).parents[2]
WISH, LOCK = ROOT / "images.yaml", ROOT / "images.lock.yaml"


def test_the_shipped_wish_is_the_preset_course() -> None:
    assert WISH.read_bytes() == preset_text("course")


async def test_the_shipped_lock_is_what_the_facts_give_without_a_network() -> None:
    text = WISH.read_bytes()
    lock, made = await make_lock(wanted(parse_wish(text), text), Choices())
    assert Locked(lock, None, made).text == LOCK.read_bytes()


def test_the_shipped_lock_agrees_with_the_shipped_wish() -> None:
    text = WISH.read_bytes()
    assert disagreement(wanted(parse_wish(text), b""), parse_lock(LOCK.read_bytes())) is None


def test_the_shipped_lock_pins_the_cluster_for_amd64_and_arm64() -> None:
    lock = parse_lock(LOCK.read_bytes())
    assert [str(platform) for platform in lock.platforms] == ["linux/amd64", "linux/arm64"]
    assert {str(image.name) for image in lock.images} >= {
        "gcr.io/k8s-minikube/kicbase:v0.0.30",
        "gcr.io/k8s-minikube/storage-provisioner:v5",
        "registry.k8s.io/coredns/coredns:v1.8.6",
        "registry.k8s.io/etcd:3.5.1-0",
        "registry.k8s.io/kube-apiserver:v1.23.3",
        "registry.k8s.io/kube-controller-manager:v1.23.3",
        "registry.k8s.io/kube-proxy:v1.23.3",
        "registry.k8s.io/kube-scheduler:v1.23.3",
        "registry.k8s.io/pause:3.6",
    }


def test_the_pages_show_a_digest_that_the_lock_has() -> None:
    digests = {image.digest for image in parse_lock(LOCK.read_bytes()).images}
    for page in ("docs/teacher.md", "docs/teacher.zh-CN.md"):
        text = (ROOT / page).read_text()
        assert any(digest in text for digest in digests), page
