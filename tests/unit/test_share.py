"""What one student pulls of a class: one platform, and no other system's files."""

from __future__ import annotations

from mirrorkit.documents.lock import parse_lock
from mirrorkit.flows.manifests import Manifests
from mirrorkit.flows.share import student_bytes
from mirrorkit.store.memory import MemoryStore

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
IMAGES = f"""\
version: 1
platforms: [linux/amd64, linux/arm64]
images:
  - name: one.test/app:1
    digest: {A}
    platforms:
      linux/amd64: {{digest: {B}, size: 1000}}
      linux/arm64: {{digest: {C}, size: 1500}}
"""
FILES = f"""\
files:
  - {{path: minikube-linux-amd64, sha256: {A[7:]}, size: 10000, urls: ["https://a.test/a"]}}
  - {{path: bin/linux/arm64/kubectl, sha256: {B[7:]}, size: 200, urls: ["https://a.test/b"]}}
  - {{path: minikube-darwin-arm64, sha256: {C[7:]}, size: 50000, urls: ["https://a.test/c"]}}
  - {{path: lesson.pdf, sha256: {"d" * 64}, size: 7, urls: ["https://a.test/d"]}}
  - {{path: unknown.iso, sha256: {"e" * 64}, urls: ["https://a.test/e"]}}
"""


def share(text: str) -> int | None:
    store = MemoryStore()
    return student_bytes(parse_lock(text.encode()), store, Manifests(store))


def test_it_is_the_largest_platform_alone() -> None:
    assert share(IMAGES) == 1500


def test_files_count_for_the_system_their_path_names() -> None:
    assert share(IMAGES + FILES) == 1000 + 10000 + 7


def test_without_sizes_it_is_not_known() -> None:
    assert share(IMAGES.replace(", size: 1500", "")) is None
