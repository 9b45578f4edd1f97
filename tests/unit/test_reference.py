from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mirrorkit.oci.digest import Digest
from mirrorkit.oci.reference import Reference, is_host, is_repository, is_tag

if TYPE_CHECKING:
    from collections.abc import Callable

HEX = "0123456789abcdef" * 4
SHA = f"sha256:{HEX}"
FULLWIDTH_ONE = "\N{FULLWIDTH DIGIT ONE}"


@pytest.mark.parametrize(
    "text, canonical",
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.21", "docker.io/library/nginx:1.21"),
        (f"nginx@{SHA}", f"docker.io/library/nginx@{SHA}"),
        (f"nginx:1.21@{SHA}", f"docker.io/library/nginx:1.21@{SHA}"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("registry-1.docker.io/bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("Docker.IO/nginx", "docker.io/library/nginx:latest"),
        ("k8s.gcr.io/pause:3.6", "k8s.gcr.io/pause:3.6"),
        ("K8S.GCR.IO/pause:3.6", "k8s.gcr.io/pause:3.6"),
        ("quay.io/a/b/c/d:v1", "quay.io/a/b/c/d:v1"),
        ("localhost/nginx", "localhost/nginx:latest"),
        ("localhost:5080/nginx", "localhost:5080/nginx:latest"),
        ("localhost:5080/nginx:1", "localhost:5080/nginx:1"),
        ("localhost:5080", "docker.io/library/localhost:5080"),
        ("localhost", "docker.io/library/localhost:latest"),
        ("docker.io", "docker.io/library/docker.io:latest"),
        ("mirror:5080/nginx", "mirror:5080/nginx:latest"),
        ("192.168.49.1:5080/x:Tag_1", "192.168.49.1:5080/x:Tag_1"),
        ("[::1]/x", "[::1]/x:latest"),
        ("[2001:DB8::1]:5080/x:1", "[2001:db8::1]:5080/x:1"),
        ("[::ffff:10.0.0.1]:5080/x", "[::ffff:10.0.0.1]:5080/x:latest"),
        ("a__b/c.d/e---f", "docker.io/a__b/c.d/e---f:latest"),
        ("localhost/" + "a" * 245, "localhost/" + "a" * 245 + ":latest"),
        ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128),
    ],
)
def test_a_name_has_one_canonical_spelling(text: str, canonical: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == canonical
    assert Reference.parse(canonical) == reference


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", ":", "@", "nginx:", "nginx@", ":1", f"@{SHA}", "/nginx", "nginx/", "a//b"),
        *("nginx\n", "nginx:1\n", f"nginx@{SHA}\n", "localhost:5080\n/nginx", "ngi\nnx", " nginx"),
        *("Nginx", "bitnami/Redis", "localhost/NGINX", "quay.io/A/b"),
        *(f"nginx:{FULLWIDTH_ONE}", f"nginx{FULLWIDTH_ONE}", f"localhost:{FULLWIDTH_ONE}/x"),
        *(f"nginx@sha256:{HEX.upper()}", f"nginx@{SHA}@{SHA}", "nginx@sha256:../../x", "a:1:2"),
        *("nginx:-1", "nginx:.1", "x:" + "t" * 129, "localhost/" + "a" * 246, "a" * 256),
        *("a..b", "a___b", "-a", "a-", "_a/b", ".a/b", "a/../b", "quay.io/../b", "a/.b", "a\\b"),
        *("localhost:/x", "localhost:123456/x", "localhost:a/x", "-a.io/x", "a-.io/x", "a..io/x"),
        *("::1/x", "[::1/x", "::1]/x", "[]/x", "[1]/x", "[::g]/x", "[::1]5080/x", "[::1%eth0]/x"),
        *("http://quay.io/x", "user@quay.io/x", "quay.io/x?y", "quay.io/x#y", "a b", "a\0", "é/x"),
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|longer than"):
        Reference.parse(text)


@pytest.mark.parametrize("judge", [is_repository, is_tag, is_host])
@pytest.mark.parametrize("text", ["a\n", "\na", "", FULLWIDTH_ONE, "a b", "a/", "é", "a\0"])
def test_names_that_come_by_url_are_judged_as_strictly(
    judge: Callable[[str], bool], text: str
) -> None:
    assert not judge(text)
    assert judge("a")


def test_each_part_of_a_name_has_its_own_limit() -> None:
    assert is_repository("a" * 255)
    assert not is_repository("a" * 256)
    assert is_tag("a" * 128)
    assert not is_tag("a" * 129)


def test_the_same_name_at_another_registry_keeps_tag_and_digest() -> None:
    moved = Reference.parse(f"k8s.gcr.io/pause:3.6@{SHA}").on("registry.k8s.io")
    assert moved == Reference("registry.k8s.io", "pause", "3.6", Digest(SHA))
    assert moved.name == "registry.k8s.io/pause"


def test_a_host_told_by_its_capital_alone_is_refused_for_its_small_spelling_is_no_host() -> None:
    with pytest.raises(ValueError, match="not an image name"):
        Reference.parse("Mirror/nginx:1")


def test_kubernetes_old_registry_is_another_name_for_its_new_one() -> None:
    old = Reference.parse(f"k8s.gcr.io/pause:3.6@{SHA}")
    assert str(old.canonical) == f"registry.k8s.io/pause:3.6@{SHA}"
    assert old.canonical.canonical == old.canonical
    assert Reference.parse("gcr.io/pause:3.6").canonical == Reference.parse("gcr.io/pause:3.6")
