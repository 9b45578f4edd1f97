"""The names that `mirrorkit load` takes, and what is said of those it has not."""

from __future__ import annotations

import pytest

from mirrorkit.documents.lock import parse_lock
from mirrorkit.errors import IncompleteError, UsageError
from mirrorkit.flows.load import named

DIGEST = f"sha256:{'a' * 64}"
LOCK = parse_lock(
    f"""
version: 1
images: [{{name: "registry.k8s.io/pause:3.6", digest: "{DIGEST}", also: ["k8s.gcr.io/pause:3.6"]}}]
unpinned: [{{name: "docker.io/library/wordpress:5"}}]
""".encode()
)


def test_an_image_is_loaded_under_the_name_it_was_asked_by() -> None:
    asked = ["k8s.gcr.io/pause:3.6", f"registry.k8s.io/pause:3.6@{DIGEST}"]
    found = [(str(name), digest) for name, digest in named(LOCK, asked)]
    assert found == [("k8s.gcr.io/pause:3.6", DIGEST), ("registry.k8s.io/pause:3.6", DIGEST)]


@pytest.mark.parametrize(
    "asked, hint",
    [
        ("pause:3.5", "the nearest is registry.k8s.io/pause:3.6"),
        ("redis", "`mirrorkit status --all` names what is"),
    ],
)
def test_what_the_lock_has_not_is_a_mistake(asked: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is not in the lock") as refusal:
        named(LOCK, [asked])
    assert refusal.value.hint == hint


def test_what_is_wanted_and_not_pinned_yet_is_told_from_a_mistake() -> None:
    with pytest.raises(IncompleteError, match="wordpress:5 is wanted") as refusal:
        named(LOCK, ["wordpress:5"])
    assert "`mirrorkit lock`" in (refusal.value.hint or "")
