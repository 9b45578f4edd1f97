"""The lock this repository ships: the course, pinned by published digests."""

from __future__ import annotations

from pathlib import Path

from mirrorkit.documents.lock import parse_lock

LOCK = Path(__file__).parents[2] / "images.lock.yaml"


def test_the_shipped_lock_pins_the_course_for_amd64_and_arm64() -> None:
    lock = parse_lock(LOCK.read_bytes())
    names = {str(image.name) for image in lock.images}
    assert len(names) >= 12
    assert names >= {
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
    for image in lock.images:
        assert {str(platform) for platform in image.platforms or ()} == {
            "linux/amd64",
            "linux/arm64",
        }


def test_the_readme_shows_a_digest_that_the_lock_has() -> None:
    digests = {image.digest for image in parse_lock(LOCK.read_bytes()).images}
    for readme in ("README.md", "README.zh-CN.md"):
        text = (LOCK.parent / readme).read_text()
        assert any(digest in text for digest in digests), readme
